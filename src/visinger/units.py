"""Units and their conversions: pitch, time and level.

Every quantity in the package carries its unit in its name; this module is the
only place where one unit becomes another.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

TICKS_PER_QUARTER = 480
SAMPLE_RATE_HZ = 24_000  # VISinger §3.1: recordings are down-sampled to 24 kHz
HOP_SAMPLES = 240  # 10 ms; docs/paper.md, "hop and window"
FRAMES_PER_SECOND = SAMPLE_RATE_HZ // HOP_SAMPLES


def round_half_up(value: Fraction | float) -> int:
    """The nearest integer, halves upwards: the one rounding rule of the time axis."""
    numerator, denominator = value.as_integer_ratio()  # exact, and much quicker than fractions are
    return (2 * numerator + denominator) // (2 * denominator)


def frame_at(seconds: Fraction | float) -> int:
    """The frame that an absolute time falls on; never add up rounded lengths instead."""
    numerator, denominator = seconds.as_integer_ratio()
    return (2 * FRAMES_PER_SECOND * numerator + denominator) // (2 * denominator)


def hz_from_midi(pitch_midi: ArrayLike) -> NDArray[np.float64]:
    """Equal temperament, A4 = MIDI 69 = 440 Hz."""
    return 440.0 * 2.0 ** ((np.asarray(pitch_midi, dtype=np.float64) - 69.0) / 12.0)


def midi_from_hz(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """Fractional MIDI pitch of positive frequencies."""
    return 69.0 + 12.0 * np.log2(np.asarray(frequency_hz, dtype=np.float64) / 440.0)


def cents_between(frequency_hz: ArrayLike, reference_hz: ArrayLike) -> NDArray[np.float64]:
    """Interval from the reference up to the frequency, in cents."""
    ratio = np.asarray(frequency_hz, dtype=np.float64) / np.asarray(reference_hz, dtype=np.float64)
    return 1200.0 * np.log2(ratio)


def gain_from_db(level_db: ArrayLike) -> NDArray[np.float64]:
    """Amplitude factor of a level in decibels."""
    return 10.0 ** (np.asarray(level_db, dtype=np.float64) / 20.0)
