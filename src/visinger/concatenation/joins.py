"""Time maps and joins: which analysis frame sounds when, and how one becomes the next.

Shapes: F frames of a unit · R rendered frames of 5 ms.

A unit's final is sung with its on-glide and its off-glide at (nearly) their own
speed and its nucleus lengthened; inside the nucleus the map wanders to and fro,
so that a held vowel is not a frozen one.
"""

import numpy as np
from numpy.typing import NDArray

NUCLEUS_HALF_FRAMES = 7  # 35 ms on each side of the nucleus
FADE_FRAMES = 5  # ± 25 ms of spectral cross-fade
WANDER_FRAMES = 4.0  # to and fro inside the nucleus


def lengthen(
    first: int, nucleus: int, last: int, rendered: int, *, rng: np.random.Generator | None = None
) -> NDArray[np.float64]:
    """Positions (R) in the unit, from `first` towards `last`, that hold the `nucleus`.

    Longer than the unit, the nucleus gets all of the spare time; shorter, what
    surrounds it is hurried as much as the nucleus is cut.
    """
    if rendered <= 0:
        return np.zeros(0)
    at = np.arange(rendered, dtype=np.float64)
    spare = rendered - (last - first)
    if spare <= 0:
        return first + (last - first) * at / rendered
    begin = max(nucleus - NUCLEUS_HALF_FRAMES, first)
    end = min(nucleus + NUCLEUS_HALF_FRAMES, last)
    held = end - begin + spare
    positions = np.interp(at, [0, begin - first, begin - first + held, rendered], [first, begin, end, last])
    return positions + _wander(at, begin - first, begin - first + held, rng)


def _wander(at: NDArray[np.float64], begin: float, end: float, rng: np.random.Generator | None) -> NDArray[np.float64]:
    """A slow irregular sway inside [begin, end), nothing at its ends."""
    if rng is None or end - begin < 20:
        return np.zeros_like(at)
    into = np.clip((at - begin) / (end - begin), 0, 1)
    rate = rng.uniform(0.010, 0.018, 2)  # of the frame rate: 2–3.6 Hz
    sway = np.sin(2 * np.pi * (rate[0] * at + rng.uniform())) + 0.6 * np.sin(2 * np.pi * (1.7 * rate[1] * at))
    return WANDER_FRAMES * sway / 1.6 * np.minimum(1, 6 * np.minimum(into, 1 - into))


def splice(wave: NDArray[np.float32], samples: int, *, keep_first: int, fade: int) -> NDArray[np.float32]:
    """A noise-like sound cut to `samples`: its start kept, its end kept, the middle taken out under a cross-fade.

    The two ends are uncorrelated noises, hence the cross-fade of equal power.
    """
    if samples >= len(wave):
        return wave
    head = min(keep_first, max(samples - fade, 0))
    overlap = min(fade, samples - head)
    if head == 0 or overlap <= 0:
        return wave[len(wave) - samples :]
    tail = wave[len(wave) - (samples - head) :]
    angle = 0.5 * np.pi * (np.arange(overlap) + 0.5) / overlap
    crossed = wave[head : head + overlap] * np.cos(angle) + tail[:overlap] * np.sin(angle)
    return np.concatenate([wave[:head], crossed, tail[overlap:]]).astype(np.float32)


def sample(track: NDArray[np.floating], positions: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows of a track (F, C) at fractional positions (R), linear in between, held at the ends."""
    clipped = np.clip(positions, 0, len(track) - 1)
    below = np.floor(clipped).astype(np.int64)
    above = np.minimum(below + 1, len(track) - 1)
    share = (clipped - below)[:, None].astype(np.float32)
    return track[below].astype(np.float32) * (1 - share) + track[above].astype(np.float32) * share


def cross_fade(track: NDArray[np.float32], joint: int, *, frames: int = FADE_FRAMES) -> None:
    """Soften a join of two voiced sounds at row `joint` of a log-spectral track (R, C), in place.

    On each side the track is drawn towards the mean of both edges; the weights
    meet at the join, so nothing jumps there.
    """
    left = min(frames, joint)
    right = min(frames, len(track) - joint)
    if left < 1 or right < 1:
        return
    edge = 0.5 * (track[joint - 1] + track[joint])
    towards = edge - track[joint - 1], edge - track[joint]
    rise = (0.5 - 0.5 * np.cos(np.pi * (np.arange(left) + 0.5) / left))[:, None].astype(np.float32)
    fall = (0.5 + 0.5 * np.cos(np.pi * (np.arange(right) + 0.5) / right))[:, None].astype(np.float32)
    track[joint - left : joint] += rise * towards[0]
    track[joint : joint + right] += fall * towards[1]
