"""The onset detector of the evaluation: *voicing onset*.

A sung vowel after an unvoiced consonant or a silence begins, for this detector,
where sustained voicing begins. It knows nothing of labels or scores; its bias
and spread are measured on real recordings and stand beside every figure made
with it. Where voicing does not stop before the boundary (after a vowel or a
nasal) there is no such onset, and it says so.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.signal import periodicity
from visinger.signal.level import rms_db

NAME = "voicing onset"
STEP_SECONDS = 0.0025
SUSTAINED_SECONDS = 0.04  # voiced for so long; a plosive's ring is shorter
PAUSE_SECONDS = 0.015  # unvoiced for so long before
LOWEST_HZ, HIGHEST_HZ = 90.0, 1000.0
VOICED_STRENGTH = 0.6
VOICED_DB = -30.0  # below the take's loud frames


def vowel_onsets(
    samples: ArrayLike, sample_rate_hz: int, near_seconds: ArrayLike, *, reach_seconds: float = 0.12
) -> NDArray[np.float64]:
    """The voicing onset nearest to each of `near_seconds` (K), in seconds (K), to 2.5 ms.

    NaN where no voicing starts within `reach_seconds`: a vowel after another
    voiced sound, a devoiced vowel, a note that was not sung.
    """
    starts = voicing_starts(samples, sample_rate_hz)
    near = np.asarray(near_seconds, dtype=np.float64)
    if not len(starts):
        return np.full(near.shape, np.nan)
    nearest = starts[np.abs(starts[None, :] - near[:, None]).argmin(axis=1)]
    return np.where(np.abs(nearest - near) <= reach_seconds, nearest, np.nan)


def voicing_starts(samples: ArrayLike, sample_rate_hz: int) -> NDArray[np.float64]:
    """All times (seconds, rising) at which sustained voicing starts after a pause of it."""
    hop = round(STEP_SECONDS * sample_rate_hz)
    found = periodicity.analyse(samples, sample_rate_hz, hop=hop, floor_hz=LOWEST_HZ, ceiling_hz=HIGHEST_HZ)
    if not len(found.peak):
        return np.zeros(0)
    level_db = rms_db(samples, hop=hop)
    loud = level_db > np.percentile(level_db, 95) + VOICED_DB
    voiced = (found.strength[:, 0] > VOICED_STRENGTH) & loud[: len(found.peak)]
    voiced = _without_runs(voiced, shorter_than=round(PAUSE_SECONDS / STEP_SECONDS), of=False)
    voiced = _without_runs(voiced, shorter_than=round(SUSTAINED_SECONDS / STEP_SECONDS), of=True)
    first = np.flatnonzero(voiced & ~np.concatenate([[False], voiced[:-1]]))
    return (first + 0.5) * hop / sample_rate_hz


def _without_runs(flags: NDArray[np.bool_], *, shorter_than: int, of: bool) -> NDArray[np.bool_]:
    """Flip the short runs of one value that lie between two runs of the other."""
    edges = np.flatnonzero(np.diff(flags)) + 1
    bounds = np.concatenate([[0], edges, [len(flags)]])
    mended = flags.copy()
    for begin, end in pairwise(bounds):
        at_an_edge = not of and (begin == 0 or end == len(flags))
        if flags[begin] == of and end - begin < shorter_than and not at_an_edge:
            mended[begin:end] = not of
    return mended
