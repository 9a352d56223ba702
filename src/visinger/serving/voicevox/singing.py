"""What the singing endpoints do, without HTTP: notes to a query, its pitch and volume, a query to sound.

The query's times are the voice's own performance of the score: vowels on the
notes' frames, consonants in the time of the note before. Its pitch goes on
through consonants and pauses, because the editors draw and take logarithms of
it; where the voice does not sing (voicing is its own business) the pitch is not
heard. Its volume is a factor on the voice's own level: 1 wherever there is
something to hear, 0 in the depth of a pause.

Shapes: M phonemes on the wire · T frames of ours · W frames on the wire.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from visinger.audio import Wave
from visinger.errors import ScoreError, VisingerError
from visinger.phrasing.performance import Performance, PhrasePerformance
from visinger.phrasing.phrase import SILENCE, Phrase
from visinger.phrasing.regulation import owners
from visinger.phrasing.sounds import PAUSES, Sound, performed_sounds, written_sounds
from visinger.phrasing.spelling import slot_table
from visinger.score.score import Note, Part, Score, Tempo, TempoMap
from visinger.serving.voicevox.clocks import (
    WIRE_FRAMES_PER_SECOND,
    on_our_clock,
    on_the_wire,
    pitch_on_our_clock,
    samples_of,
    wire_frames,
)
from visinger.serving.voicevox.lines import Line, WirePhoneme, heard_pitches, line_of
from visinger.serving.voicevox.names import PAUSE, joined
from visinger.units import TICKS_PER_QUARTER, hz_from_midi
from visinger.voices.performing import (
    HIGHEST_HZ,
    LOWEST_HZ,
    NEUTRAL_MIDI,
    VOICED_FROM,
    note_log_f0,
    overlap_frames,
    rising,
)
from visinger.voices.voice import Voice

SEED = 0  # the same query sounds the same
_RINGING_FRAMES = 10  # of ours: what a pause still hears of the sound beside it
_SILENT_DB = -120.0
_BPM_OF_A_FRAME_A_TICK = Fraction(60, TICKS_PER_QUARTER) * WIRE_FRAMES_PER_SECOND

Made = TypeVar("Made")


@dataclass(frozen=True)
class WireNote:
    """A note or, without a lyric, a rest, in frames of the wire."""

    frames: int
    key: int | None = None  # MIDI
    lyric: str = ""
    id: str | None = None

    @property
    def rests(self) -> bool:
        return not self.lyric


@dataclass(frozen=True)
class Query:
    """All that is needed to make the sound."""

    phonemes: tuple[WirePhoneme, ...]  # (M)
    f0_hz: NDArray[np.float64]  # (W)
    volume: NDArray[np.float64]  # (W)


class WireSinger:
    """A voice that sings what VOICEVOX' clients ask for."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice

    def query(self, notes: Sequence[WireNote]) -> Query:
        """How the voice means to sing the notes. Raises VisingerError where it cannot."""
        score = _score(notes, self.voice.language)
        if not score.parts[0].notes:
            phonemes = tuple(WirePhoneme(PAUSE, note.frames, note.id) for note in notes)
        else:
            performance = _placed(lambda: self.voice.perform(score, seed=SEED))
            phonemes = _timed(notes, performed_sounds(performance), self.voice.language)
        expected = self._expected(notes)
        if len(expected) > _length(phonemes) or [name for name, _ in expected] != [p.name for p in phonemes]:
            raise ScoreError("the notes are too short for their phonemes", where="notes", remedy="make them longer")
        f0_hz, volume = self._curves(phonemes, _pitches(notes, expected))
        return Query(phonemes, f0_hz, volume)

    def f0(self, notes: Sequence[WireNote], phonemes: Sequence[WirePhoneme]) -> NDArray[np.float64]:
        """(W) the pitch for notes whose phonemes were moved."""
        return self._curves(phonemes, self._checked_pitches(notes, phonemes))[0]

    def volume(self, notes: Sequence[WireNote], phonemes: Sequence[WirePhoneme]) -> NDArray[np.float64]:
        """(W) the volume for notes whose phonemes were moved."""
        pitches = self._checked_pitches(notes, phonemes)
        line = line_of(phonemes, self.voice.vocabulary, self.voice.language, pitches=pitches)
        return on_the_wire(_loudness(line), _length(phonemes))

    def sound(self, query: Query, *, volume_scale: float = 1.0) -> Wave:
        """The query's sound, 256 samples a frame at 24 kHz."""
        voice, length = self.voice, _length(query.phonemes)
        drawn = np.where(query.f0_hz > 0, np.clip(query.f0_hz, LOWEST_HZ, HIGHEST_HZ), 0.0)
        heard = heard_pitches(query.phonemes, drawn)
        line = line_of(query.phonemes, voice.vocabulary, voice.language, pitches=heard)
        frames = line.table.frames
        gain = on_our_clock(query.volume, frames) * volume_scale
        level_db = 20 * np.log10(np.maximum(gain, 10 ** (_SILENT_DB / 20)))
        performances = tuple(self._sung(line, pitch_on_our_clock(drawn, frames)))
        return voice.render(
            Performance(
                phrases=performances,
                samples=samples_of(length, voice.sample_rate_hz),
                level_db=level_db,
                seed=SEED,
                noise_scale=voice.description.noise_scale,
                sample_rate_hz=voice.sample_rate_hz,
                hop_samples=voice.hop_samples,
            )
        )

    def _sung(self, line: Line, f0_hz: NDArray[np.float64]) -> list[PhrasePerformance]:
        """The line's phrases on a pitch curve (T), silent where the voice does not voice it."""
        sung: list[PhrasePerformance] = []
        for phrase, frames, places in line.phrases():
            within = f0_hz[phrase.start_frame : phrase.start_frame + phrase.frames]
            _, voiced = self._intoned(phrase, frames)
            devoiced = np.repeat(line.devoiced[places], frames)
            sung.append(PhrasePerformance(phrase, frames, np.where(voiced & ~devoiced, within, 0.0)))
        return sung

    def _intoned(self, phrase: Phrase, frames: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """(T) log-F0 and whether it is voiced, of a phrase whose phonemes have their lengths (eq. 9)."""
        if phrase.silent:
            return np.full(phrase.frames, np.nan), np.zeros(phrase.frames, dtype=bool)
        graphs = self.voice.graphs
        text, _ = graphs.rhythm(self.voice.vocabulary.ids(phrase.phonemes), phrase.pitches, phrase.note_frames)
        owner, position = owners(frames)
        log_f0, voicing = graphs.intonation(text, owner, position, note_log_f0(phrase.pitches)[owner])
        pauses = np.repeat([symbol in PAUSES for symbol in phrase.phonemes], frames)
        return np.where(pauses, np.nan, log_f0.astype(np.float64)), voicing >= VOICED_FROM

    def _joined(self, line: Line) -> NDArray[np.float64]:
        """(T) log-F0, NaN in pauses; cross-faded where a phrase was cut inside a vowel."""
        whole = np.full(line.table.frames, np.nan)
        before: tuple[Phrase, NDArray[np.float64]] | None = None
        for phrase, frames, _ in line.phrases():
            own, _ = self._intoned(phrase, frames)
            start = phrase.start_frame + phrase.kept.start
            whole[start : phrase.start_frame + phrase.kept.stop] = own[phrase.kept]
            reach = overlap_frames(before[0], phrase) if before is not None else 0
            if before is not None and reach:
                old, new = (
                    curve[start - reach - each.start_frame : start + reach - each.start_frame]
                    for each, curve in (before, (phrase, own))
                )
                mixed = old + rising(reach) * (new - old)
                join = slice(start - reach, start + reach)
                whole[join] = np.where(np.isnan(mixed), whole[join], mixed)
            before = (phrase, own)
        return whole

    def _curves(
        self, phonemes: Sequence[WirePhoneme], pitches: Sequence[float]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """(W) pitch and volume; a pause leads the pitch from the sound before it to the one after."""
        line = line_of(phonemes, self.voice.vocabulary, self.voice.language, pitches=pitches)
        log_f0 = self._joined(line)
        known = np.flatnonzero(~np.isnan(log_f0))
        if len(known):
            log_f0 = np.interp(np.arange(len(log_f0)), known, log_f0[known])
        else:
            log_f0 = np.full(len(log_f0), float(np.log(hz_from_midi(NEUTRAL_MIDI))))
        length = _length(phonemes)
        f0_hz = np.exp(on_the_wire(np.clip(log_f0, np.log(LOWEST_HZ), np.log(HIGHEST_HZ)), length))
        return f0_hz, on_the_wire(_loudness(line), length)

    def _expected(self, notes: Sequence[WireNote]) -> list[tuple[str, int]]:
        """The names of the phonemes that the notes ask for, each with its note's position."""
        score = _score(notes, self.voice.language)
        spelled: list[Sound] = []
        if score.parts[0].notes:
            table = _placed(lambda: slot_table(score, language=self.voice.language)[0])
            spelled = [sound for sound in written_sounds(table) if sound.symbol not in PAUSES]
        return [(name, note) for name, note, _ in _named(notes, spelled, self.voice.language)]

    def _checked_pitches(self, notes: Sequence[WireNote], phonemes: Sequence[WirePhoneme]) -> list[float]:
        """(M) the notes' pitches, if the phonemes are those of the notes."""
        expected = self._expected(notes)
        if [name for name, _ in expected] != [phoneme.name for phoneme in phonemes]:
            raise ScoreError("the query's phonemes are not those of the score", remedy="ask for a query of this score")
        return _pitches(notes, expected)


def _length(phonemes: Sequence[WirePhoneme]) -> int:
    """W."""
    return sum(phoneme.frames for phoneme in phonemes)


def _pitches(notes: Sequence[WireNote], named: Sequence[tuple[str, int]]) -> list[float]:
    return [float(notes[note].key or 0) for _, note in named]


def _score(notes: Sequence[WireNote], language: str) -> Score:
    """The notes as a score of one tick a frame; its notes' bars are their positions among all, counted from 0."""
    sung: list[Note] = []
    tick = 0
    for k, note in enumerate(notes):
        if not note.rests:
            sung.append(Note(tick, note.frames, note.key or 0, note.lyric, bar=str(k)))
        tick += note.frames
    tempo_map = TempoMap((Tempo(0, _BPM_OF_A_FRAME_A_TICK),))
    return Score((Part("song", tuple(sung)),), tempo_map, length_ticks=tick, language=language)


def _placed(make: Callable[[], Made]) -> Made:
    """What `make` gives; an error's place is told as the request's note, not as a bar."""
    try:
        return make()
    except VisingerError as error:
        told = re.search(r"bar (\d+)", error.where)
        where = f"notes[{told[1]}]" if told else "notes"
        raise ScoreError(error.problem, where=where, remedy=error.remedy) from error


def _named(notes: Sequence[WireNote], sounds: Sequence[Sound], language: str) -> list[tuple[str, int, int | None]]:
    """The wire's phonemes of the notes, each with its note's position and where our sound starts; a rest is a pause."""
    of_note: dict[int, list[Sound]] = {}
    for sound in sounds:
        of_note.setdefault(sound.note, []).append(sound)
    named: list[tuple[str, int, int | None]] = []
    sung = 0
    for k, note in enumerate(notes):
        if note.rests:
            named.append((PAUSE, k, None))
            continue
        own = of_note.get(sung, [])
        sung += 1
        at = 0
        for name, count in joined([sound.symbol for sound in own], language):
            named.append((name, k, own[at].start_frame))
            at += count
    return named


def _timed(notes: Sequence[WireNote], sounds: Sequence[Sound], language: str) -> tuple[WirePhoneme, ...]:
    """(M) the phonemes as they were performed, on the wire's frames, W in all and one each at least."""
    named = _named(notes, [sound for sound in sounds if sound.symbol not in PAUSES], language)
    ends = np.cumsum([note.frames for note in notes])
    note_starts = ends - [note.frames for note in notes]
    starts = [int(note_starts[k]) if own is None else int(wire_frames(own)) for _, k, own in named]
    bounds = _apart(np.array([0, *starts[1:], ends[-1]]))
    return tuple(
        WirePhoneme(name, frames, notes[k].id)
        for (name, k, _), frames in zip(named, np.diff(bounds).tolist(), strict=True)
    )


def _apart(bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Boundaries a frame apart at least: the one that comes too late gives way, and the last stays.

    Two of ours that fall on one frame of the wire are consonants of 10 ms; vowels are whole notes there.
    """
    index = np.arange(len(bounds))
    apart: NDArray[np.int64] = np.minimum.accumulate((bounds - index)[::-1])[::-1] + index
    return np.maximum(apart, index)


def _loudness(line: Line) -> NDArray[np.float64]:
    """(T) 1 wherever there is something to hear, a breath or what rings on into a pause; 0 elsewhere."""
    sounding = np.repeat([symbol != SILENCE for symbol in line.table.phonemes], line.frames)
    heard = np.convolve(sounding.astype(np.float64), np.ones(2 * _RINGING_FRAMES + 1), mode="same") > 0.5
    return heard[: len(sounding)].astype(np.float64)
