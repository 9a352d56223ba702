"""The score's dynamics as a level per frame.

Shapes: T frames.
"""

import numpy as np
from numpy.typing import NDArray

from visinger.score.score import LevelPoint, TempoMap
from visinger.units import FRAMES_PER_SECOND

STEP_FRAMES = 5  # 50 ms: a step of level takes that long, or it would click


def level_db(points: tuple[LevelPoint, ...], tempo_map: TempoMap, frames: int) -> NDArray[np.float64]:
    """(T) level in dB, 0 = mf, at the centre of each frame; straight between points, steps softened."""
    if not points or not frames:
        return np.zeros(frames)
    ordered = sorted(points, key=lambda point: point.tick)
    times = np.array([float(tempo_map.seconds(point.tick)) for point in ordered]) * FRAMES_PER_SECOND
    levels = np.array([point.level_db for point in ordered])
    centres = np.arange(-STEP_FRAMES, frames + STEP_FRAMES) + 0.5
    curve = np.interp(centres, times, levels)
    window = np.hanning(STEP_FRAMES + 2)[1:-1]
    softened = np.convolve(curve, window / window.sum(), mode="same")
    return softened[STEP_FRAMES : STEP_FRAMES + frames]
