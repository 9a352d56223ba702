"""F0: the pitch of a voice, frame by frame, by two trackers of different families.

Shapes: S samples · T frames, frame t centred on sample t × hop + hop / 2.

`track` (WORLD) makes the training targets of eq. 9 and the condition of the
frame prior network (VISinger §2.3.3). `track_independent` (autocorrelation
and a best path) shares nothing with it and is for evaluation alone: what one
tracker gets wrong the other does not confirm.
"""

from types import ModuleType

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.errors import VisingerError
from visinger.signal import periodicity
from visinger.signal.level import rms_db
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ

FLOOR_HZ, CEILING_HZ = 60.0, 1000.0
EDGE = 1.02  # both trackers look a third of a semitone beyond their range, so that its ends are inside
QUIETEST_DB = -45.0  # below the take's loud frames a voice is not heard as a pitch any more
LOVE_TRAIN = 0.85  # D4C's own voicing threshold
WHOLLY_APERIODIC = 0.999  # what D4C writes at 0 Hz into frames that it finds unvoiced
# Boersma (1993), but for the voicing threshold (0.45 there): sung consonants are noisier than speech in a booth
VOICING_STRENGTH, SILENT_PEAK = 0.5, 0.03
SWITCH_COST, JUMP_COST = 0.14, 0.35
SHORTEST_SECONDS = 0.05  # three periods of the floor; WORLD's filters need as much


def world() -> ModuleType:
    """The WORLD vocoder's Python module; refuses with the remedy where it is not installed."""
    try:
        import pyworld
    except ImportError as error:
        raise VisingerError("WORLD is not installed", remedy="pip install 'visinger[world]'") from error
    return pyworld


def track(
    samples: ArrayLike,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    *,
    floor_hz: float = FLOOR_HZ,
    ceiling_hz: float = CEILING_HZ,
    hop: int | None = None,
) -> NDArray[np.float64]:
    """F0 in Hz (T), 0 where unvoiced, T = S // hop (10 ms when None), by WORLD's DIO and StoneMask.

    DIO leaves consonants and breaths unvoiced more often than Harvest and is
    ten times as fast; D4C's voicing test ("love train") and the level take out
    what it still hears there. On vowels the two agree within a tenth of a cent.
    """
    vocoder = world()
    hop = sample_rate_hz * HOP_SAMPLES // SAMPLE_RATE_HZ if hop is None else hop
    signal = np.ascontiguousarray(samples, dtype=np.float64)
    count = len(signal) // hop
    if len(signal) < sample_rate_hz * SHORTEST_SECONDS:
        return np.zeros(count)
    # WORLD's frames lie at multiples of the period: at half our hop, the odd ones are our centres
    period_ms = 500.0 * hop / sample_rate_hz
    lowest_hz, highest_hz = floor_hz / EDGE, ceiling_hz * EDGE
    f0_hz, seconds = vocoder.dio(signal, sample_rate_hz, f0_floor=lowest_hz, f0_ceil=highest_hz, frame_period=period_ms)
    f0_hz = vocoder.stonemask(signal, f0_hz, seconds, sample_rate_hz)
    aperiodicity = vocoder.d4c(signal, f0_hz, seconds, sample_rate_hz, threshold=LOVE_TRAIN)
    f0_hz = np.where(aperiodicity[:, 0] > WHOLLY_APERIODIC, 0.0, f0_hz)[1::2][:count]
    f0_hz = np.pad(f0_hz, (0, count - len(f0_hz)))
    level_db = rms_db(signal, hop=hop)
    f0_hz[level_db < np.percentile(level_db, 95) + QUIETEST_DB] = 0.0
    return np.where((f0_hz < lowest_hz) | (f0_hz > highest_hz), 0.0, f0_hz)


def track_independent(
    samples: ArrayLike,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    *,
    floor_hz: float = FLOOR_HZ,
    ceiling_hz: float = CEILING_HZ,
    hop: int | None = None,
) -> NDArray[np.float64]:
    """F0 in Hz (T), 0 where unvoiced, on the same frames as `track`, by autocorrelation and a best path.

    Boersma's method (1993): of each frame's candidates, "unvoiced" among them,
    the sequence with the least jumps between strong ones.
    """
    hop = sample_rate_hz * HOP_SAMPLES // SAMPLE_RATE_HZ if hop is None else hop
    floor_hz, ceiling_hz = floor_hz / EDGE, ceiling_hz * EDGE
    found = periodicity.analyse(samples, sample_rate_hz, hop=hop, floor_hz=floor_hz, ceiling_hz=ceiling_hz)
    count = len(found.peak)
    if count == 0:
        return np.zeros(0)
    # state 0 is "unvoiced": the better the quieter the frame is
    silence = 2.0 - found.peak * (1 + VOICING_STRENGTH) / SILENT_PEAK
    unvoiced = VOICING_STRENGTH + np.maximum(silence, 0.0)
    octaves = np.log2(np.maximum(found.f0_hz, floor_hz) / ceiling_hz)
    merit = np.where(found.f0_hz > 0, found.strength + periodicity.OCTAVE_COST * octaves, -np.inf)
    merit = np.column_stack([unvoiced, merit])
    pitch = np.column_stack([np.zeros(count), octaves])
    voiced = np.arange(merit.shape[1]) > 0
    scale = 0.01 * sample_rate_hz / hop  # Boersma's costs are for steps of 10 ms
    switch = scale * SWITCH_COST * (voiced[:, None] != voiced[None, :])

    total, came_from = merit[0], np.zeros(merit.shape, dtype=np.int64)
    both = voiced[:, None] & voiced[None, :]
    for t in range(1, count):
        jump = np.where(both, scale * JUMP_COST * np.abs(pitch[t - 1][:, None] - pitch[t][None, :]), switch)
        arrivals = total[:, None] - jump
        came_from[t] = arrivals.argmax(axis=0)
        total = arrivals.max(axis=0) + merit[t]
    state = int(total.argmax())
    f0_hz = np.zeros(count)
    for t in range(count - 1, -1, -1):
        f0_hz[t] = found.f0_hz[t, state - 1] if state else 0.0
        state = int(came_from[t, state])
    return f0_hz
