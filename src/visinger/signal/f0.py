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
from visinger.signal.level import rms_db
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ

FLOOR_HZ, CEILING_HZ = 60.0, 1000.0
QUIETEST_DB = -45.0  # below the take's loud frames a voice is not heard as a pitch any more
LOVE_TRAIN = 0.85  # D4C's own voicing threshold
WHOLLY_APERIODIC = 0.999  # what D4C writes at 0 Hz into frames that it finds unvoiced
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
    f0_hz, seconds = vocoder.dio(signal, sample_rate_hz, f0_floor=floor_hz, f0_ceil=ceiling_hz, frame_period=period_ms)
    f0_hz = vocoder.stonemask(signal, f0_hz, seconds, sample_rate_hz)
    aperiodicity = vocoder.d4c(signal, f0_hz, seconds, sample_rate_hz, threshold=LOVE_TRAIN)
    f0_hz = np.where(aperiodicity[:, 0] > WHOLLY_APERIODIC, 0.0, f0_hz)[1::2][:count]
    f0_hz = np.pad(f0_hz, (0, count - len(f0_hz)))
    level_db = rms_db(signal, hop=hop)
    f0_hz[level_db < np.percentile(level_db, 95) + QUIETEST_DB] = 0.0
    return np.where((f0_hz < floor_hz) | (f0_hz > ceiling_hz), 0.0, f0_hz)
