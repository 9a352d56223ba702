"""Two clocks: VOICEVOX' clients count 93.75 frames a second, our voices 100.

The editor would follow any rate that the manifest names, OpenUtau's client has
93.75 written into it; so that is the rate on the wire, for both. Boundaries are
carried from one clock to the other, never lengths: an error stays under half a
frame at the end of any song, and a boundary that comes from the wire goes back to
the same frame.

Shapes: T frames of ours · W frames on the wire.
"""

from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.units import FRAMES_PER_SECOND, round_half_up

WIRE_FRAMES_PER_SECOND = Fraction(375, 4)
_OURS_PER_WIRE = FRAMES_PER_SECOND / WIRE_FRAMES_PER_SECOND  # 16/15: no two boundaries of the wire fall together


def our_frames(boundaries: ArrayLike) -> NDArray[np.int64]:
    """The frames of ours nearest to boundaries of the wire, halves upwards."""
    return _scaled(boundaries, _OURS_PER_WIRE)


def wire_frames(boundaries: ArrayLike) -> NDArray[np.int64]:
    """The wire's frames nearest to boundaries of ours, halves upwards."""
    return _scaled(boundaries, 1 / _OURS_PER_WIRE)


def frames_to_hold(wire: int) -> int:
    """T: as many frames of ours as `wire` frames last, the last one begun."""
    return -int(-(wire * _OURS_PER_WIRE) // 1)


def samples_of(wire: int, sample_rate_hz: int) -> int:
    """How many samples `wire` frames last: 256 each at 24 kHz."""
    return round_half_up(wire * sample_rate_hz / WIRE_FRAMES_PER_SECOND)


def on_our_clock(values: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """(T) a curve (W) of the wire at the centres of our frames: straight lines, its ends hold."""
    return _carried(values, frames, float(1 / _OURS_PER_WIRE))


def on_the_wire(values: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """(W) a curve (T) of ours at the centres of the wire's frames: straight lines, its ends hold."""
    return _carried(values, frames, float(_OURS_PER_WIRE))


def pitch_on_our_clock(f0_hz: NDArray[np.float64], frames: int) -> NDArray[np.float64]:
    """(T) a pitch curve (W) in Hz, straight on the log scale; where the nearer frame is unvoiced (0) so is ours."""
    voiced = np.flatnonzero(f0_hz > 0)
    if not len(voiced):
        return np.zeros(frames)
    logs: NDArray[np.float64] = np.interp(np.arange(len(f0_hz)), voiced, np.log(f0_hz[voiced]))
    nearest = np.round(_places(frames, float(1 / _OURS_PER_WIRE))).astype(np.int64).clip(0, len(f0_hz) - 1)
    curve: NDArray[np.float64] = np.where(f0_hz[nearest] > 0, np.exp(on_our_clock(logs, frames)), 0.0)
    return curve


def _scaled(boundaries: ArrayLike, factor: Fraction) -> NDArray[np.int64]:
    doubled = 2 * factor.numerator * np.asarray(boundaries, dtype=np.int64) + factor.denominator
    scaled: NDArray[np.int64] = doubled // (2 * factor.denominator)
    return scaled


def _places(frames: int, step: float) -> NDArray[np.float64]:
    """(frames) where the centres of frames lie among those of another clock, `step` of which last one."""
    places: NDArray[np.float64] = (np.arange(frames, dtype=np.float64) + 0.5) * step - 0.5
    return places


def _carried(values: NDArray[np.float64], frames: int, step: float) -> NDArray[np.float64]:
    if not len(values):
        return np.zeros(frames)
    return np.asarray(np.interp(_places(frames, step), np.arange(len(values)), values))
