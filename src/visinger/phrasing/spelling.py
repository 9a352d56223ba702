"""From a score to phrases: words onto notes, notes onto the frame grid (VISinger §2.3.1).

`line.py` says how a line is sung where the score leaves it open.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visinger import language as languages
from visinger.errors import LyricError, ScoreError, at_bar
from visinger.language import Dictionary, SpellingError, Syllable
from visinger.phrasing import line
from visinger.phrasing.cutting import cut_as_laid
from visinger.phrasing.dynamics import level_db
from visinger.phrasing.phrase import BREATH, SILENCE, Phrase
from visinger.phrasing.slots import Slot, SlotTable
from visinger.score.score import LONGEST_SCORE_SECONDS, Part, Score
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ, round_half_up


@dataclass(frozen=True)
class Song:
    """A part of a score, ready to be sung: contiguous phrases and the level of each frame."""

    phrases: tuple[Phrase, ...]
    samples: int  # the score's length at 24 kHz
    level_db: NDArray[np.float64]  # (T) 0 dB = mf
    warnings: tuple[str, ...] = ()
    language: str = ""

    @property
    def frames(self) -> int:
        """T of the song: its samples in hops, the last one begun."""
        return -(-self.samples // HOP_SAMPLES)

    def symbols(self) -> dict[str, int]:
        """Every phoneme that is sung, in order, with the index of the first note that sings it."""
        first: dict[str, int] = {}
        for phrase in self.phrases:
            for symbol, slot in zip(phrase.phonemes, phrase.slot.tolist(), strict=True):
                first.setdefault(symbol, int(phrase.score_notes[slot]))
        return first


@dataclass(frozen=True)
class SpelledPart:
    """A part whose words are spelled, and whose phrases are made as they are asked for.

    Whatever could refuse the part has been checked; making phrases raises nothing.
    """

    score: Score
    part: Part
    language: str
    length: Fraction  # of the song in seconds
    syllables: Mapping[int, tuple[Syllable, ...]]  # by the index of the note they begin on
    doubts: tuple[str, ...]  # of the score and the words

    @property
    def samples(self) -> int:
        """The song's samples at 24 kHz."""
        return round_half_up(SAMPLE_RATE_HZ * self.length)

    @property
    def frames(self) -> int:
        """T of the song: its samples in hops, the last one begun."""
        return -(-self.samples // HOP_SAMPLES)

    def level_db(self) -> NDArray[np.float64]:
        """(T) the dynamics, 0 dB = mf."""
        return level_db(self.part.dynamics, self.score.tempo_map, self.frames)

    def symbols(self) -> dict[str, int]:
        """Every phoneme that will be sung, in order, with the index of the first note that sings it."""
        first: dict[str, int] = {}
        for note in sorted(self.syllables):
            for syllable in self.syllables[note]:
                for symbol in (*syllable.onset, *([syllable.nucleus] if syllable.nucleus else []), *syllable.coda):
                    first.setdefault(symbol, note)
        return first

    def pitched_notes(self) -> Iterator[tuple[int, int]]:
        """(pitch, index) of every note that is sung: of all but typed pauses and breaths."""
        for k, note in enumerate(self.part.notes):
            if k not in self.syllables or not line.silent(self.syllables[k]):
                yield note.pitch_midi, k

    def pitched_frames(self) -> Iterator[tuple[int, int]]:
        """(pitch, frames) of everything that is sung, in time order."""
        before: Slot | None = None
        for slot in (*self.slots([]), None):
            if before is not None and before.symbol not in (SILENCE, BREATH):
                yield before.pitch, (self.frames if slot is None else slot.start_frame) - before.start_frame
            before = slot

    def slots(self, doubts: list[str]) -> Iterator[Slot]:
        """The notes, rests and breaths in time order; what is doubtful in them is added to `doubts` as it is met."""
        sung = line.timed(self.score, self.part, self.syllables, length=self.length)
        return line.laid_out(line.voiced(sung, self.score.path, doubts), self.frames)

    def phrases(self, doubts: list[str]) -> Iterator[Phrase]:
        """The phrases in time order, each made from the notes around it when it is asked for."""
        return cut_as_laid(self.slots(doubts), self.frames, self.language)

    def song(self) -> Song:
        """All phrases at once."""
        doubts: list[str] = []
        phrases = tuple(self.phrases(doubts))
        return Song(phrases, self.samples, self.level_db(), self.warnings(doubts), self.language)

    def warnings(self, doubts: Sequence[str]) -> tuple[str, ...]:
        """What to say of the song, `doubts` being those of its phrases."""
        return (*self.score.doubts, *doubts, *self.doubts)


def spell(score: Score, *, part: int = 0, language: str | None = None, dictionary: Dictionary | None = None) -> Song:
    """The phrases of one part.

    Words that `dictionary` holds are sung as it says; without a language it also
    says which language they are in.

    Frames lie on the absolute grid (onset frame = round(100 × seconds)); the song
    has round(24000 × seconds) samples, whatever part is sung. Raises `ScoreError`
    where there is nothing to sing, `LyricError` with bar, beat and text where
    words cannot be spelled.
    """
    return spelled_part(score, part=part, language=language, dictionary=dictionary).song()


def spelled_part(
    score: Score, *, part: int = 0, language: str | None = None, dictionary: Dictionary | None = None
) -> SpelledPart:
    """One part's words spelled, its phrases still to be made; takes and raises what `spell` does."""
    chosen = _part(score, part)
    _check(score, chosen)
    length = max([score.seconds, *(score.tempo_map.seconds(p.notes[-1].end_tick) for p in score.parts if p.notes)])
    if length > LONGEST_SCORE_SECONDS:
        raise ScoreError(
            f"the score lasts {float(length) / 3600:.1f} hours",
            where=score.path or "score",
            remedy=f"sing at most {LONGEST_SCORE_SECONDS // 3600} hours at once",
        )
    named = dictionary.language if dictionary is not None else ""
    chosen_language = language or named or score.language or _told_from(chosen)
    words = _Words.of(chosen, chosen_language, dictionary)
    syllables = words.spelled(score)
    line.refuse_hold_of_nothing(chosen, syllables, score.path)
    return SpelledPart(score, chosen, chosen_language, length, syllables, tuple(words.doubts(score)))


def slot_table(
    score: Score, *, part: int = 0, language: str | None = None, dictionary: Dictionary | None = None
) -> tuple[SlotTable, int, list[str]]:
    """The part before it is cut, the song's samples at 24 kHz, and what was doubtful in the words."""
    spelled = spelled_part(score, part=part, language=language, dictionary=dictionary)
    doubts: list[str] = []
    table = SlotTable.of(spelled.slots(doubts), spelled.frames, spelled.language)
    return table, spelled.samples, [*doubts, *spelled.doubts]


def _part(score: Score, part: int) -> Part:
    if not 0 <= part < len(score.parts):
        names = ", ".join(f"{k} ({p.name})" for k, p in enumerate(score.parts)) or "none"
        raise ScoreError(f"there is no part {part}", where=score.path or "score", remedy=f"parts: {names}")
    return score.parts[part]


def _check(score: Score, part: Part) -> None:
    """Refuse what cannot be sung at all."""
    where = score.path or "score"
    if not part.notes:
        raise ScoreError(f"the part '{part.name}' has no notes", where=where, remedy="choose another with --part")
    if not part.sung:
        raise ScoreError(f"the part '{part.name}' has no lyrics", where=where, remedy="give words with --lyrics FILE")
    first = part.notes[0]
    if not first.lyric and not first.phonemes:
        raise ScoreError(
            "the first note has no lyric",
            where=at_bar(score.path, first.bar, first.beat),
            remedy="write one under it, or give the words with --lyrics FILE",
        )
    for note, following in pairwise(part.notes):
        if following.start_tick < note.start_tick:
            raise ScoreError("a note stands before the one it follows",
                             where=at_bar(score.path, following.bar, following.beat),
                             remedy="put the part's notes in time order")  # fmt: skip
    for note in part.notes:
        if note.duration_ticks <= 0 or not 1 <= note.pitch_midi <= 127:
            raise ScoreError(f"a note of {note.duration_ticks} ticks at MIDI pitch {note.pitch_midi}",
                             where=at_bar(score.path, note.bar, note.beat),
                             remedy="notes last some ticks and lie between 1 and 127")  # fmt: skip


def _told_from(part: Part) -> str:
    """The language that the notes name, or that of the words, or of typed phonemes where there are no words."""
    named = {note.language for note in part.notes if note.language}
    if len(named) == 1 and named <= languages.LANGUAGES.keys():
        return named.pop()
    worded = [note for note in part.notes if note.lyric and not note.phonemes]
    if worded:
        lyrics, syllabics = [note.lyric or "" for note in worded], [note.syllabic for note in worded]
        try:
            return languages.detect(languages.whole_words(lyrics, syllabics))
        except LyricError:
            return part.language if part.language in languages.LANGUAGES else languages.detect(lyrics)
    typed = {symbol for note in part.notes for symbol in note.phonemes}
    fitting = [code for code in languages.LANGUAGES if typed <= languages.phoneme_set(code).keys()]
    return fitting[0] if fitting else "zh"


@dataclass(frozen=True)
class _Words:
    """The lyrics of a part, hyphenated words whole where the language has them."""

    part: Part
    language: str
    dictionary: Dictionary | None
    notes: tuple[int, ...]  # the indices of those that have words
    lyrics: tuple[str, ...]  # one for each of them

    @classmethod
    def of(cls, part: Part, language: str, dictionary: Dictionary | None) -> "_Words":
        notes = tuple(k for k, note in enumerate(part.notes) if note.lyric and not note.phonemes)
        lyrics = [part.notes[k].lyric or "" for k in notes]
        if languages.in_words(language, dictionary=dictionary):
            lyrics = languages.whole_words(lyrics, [part.notes[k].syllabic for k in notes])
        return cls(part, language, dictionary, notes, tuple(lyrics))

    def spelled(self, score: Score) -> dict[int, tuple[Syllable, ...]]:
        """The syllables of each note that has words or phonemes, by the note's index."""
        spelled: dict[int, tuple[Syllable, ...]] = {}
        for k, note in enumerate(self.part.notes):
            if note.phonemes:
                try:
                    spelled[k] = languages.from_phonemes(note.phonemes, self.language, dictionary=self.dictionary)
                except SpellingError as error:
                    raise error.moved(index=k, where=at_bar(score.path, note.bar, note.beat)) from None
        try:
            syllables = languages.spell(self.lyrics, self.language, dictionary=self.dictionary)
        except SpellingError as error:
            index = self.notes[error.index]
            note = self.part.notes[index]
            raise error.moved(index=index, where=at_bar(score.path, note.bar, note.beat)) from None
        return {**spelled, **dict(zip(self.notes, syllables, strict=True))}

    def doubts(self, score: Score) -> list[str]:
        """Warnings, with bar and beat, about words that were guessed."""
        found = languages.doubts(self.lyrics, self.language, dictionary=self.dictionary)
        places = ((self.part.notes[self.notes[index]], text) for index, text in found)
        return [f"{at_bar(score.path, note.bar, note.beat)}: {text}" for note, text in places]
