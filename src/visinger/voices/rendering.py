"""From performances to sound: a stream of latents through one decoder that never stops (VISinger §2.3.4, §2.2).

The latent z is made phrase by phrase and cross-faded where a phrase was cut
inside a vowel. The decoder then runs over overlapping chunks with enough
context on either side to equal one pass over the whole breath; its phase is
carried in float64. Silent phrases cost nothing: those around them end and begin in rests.
Where phrases meet in a rest the decoder starts afresh, and a breath is parted at
its cuts (voices/cutting.py), where the phase starts anew: a part depends on the
phrases around it and on nothing else, and can be rendered alone.

Shapes: C latent channels · T frames · S samples, S = T × hop.
"""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.performance import PhrasePerformance
from visinger.phrasing.phrase import SILENCE, Phrase
from visinger.phrasing.regulation import owners
from visinger.phrasing.vocabulary import Vocabulary
from visinger.units import gain_from_db
from visinger.voices import noise
from visinger.voices.cutting import Cuts, all_cuts
from visinger.voices.description import VoiceDescription
from visinger.voices.graphs import VoiceGraphs
from visinger.voices.performing import BLEND_FRAMES, overlap_frames, rising

FIRST_CHUNK_FRAMES = 40  # a quick first sound
FIRST_PART_FRAMES = 100  # at least: the first chunk and more, sung before it is known where the first cut lies
CHUNK_FRAMES = 400  # of which the context on both sides is a seventh; shorter ones repeat more of it
SILENT_BLOCK_FRAMES = 500
FADE_SECONDS = 0.005  # at the song's end, and where singing meets silence
PARTING_FRAMES = 25  # of rest on both sides: about what the decoder sees beyond a chunk


@dataclass(frozen=True)
class Engine:
    """A voice's graphs with what they need to sing one song."""

    graphs: VoiceGraphs
    vocabulary: Vocabulary
    description: VoiceDescription
    seed: int
    noise_scale: float


@dataclass(frozen=True)
class Piece:
    """Consecutive frames of the song: a latent and its pitch, or silence."""

    first_frame: int
    z: NDArray[np.float32] | None  # (C, T); None is silence
    f0_hz: NDArray[np.float32]  # (T)
    afresh: bool = False  # what came before ended in a rest


Latent = Callable[[Engine, PhrasePerformance], NDArray[np.float32]]
"""z (C, T) of a phrase, an array of the caller's own."""


def parted(before: Phrase, after: Phrase) -> bool:
    """Whether two consecutive phrases sound independently: they meet in a rest, and neither reaches into the other."""
    if before.silent or after.silent:
        return before.silent != after.silent
    whole = before.kept.stop == before.frames and after.kept.start == 0
    rests = before.phonemes[-1] == SILENCE and after.phonemes[0] == SILENCE
    lengths = int(before.note_frames[-1]), int(after.note_frames[0])
    return whole and rests and min(lengths) >= PARTING_FRAMES


@dataclass(frozen=True)
class _Tail:
    """The frames around a phrase's cut, which wait for the phrase that comes: as many before it as after."""

    phrase: Phrase
    z: NDArray[np.float32]  # (C, 2 × waiting frames)
    f0_hz: NDArray[np.float32]  # (waiting frames)

    @classmethod
    def of(cls, phrase: Phrase, z: NDArray[np.float32], f0_hz: NDArray[np.float32]) -> "_Tail":
        """Never fewer frames than `overlap_frames` may ask for; none where the phrase was not cut in a sound."""
        kept = phrase.kept
        frames = min(phrase.frames - kept.stop, kept.stop - kept.start, BLEND_FRAMES)
        return cls(phrase, z[:, kept.stop - frames : kept.stop + frames], f0_hz[kept.stop - frames : kept.stop])

    @property
    def frames(self) -> int:
        return len(self.f0_hz)

    @property
    def first_frame(self) -> int:
        return int(self.phrase.start_frame + self.phrase.kept.stop - self.frames)

    def alone(self) -> Piece:
        """What was to be kept of them, when nothing is joined to it."""
        return Piece(self.first_frame, self.z[:, : self.frames], self.f0_hz)


def latents(
    engine: Engine, performances: Iterable[PhrasePerformance], *, latent: Latent | None = None
) -> Iterator[Piece]:
    """The song's kept frames in order, each once; joins inside a vowel cross-faded.

    Looks no phrase ahead: only the few frames before such a join wait for it.
    `latent` makes a phrase's z in another way, such as remembering it.
    """
    latent = latent or latent_of
    tail: _Tail | None = None
    last: Phrase | None = None
    for performance in performances:
        phrase, kept = performance.phrase, performance.phrase.kept
        f0_hz = performance.f0_hz.astype(np.float32)
        afresh, last = last is not None and parted(last, phrase), phrase
        if phrase.silent:
            if tail is not None:
                yield tail.alone()
                tail = None
            yield Piece(phrase.start_frame + kept.start, None, f0_hz[kept])
            continue
        z = latent(engine, performance)
        before, lead, lead_f0_hz = 0, z[:, :0], f0_hz[:0]
        if tail is not None:
            before, middle = overlap_frames(tail.phrase, phrase), tail.frames
            join = slice(kept.start - before, kept.start + before)
            weight = rising(before).astype(np.float32)
            z[:, join] = (1 - weight) * tail.z[:, middle - before : middle + before] + weight * z[:, join]
            lead, lead_f0_hz = tail.z[:, : middle - before], tail.f0_hz[: middle - before]
        tail = _Tail.of(phrase, z, f0_hz)
        ready = slice(kept.start - before, kept.stop - tail.frames)
        yield Piece(
            phrase.start_frame + ready.start - lead.shape[1],
            np.concatenate([lead, z[:, ready]], axis=1),
            np.concatenate([lead_f0_hz, f0_hz[ready]]),
            afresh,
        )
        tail = tail if tail.frames else None
    if tail is not None:
        yield tail.alone()


def latent_of(engine: Engine, performance: PhrasePerformance) -> NDArray[np.float32]:
    """Z (C, T) of a phrase, its noise taken from its place in the song."""
    phrase = performance.phrase
    ids = engine.vocabulary.ids(phrase.phonemes)
    text, _ = engine.graphs.rhythm(ids, phrase.pitches, phrase.note_frames)
    owner, position = owners(performance.frames)
    strayed = np.zeros((engine.description.latent_channels, phrase.frames), dtype=np.float32)
    if engine.noise_scale > 0:
        drawn = noise.normal(
            engine.seed, "latent", first_frame=phrase.start_frame, frames=phrase.frames, width=len(strayed)
        )
        strayed += np.float32(engine.noise_scale) * drawn.T
    return engine.graphs.prior(text, owner, position, performance.f0_hz.astype(np.float32), strayed)


class _Breath:
    """A run of sounding frames on its way through the decoder, chunk by chunk; every cut is a chunk's end."""

    def __init__(self, engine: Engine, first_frame: int) -> None:
        self._engine = engine
        self._first_frame = first_frame  # of the buffer
        self._z = np.zeros((engine.description.latent_channels, 0), dtype=np.float32)
        self._f0_hz = np.zeros(0, dtype=np.float32)
        self._sung = 0  # frames of the buffer that were given out
        self._phase = 0.0  # at the buffer's first frame
        self._fresh = True
        self._cuts = Cuts(first_frame, earliest=first_frame + FIRST_PART_FRAMES)

    @classmethod
    def part(cls, engine: Engine, part: "Part", piece: Piece) -> Iterator[NDArray[np.float32]]:
        """What lies between two cuts, alone; the piece holds the part with its context, as far as there is one."""
        if piece.z is None:
            raise ValueError("a part of a breath has a latent")
        breath = cls(engine, piece.first_frame)
        breath._z, breath._f0_hz = piece.z, piece.f0_hz
        breath._sung, breath._fresh = part.start_frame - piece.first_frame, part.begins
        left = part.frames
        while left > 0:
            frames = min(FIRST_CHUNK_FRAMES if breath._fresh else CHUNK_FRAMES, left)
            left -= frames
            yield breath._run(frames, ends=part.ends and left == 0)

    def add(self, piece: Piece) -> Iterator[NDArray[np.float32]]:
        """Take more frames; give the chunks whose context is now complete."""
        self._z = np.concatenate([self._z, piece.z], axis=1)
        self._f0_hz = np.concatenate([self._f0_hz, piece.f0_hz])
        self._cuts.add(piece.f0_hz)
        while (frames := self._next()) and self._sung + frames + self._context <= len(self._f0_hz):
            yield self._run(frames)

    def finish(self) -> Iterator[NDArray[np.float32]]:
        """Give what is left, faded out at its end."""
        self._cuts.finish()
        while (left := len(self._f0_hz) - self._sung) > 0:
            frames = min(self._next(), left)
            yield self._run(frames, ends=frames == left)

    @property
    def _context(self) -> int:
        return self._engine.description.context_frames

    @property
    def _fade_samples(self) -> int:
        described = self._engine.description
        return min(round(FADE_SECONDS * described.sample_rate_hz), described.hop_samples)

    def _next(self) -> int:
        """Frames to the next chunk's end; 0 while it is not known where the next cut lies."""
        if self._fresh:
            return FIRST_CHUNK_FRAMES
        place = self._first_frame + self._sung
        cut = self._cuts.after(place)
        if cut is not None:
            return min(cut - place, CHUNK_FRAMES)
        whole = self._cuts.known >= min(place + CHUNK_FRAMES, self._first_frame + len(self._f0_hz))
        return CHUNK_FRAMES if whole else 0

    def _run(self, frames: int, *, ends: bool = False) -> NDArray[np.float32]:
        """Decode the next frames with context on both sides; the buffer moves on."""
        described = self._engine.description
        hop = described.hop_samples
        last = min(self._sung + frames + self._context, len(self._f0_hz))
        white = np.zeros(0, dtype=np.float32)
        if described.excited:
            white = noise.normal(
                self._engine.seed, "source", first_frame=self._first_frame, frames=last, width=hop
            ).reshape(-1)
        z = np.ascontiguousarray(self._z[:, :last])
        wave, phases = self._engine.graphs.decoder(z, self._f0_hz[:last], self._phase, white)
        wave = wave[self._sung * hop : (self._sung + frames) * hop].copy()
        if self._fresh:
            wave[: self._fade_samples] *= np.linspace(0, 1, self._fade_samples, dtype=np.float32)
        if ends:
            wave[-self._fade_samples :] *= np.linspace(1, 0, self._fade_samples, dtype=np.float32)
        drop = max(self._sung + frames - self._context, 0)
        cut = self._first_frame + self._sung + frames in self._cuts.found
        self._phase = 0.0 if cut else float(phases[drop])
        self._z, self._f0_hz = self._z[:, drop:], self._f0_hz[drop:]
        self._first_frame += drop
        self._sung += frames - drop
        self._fresh = False
        return wave


def decoded(engine: Engine, pieces: Iterable[Piece]) -> Iterator[NDArray[np.float32]]:
    """Blocks of the wave in order, hop samples a frame."""
    hop = engine.description.hop_samples
    breath: _Breath | None = None
    for piece in pieces:
        if piece.z is not None:
            if breath is not None and piece.afresh:
                yield from breath.finish()
                breath = None
            breath = breath or _Breath(engine, piece.first_frame)
            yield from breath.add(piece)
            continue
        if breath is not None:
            yield from breath.finish()
            breath = None
        for first in range(0, len(piece.f0_hz), SILENT_BLOCK_FRAMES):
            count = min(SILENT_BLOCK_FRAMES, len(piece.f0_hz) - first)
            yield np.zeros(count * hop, dtype=np.float32)
    if breath is not None:
        yield from breath.finish()


@dataclass(frozen=True)
class Part:
    """What lies between two cuts of a breath, or between a cut and its end: it sounds without the rest."""

    start_frame: int
    frames: int
    breath: range  # the frames of the breath it is of

    @property
    def begins(self) -> bool:
        return self.start_frame == self.breath.start

    @property
    def ends(self) -> bool:
        return self.start_frame + self.frames == self.breath.stop

    def seen(self, context_frames: int) -> range:
        """The frames of the breath that the decoder looks at for this part."""
        first, last = self.start_frame - context_frames, self.start_frame + self.frames + context_frames
        return range(max(first, self.breath.start), min(last, self.breath.stop))


def parts_of(f0_hz: NDArray[np.float32], first_frame: int) -> tuple[Part, ...]:
    """The parts of a breath (T) that sound alone."""
    breath = range(first_frame, first_frame + len(f0_hz))
    cuts = all_cuts(f0_hz, first_frame, earliest=first_frame + FIRST_PART_FRAMES)
    edges = [breath.start, *cuts, breath.stop]
    return tuple(Part(start, stop - start, breath) for start, stop in itertools.pairwise(edges))


def decoded_part(engine: Engine, pieces: Iterable[Piece], part: Part) -> Iterator[NDArray[np.float32]]:
    """Blocks of one part's wave, as `decoded` gives them; the pieces are of the phrases around it."""
    every = list(pieces)
    seen = part.seen(engine.description.context_frames)
    place = slice(seen.start - every[0].first_frame, seen.stop - every[0].first_frame)
    z = np.concatenate([piece.z for piece in every if piece.z is not None], axis=1)[:, place]
    f0_hz = np.concatenate([piece.f0_hz for piece in every])[place]
    return _Breath.part(engine, part, Piece(seen.start, z, f0_hz))


def sound(
    engine: Engine, performances: Iterable[PhrasePerformance], *, samples: int, level_db: NDArray[np.float64]
) -> Iterator[NDArray[np.float32]]:
    """The wave of a whole song, block by block."""
    described = engine.description
    return levelled(
        decoded(engine, latents(engine, performances)),
        samples=samples,
        level_db=level_db,
        hop_samples=described.hop_samples,
        gain=described.gain,
    )


def levelled(
    blocks: Iterable[NDArray[np.float32]],
    *,
    samples: int,
    level_db: NDArray[np.float64],
    hop_samples: int,
    gain: float,
    first_sample: int = 0,
) -> Iterator[NDArray[np.float32]]:
    """Blocks at the score's level and the voice's gain, exactly `samples` in all, faded at the very end.

    The level moves in a straight line in decibels between the frames' centres.
    The first block begins at the song's `first_sample`.
    """
    done, fade = first_sample, min(hop_samples, samples)
    for raw in blocks:
        block = raw[: samples - done]
        if len(block) == 0:
            return
        place = np.arange(done, done + len(block))
        factor: NDArray[np.float64] | float = gain
        if len(level_db) and level_db.any():
            frame = (place + 0.5) / hop_samples - 0.5
            first = max(int(frame[0]), 0)
            near = level_db[first : int(frame[-1]) + 2]
            if len(near):
                factor = gain * gain_from_db(np.interp(frame, np.arange(first, first + len(near)), near))
            else:
                factor = gain * float(gain_from_db(level_db[-1]))
        factor = factor * np.clip((samples - place - 1) / fade, 0.0, 1.0)
        yield (block * factor).astype(np.float32)
        done += len(block)
    if done < samples:
        yield np.zeros(samples - done, dtype=np.float32)
