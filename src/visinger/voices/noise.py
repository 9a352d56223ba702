"""Noise keyed by seed and absolute frame, so that chunks, phrases and whole songs agree.

A counter-based generator (Philox) is wound to a frame's own place in the
stream; each frame spends a fixed number of its words, whatever was drawn before.

Shapes: T frames · K values a frame.
"""

from typing import Literal

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

Stream = Literal["latent", "source"]

_STREAM_KEYS = {"latent": 1, "source": 2}
_WORDS_A_STEP, _NORMALS_A_STEP = 4, 8  # a Philox step yields four 64-bit words, a word two normals
_BEFORE_THE_SONG = 1 << 32  # frames; context of a phrase may reach before frame 0


def normal(seed: int, stream: Stream, *, first_frame: int, frames: int, width: int) -> NDArray[np.float32]:
    """(T, K) standard normal values of `frames` frames from `first_frame` on, K = `width`."""
    steps = -(-width // _NORMALS_A_STEP)
    generator = Philox(key=np.array([seed % (1 << 64), _STREAM_KEYS[stream]], dtype=np.uint64))
    generator.advance((first_frame + _BEFORE_THE_SONG) * steps)
    words = generator.random_raw(frames * steps * _WORDS_A_STEP)
    # Box-Muller: unlike the faster rejection methods it always spends the same number of words
    scale = np.float32(2.0**-32)
    first = ((words & np.uint64(0xFFFFFFFF)).astype(np.float32) + np.float32(0.5)) * scale
    second = (words >> np.uint64(32)).astype(np.float32) * scale
    radius = np.sqrt(-2.0 * np.log(np.minimum(first, np.float32(1.0))))
    angle = np.float32(2.0 * np.pi) * second
    pairs = np.concatenate(
        [(radius * np.cos(angle)).reshape(frames, -1), (radius * np.sin(angle)).reshape(frames, -1)], axis=1
    )
    return np.ascontiguousarray(pairs[:, :width])
