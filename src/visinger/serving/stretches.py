"""Stretches of a song that sound independently, rendered alone with exactly the samples of the whole (VISinger §2.3.4).

Noise is keyed by the absolute frame, and the decoder starts afresh after every
rest and at every cut between (voices/rendering.py), so a stretch depends on the
phrases around it, on its place, and on nothing else: what was rendered once need
not be rendered again. Nor need a phrase's latent, which several stretches share.

Shapes: S samples.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.performance import Performance, PhrasePerformance
from visinger.voices.performing import BLEND_FRAMES
from visinger.voices.rendering import Engine, Latent, Part, decoded_part, latent_of, latents, levelled, parted, parts_of
from visinger.voices.voice import Voice

Block = NDArray[np.float32]
_SILENT_BLOCK_SAMPLES = 120_000
_JOINED_FRAMES = 3 * BLEND_FRAMES  # a join reaches so far, even across a phrase of a few frames


@dataclass(frozen=True)
class Stretch:
    """Consecutive frames of a song. `key` is a digest of all that makes their sound."""

    key: str
    start_frame: int
    frames: int
    part: Part | None  # None is silence
    phrases: tuple[PhrasePerformance, ...]  # that reach into what the decoder sees
    voice: bytes  # what of the voice makes the sound

    @property
    def silent(self) -> bool:
        return self.part is None

    def span(self, performance: Performance) -> tuple[int, int]:
        """Its first sample in the song and the one after its last."""
        hop = performance.hop_samples
        last = min((self.start_frame + self.frames) * hop, performance.samples)
        return min(self.start_frame * hop, last), last


def stretches_of(performance: Performance, voice: Voice, singer: str) -> tuple[Stretch, ...]:
    """The stretches of a performance in time order; they tile the song."""
    breaths: list[list[PhrasePerformance]] = []
    for performed in performance.phrases:
        before = breaths[-1][-1].phrase if breaths else None
        if before is None or before.silent != performed.phrase.silent or parted(before, performed.phrase):
            breaths.append([])
        breaths[-1].append(performed)
    song = _Song(performance, _identity(voice, singer), voice.description.context_frames)
    return tuple(stretch for breath in breaths for stretch in song.stretches(tuple(breath)))


def sound(stretch: Stretch, performance: Performance, voice: Voice, *, latent: Latent | None = None) -> Iterator[Block]:
    """The samples of one stretch, block by block; equal to that part of the song's."""
    first, last = stretch.span(performance)
    if stretch.part is None:
        for start in range(first, last, _SILENT_BLOCK_SAMPLES):
            yield np.zeros(min(_SILENT_BLOCK_SAMPLES, last - start), dtype=np.float32)
        return
    engine = Engine(voice.graphs, voice.vocabulary, voice.description, performance.seed, performance.noise_scale)
    blocks = levelled(
        decoded_part(engine, latents(engine, stretch.phrases, latent=latent), stretch.part),
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

    def get(self, key: str, *, counted: bool = True) -> Block | None:
        with self._lock:
            wave = self._kept.get(key)
            if wave is None:
                self.missed += counted
                return None
            self.found += counted
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
    for block in sound(stretch, performance, voice, latent=_remembering(rendered, stretch.voice)):
        blocks.append(block)
        yield block
    rendered.keep(stretch.key, np.concatenate(blocks or [np.zeros(0, np.float32)]))


def _remembering(rendered: Rendered, voice: bytes) -> Latent:
    """Latents of phrases, taken from what was made before where they are there."""

    def latent(engine: Engine, performed: PhrasePerformance) -> Block:
        digest = hashlib.blake2b(voice, digest_size=16)
        digest.update(repr(("latent", engine.seed, engine.noise_scale)).encode() + _digest(performed))
        z = rendered.get(digest.hexdigest(), counted=False)
        if z is None:
            z = latent_of(engine, performed)
            rendered.keep(digest.hexdigest(), z)
        return z.copy()  # joins are written into it

    return latent


@dataclass(frozen=True)
class _Song:
    performance: Performance
    identity: bytes
    context_frames: int

    def stretches(self, phrases: tuple[PhrasePerformance, ...]) -> Iterator[Stretch]:
        """The stretches of one breath, or of one silence."""
        start_frame = phrases[0].phrase.start_frame + phrases[0].phrase.kept.start
        f0_hz = np.concatenate([performed.f0_hz[performed.phrase.kept] for performed in phrases]).astype(np.float32)
        if phrases[0].phrase.silent:
            silence = Stretch("", start_frame, len(f0_hz), None, phrases, self.identity)
            begin, end = silence.span(self.performance)
            yield replace(silence, key=f"silence-{end - begin}")
            return
        digests = [_digest(performed) for performed in phrases]
        for part in parts_of(f0_hz, start_frame):
            yield self._stretch(part, phrases, digests)

    def _stretch(self, part: Part, phrases: tuple[PhrasePerformance, ...], digests: list[bytes]) -> Stretch:
        seen = part.seen(self.context_frames + _JOINED_FRAMES)
        near = [
            k
            for k, performed in enumerate(phrases)
            if performed.phrase.start_frame + performed.phrase.kept.start < seen.stop
            and performed.phrase.start_frame + performed.phrase.kept.stop > seen.start
        ]
        around = tuple(phrases[k] for k in near)
        stretch = Stretch("", part.start_frame, part.frames, part, around, self.identity)
        performance, hop = self.performance, self.performance.hop_samples
        begin, end = stretch.span(performance)
        seen = part.seen(self.context_frames)
        to_the_end = performance.samples - begin if end > performance.samples - hop else -1  # only there the song fades
        numbers = (part.start_frame, part.frames, seen.start, seen.stop, end - begin, to_the_end, hop)
        made = (part.begins, part.ends, performance.sample_rate_hz, performance.seed, performance.noise_scale)
        digest = hashlib.blake2b(self.identity, digest_size=16)
        digest.update(repr((numbers, made)).encode())
        first = max(part.start_frame - 1, 0)
        digest.update(performance.level_db[first : part.start_frame + part.frames + 1].tobytes())
        for k in near:
            digest.update(digests[k])
        return replace(stretch, key=digest.hexdigest())


def _digest(performed: PhrasePerformance) -> bytes:
    """Of all in a phrase that makes its sound."""
    phrase = performed.phrase
    place = (phrase.phonemes, phrase.start_frame, phrase.kept.start, phrase.kept.stop)
    digest = hashlib.blake2b(repr(place).encode(), digest_size=16)
    for array in (phrase.pitches, phrase.note_frames, performed.frames, performed.f0_hz):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.digest()


def _identity(voice: Voice, singer: str) -> bytes:
    """What of the voice makes its sound."""
    described = voice.description
    graphs = sorted((name, graph.sha256) for name, graph in described.graphs.items())
    return repr((graphs, described.gain, described.context_frames, singer)).encode()
