"""Chance keyed by the song, not by the phrase: a note draws the same values wherever the song is cut."""

import numpy as np
from numpy.typing import NDArray

DURATION, PITCH, RECORDING, DRIFT, LEVEL, LOUDNESS = range(6)  # what is drawn, so that the draws are independent
_BLOCK = 100


def of_note(seed: int, note: int, purpose: int) -> np.random.Generator:
    """The generator of one note of the song."""
    return np.random.default_rng([abs(seed), abs(note), purpose])


def noise(seed: int, first_frame: int, count: int, purpose: int) -> NDArray[np.float64]:
    """White Gaussian noise, a value (`count`) for each frame of the song from `first_frame` on."""
    first, last = first_frame // _BLOCK, (first_frame + count) // _BLOCK + 1
    # blocks before the song's start have odd keys, the others even ones
    keys = (2 * block if block >= 0 else -2 * block - 1 for block in range(first, last))
    blocks = [np.random.default_rng([abs(seed), key, purpose]).normal(size=_BLOCK) for key in keys]
    offset = first_frame - first * _BLOCK
    return np.concatenate(blocks)[offset : offset + count]
