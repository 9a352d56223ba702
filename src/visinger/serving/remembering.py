"""Graphs that remember: after an edit only the phrases that it touched are thought of again.

Durations and pitch of a phrase depend on nothing but the phrase, so their
results are kept by the digest of what went in. Prior and decoder, whose results
are large and seldom asked for twice, are run each time.

Shapes: N phonemes · T frames · H hidden · C latent channels · S samples.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from visinger.voices.graphs import VoiceGraphs

Pair = tuple[NDArray[np.float32], NDArray[np.float32]]
MOST_BYTES = 32 * 2**20


class Memory:
    """Pairs of arrays by key; the least used make room. Safe from several threads."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[bytes, Pair] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def recall(self, key: bytes, made: Callable[[], Pair]) -> Pair:
        """What is kept under a key, made first where it is not; nobody may write into it."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        pair = made()
        for array in pair:
            array.flags.writeable = False
        with self._lock:
            if key not in self._kept:
                self._kept[key] = pair
                self._bytes += _size(pair)
            while self._bytes > self._most:
                self._bytes -= _size(self._kept.popitem(last=False)[1])
        return pair


class RememberingGraphs(VoiceGraphs):
    """A voice's graphs with a memory; the results are the same."""

    def __init__(self, within: VoiceGraphs, memory: Memory, *, singer: int | None = None) -> None:
        self._within = within
        self._memory = memory
        self._who = repr(singer).encode()

    def for_singer(self, singer: int) -> "RememberingGraphs":
        return RememberingGraphs(self._within.for_singer(singer), self._memory, singer=singer)

    def rhythm(self, phonemes: NDArray[np.int64], pitches: NDArray[np.int64], note_frames: NDArray[np.int64]) -> Pair:
        key = self._digest(b"rhythm", phonemes, pitches, note_frames)
        return self._memory.recall(key, lambda: self._within.rhythm(phonemes, pitches, note_frames))

    def intonation(
        self,
        text: NDArray[np.float32],
        owner: NDArray[np.int64],
        position: NDArray[np.float32],
        note_log_f0: NDArray[np.float32],
    ) -> Pair:
        key = self._digest(b"intonation", text, owner, position, note_log_f0)
        return self._memory.recall(key, lambda: self._within.intonation(text, owner, position, note_log_f0))

    def prior(
        self,
        text: NDArray[np.float32],
        owner: NDArray[np.int64],
        position: NDArray[np.float32],
        f0_hz: NDArray[np.float32],
        noise: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        return self._within.prior(text, owner, position, f0_hz, noise)

    def decoder(
        self, z: NDArray[np.float32], f0_hz: NDArray[np.float32], start_phase: float, noise: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        return self._within.decoder(z, f0_hz, start_phase, noise)

    def _digest(self, graph: bytes, *arrays: NDArray[np.generic]) -> bytes:
        digest = hashlib.blake2b(graph + self._who, digest_size=16)
        for array in arrays:
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.digest()


def _size(pair: Pair) -> int:
    return sum(array.nbytes for array in pair)
