"""The health of a sound: clicks, direct current, loudness, brightness.

Shapes: S samples.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.signal.loudness import lufs
from visinger.units import SAMPLE_RATE_HZ

SILENT_DB = -120.0
BRIGHT_FROM_HZ = 8_000.0
CLICK_RISE_DB = 24.0
CLICK_FLOOR_DB = -55.0
_CLICK_BLOCK_SECONDS = 0.0005
_CLICK_AROUND_BLOCKS = 8  # 4 ms on either side


@dataclass(frozen=True)
class Health:
    """What a wave must not have, and how loud and bright it is."""

    clicks: int
    dc_db: float  # |mean| below full scale
    loudness_lufs: float
    peak_db: float
    clipped_samples: int  # at or beyond full scale
    above_8khz_db: float  # power above 8 kHz over all power


def _db(power: float) -> float:
    return float(10 * np.log10(max(power, 10 ** (SILENT_DB / 10))))


def above_hz_db(samples: ArrayLike, *, from_hz: float = BRIGHT_FROM_HZ, sample_rate_hz: int = SAMPLE_RATE_HZ) -> float:
    """Power above `from_hz` over the whole power, in dB (0 = all of it); −120 when there is none."""
    signal = np.asarray(samples, np.float64)
    power = np.square(np.abs(np.fft.rfft(signal)))
    power[1:-1] *= 2
    whole = float(power.sum())
    if whole <= 0:
        return SILENT_DB
    bins_hz = np.fft.rfftfreq(len(signal), 1 / sample_rate_hz)
    return _db(float(power[bins_hz >= from_hz].sum()) / whole)


def clicks(samples: ArrayLike, *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> NDArray[np.int64]:
    """Where (sample indices) a click is heard: half a millisecond that stands alone.

    The third difference of the wave keeps what jumps. A block of 0.5 ms in
    which its peak is louder than −55 dB and 24 dB above the peaks of both the
    4 ms before and the 4 ms after is a click. A consonant's burst is louder
    than what precedes it but not than what follows; a glottal pulse returns.
    """
    signal = np.asarray(samples, np.float64)
    jump = np.abs(np.diff(signal, n=3)) / 8  # gain 1 at the highest frequency
    size = max(round(_CLICK_BLOCK_SECONDS * sample_rate_hz), 1)
    count = len(jump) // size
    if count < 2 * _CLICK_AROUND_BLOCKS + 3:
        return np.zeros(0, np.int64)
    peaks = jump[: count * size].reshape(count, size).max(axis=1)
    around = np.lib.stride_tricks.sliding_window_view(peaks, _CLICK_AROUND_BLOCKS).max(axis=1)
    first, last = _CLICK_AROUND_BLOCKS + 1, count - _CLICK_AROUND_BLOCKS - 1
    here = np.arange(first, last)
    # one block of distance on either side: a click may straddle two blocks
    before, after = around[here - _CLICK_AROUND_BLOCKS - 1], around[here + 2]
    quiet = np.maximum(before, after)
    rise = 10 ** (CLICK_RISE_DB / 20)
    found = here[(peaks[here] > 10 ** (CLICK_FLOOR_DB / 20)) & (peaks[here] > rise * quiet)]
    alone = found[np.diff(found, prepend=-9) > 1]
    return alone * size


def examine(samples: ArrayLike, *, sample_rate_hz: int = SAMPLE_RATE_HZ) -> Health:
    """Look a wave over."""
    signal = np.asarray(samples, np.float64)
    if not np.isfinite(signal).all():
        raise ValueError("a sample is not a number")
    return Health(
        clicks=len(clicks(signal, sample_rate_hz=sample_rate_hz)),
        dc_db=_db(float(signal.mean()) ** 2) if len(signal) else SILENT_DB,
        loudness_lufs=lufs(signal, sample_rate_hz) if len(signal) else -np.inf,
        peak_db=_db(float(np.abs(signal).max(initial=0.0)) ** 2),
        clipped_samples=int(np.count_nonzero(np.abs(signal) >= 1.0)),
        above_8khz_db=above_hz_db(signal, sample_rate_hz=sample_rate_hz) if len(signal) else SILENT_DB,
    )
