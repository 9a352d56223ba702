"""Stretches of a song that sound independently, rendered alone with exactly the samples of the whole (VISinger §2.3.4).

Noise is keyed by the absolute frame and the decoder starts afresh after every
rest (voices/rendering.py), so a stretch depends on itself, on its place, and on
nothing else: what was rendered once need not be rendered again.

Shapes: S samples.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.performance import Performance, PhrasePerformance
from visinger.voices.rendering import Engine, decoded, latents, levelled, parted
from visinger.voices.voice import Voice

Block = NDArray[np.float32]
_SILENT_BLOCK_SAMPLES = 120_000


@dataclass(frozen=True)
class Stretch:
    """Consecutive phrases of a song. `key` is a digest of all that makes its sound."""

    key: str
    start_frame: int
    frames: int
    silent: bool
    phrases: tuple[PhrasePerformance, ...]

    def span(self, performance: Performance) -> tuple[int, int]:
        """Its first sample in the song and the one after its last."""
        hop = performance.hop_samples
        last = min((self.start_frame + self.frames) * hop, performance.samples)
        return min(self.start_frame * hop, last), last


def stretches_of(performance: Performance, voice: Voice, singer: str) -> tuple[Stretch, ...]:
    """The stretches of a performance in time order; they tile the song."""
    groups: list[list[PhrasePerformance]] = []
    for performed in performance.phrases:
        before = groups[-1][-1].phrase if groups else None
        if before is None or before.silent != performed.phrase.silent or parted(before, performed.phrase):
            groups.append([])
        groups[-1].append(performed)
    identity = _identity(voice, singer)
    return tuple(_stretch(tuple(group), performance, identity) for group in groups)


def sound(stretch: Stretch, performance: Performance, voice: Voice) -> Iterator[Block]:
    """The samples of one stretch, block by block; equal to that part of the song's."""
    first, last = stretch.span(performance)
    if stretch.silent:
        for start in range(first, last, _SILENT_BLOCK_SAMPLES):
            yield np.zeros(min(_SILENT_BLOCK_SAMPLES, last - start), dtype=np.float32)
        return
    engine = Engine(voice.graphs, voice.vocabulary, voice.description, performance.seed, performance.noise_scale)
    blocks = levelled(
        decoded(engine, latents(engine, stretch.phrases)),
        samples=performance.samples,
        level_db=performance.level_db,
        hop_samples=performance.hop_samples,
        gain=voice.description.gain,
        first_sample=first,
    )
    for block in blocks:
        yield block[: last - first]
        first += len(block)
        if first >= last:
            return


class Rendered:
    """Sound rendered already, by key; the least used makes room. Safe from several threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[str, Block] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0
        self.found = 0  # how often a stretch was here
        self.missed = 0

    def get(self, key: str) -> Block | None:
        with self._lock:
            wave = self._kept.get(key)
            if wave is None:
                self.missed += 1
                return None
            self.found += 1
            self._kept.move_to_end(key)
            return wave

    def keep(self, key: str, wave: Block) -> None:
        if wave.nbytes > self._most // 2:
            return  # it would put out everything else
        with self._lock:
            self.bytes += wave.nbytes - (self._kept[key].nbytes if key in self._kept else 0)
            self._kept[key] = wave
            self._kept.move_to_end(key)
            while self.bytes > self._most:
                self.bytes -= self._kept.popitem(last=False)[1].nbytes


def sound_kept(stretch: Stretch, performance: Performance, voice: Voice, rendered: Rendered) -> Iterator[Block]:
    """`sound`, taken from what was rendered before where it is there, and kept where it was not."""
    if stretch.silent:
        yield from sound(stretch, performance, voice)
        return
    wave = rendered.get(stretch.key)
    if wave is not None:
        yield wave
        return
    blocks = []
    for block in sound(stretch, performance, voice):
        blocks.append(block)
        yield block
    rendered.keep(stretch.key, np.concatenate(blocks or [np.zeros(0, np.float32)]))


def _stretch(phrases: tuple[PhrasePerformance, ...], performance: Performance, identity: bytes) -> Stretch:
    first, last = phrases[0].phrase, phrases[-1].phrase
    start_frame = first.start_frame + first.kept.start
    frames = last.start_frame + last.kept.stop - start_frame
    stretch = Stretch("", start_frame, frames, first.silent, phrases)
    begin, end = stretch.span(performance)
    if first.silent:
        return Stretch(f"silence-{end - begin}", start_frame, frames, True, phrases)
    digest = hashlib.blake2b(identity, digest_size=16)
    hop = performance.hop_samples
    to_the_end = performance.samples - begin if end > performance.samples - hop else -1  # only there the song fades
    numbers = (start_frame, frames, end - begin, to_the_end, hop, performance.sample_rate_hz, performance.seed)
    digest.update(repr((*numbers, performance.noise_scale)).encode())
    digest.update(performance.level_db[max(start_frame - 1, 0) : start_frame + frames + 1].tobytes())
    for performed in phrases:
        phrase = performed.phrase
        digest.update(repr((phrase.phonemes, phrase.start_frame, phrase.kept.start, phrase.kept.stop)).encode())
        for array in (phrase.pitches, phrase.note_frames, performed.frames, performed.f0_hz):
            digest.update(np.ascontiguousarray(array).tobytes())
    return Stretch(digest.hexdigest(), start_frame, frames, False, phrases)


def _identity(voice: Voice, singer: str) -> bytes:
    """What of the voice makes its sound."""
    described = voice.description
    graphs = sorted((name, graph.sha256) for name, graph in described.graphs.items())
    return repr((graphs, described.gain, described.context_frames, singer)).encode()
