"""DiffSinger's scripts (.ds): JSON segments whose notes, words and phonemes are rows of text, all times in seconds.

A word starts at its vowel, so a word's group in `ph_num` begins with the vowel
and ends with the consonants of the next word; scripts made by hand give whole
syllables there, which is told from their first phonemes. Older scripts give every phoneme
its note instead (`note_dur_seq`, `is_slur_seq`).
"""

import math
import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import accumulate
from pathlib import Path

from visinger.score.formats.assembling import score_of
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.fields import Fields, exact_number
from visinger.score.formats.json_text import read_json_text
from visinger.score.formats.project import Project, ProjectNote, ProjectTrack
from visinger.score.formats.ticks import scaled
from visinger.score.score import Score

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_PITCH = re.compile(r"([A-Ga-g])([#b♯♭]*)(-?\d{1,2})([+-]\d{1,4}(?:\.\d{1,6})?)?(?:/.*)?")
_TOKEN = re.compile(r"AP|SP|[\u4e00-\u9fff]|[^\W\u4e00-\u9fff]+")
_RESTS = ("rest", "r", "sp", "ap", "0")
_TICKS_PER_SECOND = 960  # at 120 quarter notes a minute; the format has no tempo
_BREATH, _PAUSES = "AP", ("SP", "AP", "<SP>", "<AP>", "pau", "br", "sil")
_INITIALS = frozenset(
    [
        *("b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x"),
        *("zh", "ch", "sh", "r", "z", "c", "s", "y", "w"),
    ]
)


def read_ds(path: Path) -> Score:
    """Read a DiffSinger script; what cannot be read is a `ScoreError` with its segment."""
    value = read_json_text(path)
    segments = value if isinstance(value, list) else [value]
    doubts, track = Doubts(), ProjectTrack("Vocal")
    for n, entry in enumerate(segments, start=1):
        segment = _Segment(Fields(entry, f"segment {n}", path))
        track.notes += segment.notes(doubts)
        track.pitch += segment.pitch()
    project = Project(tracks=[track])
    return score_of(project, doubts, path)


def _like_a_vowel(phoneme: str) -> bool:
    """By its spelling, in pinyin, kana and ARPAbet; a language may stand before it (`zh/a`)."""
    symbol = phoneme.rsplit("/", 1)[-1]
    return symbol == "N" or symbol[:1].lower() in tuple("aeiouv")


def _led_by_onsets(groups: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Syllables from groups that begin with a vowel or pause: consonants at a group's end lead into the next."""
    syllables: list[tuple[str, ...]] = []
    onset: tuple[str, ...] = ()
    for group in [*groups, ("SP",)]:
        if group[0] in _PAUSES:
            if onset and syllables:
                syllables[-1] = (*syllables[-1], *onset)
            syllables.append(group[:1])
        else:
            syllables.append((*onset, group[0]))
        onset = group[1:]
    return syllables[:-1]


@dataclass(frozen=True)
class _Word:
    """What one group of notes sings."""

    lyric: str
    phonemes: tuple[str, ...]


class _Segment:
    """One segment; its rows are split at spaces and must be equally long."""

    def __init__(self, fields: Fields) -> None:
        self.fields = fields
        self.offset = fields.exact("offset", 0)
        if "note_seq" not in fields:
            fields.refuse("a segment without notes ('note_seq')", "export it with notes")

    def row(self, key: str) -> list[str]:
        value = self.fields.value.get(key)
        return [str(entry) for entry in value] if isinstance(value, list) else self.fields.text(key).split()

    def numbers(self, key: str) -> list[Fraction]:
        texts = self.row(key)
        numbers = [exact_number(text) for text in texts]
        if None in numbers:
            shown = texts[numbers.index(None)][:40]
            self.fields.refuse(f"{key!r} holds {shown!r}, where a number is expected")
        return [number for number in numbers if number is not None]

    def notes(self, doubts: Doubts) -> list[ProjectNote]:
        names = self.row("note_seq")
        lengths = self.numbers(self.fields.named("note_dur", "note_dur_seq"))
        slur_key = self.fields.named("note_slur", "is_slur_seq")
        slurs = [number != 0 for number in self.numbers(slur_key)] or self._slurs_by_time(lengths)
        if not len(names) == len(lengths) == len(slurs):
            counts = f"{len(names)} notes, {len(lengths)} durations and {len(slurs)} slurs"
            self.fields.refuse(f"{counts} do not fit together")
        if any(length < 0 for length in lengths):
            self.fields.refuse("a note of negative duration")
        if "note_dur" not in self.fields:
            return self._phoneme_by_phoneme(names, lengths, slurs)
        words = self._words(slurs, doubts)
        notes: list[ProjectNote] = []
        at, word = self.offset, -1
        for name, length, slur in zip(names, lengths, slurs, strict=True):
            word += 0 if slur else 1
            told = words[word] if words and 0 <= word < len(words) else _Word("", ())
            notes.append(self._note(name, at, at + length, _Word("-", ()) if slur else told))
            at += length
        return notes

    def _note(self, name: str, start: Fraction, end: Fraction, word: _Word) -> ProjectNote:
        first, last = scaled(start * _TICKS_PER_SECOND, 480), scaled(end * _TICKS_PER_SECOND, 480)
        if name.lower() in _RESTS:
            breath = _BREATH in (word.lyric, *word.phonemes[:1])
            return ProjectNote(first, last, 60, lyric=_BREATH if breath else "R")
        pitch_midi, cents = self._pitch(name)
        note = ProjectNote(first, last, pitch_midi, lyric=word.lyric, tuning_cents=cents)
        return replace(note, phoneme_hint=word.phonemes) if word.lyric else replace(note, phonemes=word.phonemes)

    def _pitch(self, name: str) -> tuple[int, float]:
        number = exact_number(name)
        if number is not None:
            return round(number), float(number - round(number)) * 100
        match = _PITCH.fullmatch(name)
        if match is None:
            self.fields.refuse(f"{name[:20]!r} is no note; notes are named as C4, D#3 or rest")
        step, signs, octave, cents = match.groups()
        altered = sum(1 if sign in "#♯" else -1 for sign in signs[:3])
        return 12 * (int(octave) + 1) + _STEPS[step.upper()] + altered, float(cents or 0)

    def _words(self, slurs: Sequence[bool], doubts: Doubts) -> list[_Word]:
        """The words of the notes that begin one, pauses included."""
        count = slurs.count(False)
        groups = self._syllables(count)
        texts = self.row("text")
        if len(texts) != count:  # older scripts write hanzi without spaces between them
            texts = _TOKEN.findall(" ".join(texts))
        if len(texts) != count or texts == self.row("ph_seq"):  # many scripts repeat the phonemes there
            texts = [""] * count
            if not groups:
                doubts.add("a segment whose words do not fit its notes is sung without them", str(self.fields.place))
        return [_Word(texts[k], groups[k] if groups else ()) for k in range(count)]

    def _syllables(self, count: int) -> list[tuple[str, ...]]:
        """The phonemes of each word: the consonants that end the group before, then the head of its own."""
        phonemes = self.row("ph_seq")
        sizes = [int(number) for number in self.numbers("ph_num")]
        if len(sizes) != count or sum(sizes) != len(phonemes) or any(size < 1 for size in sizes):
            return []
        ends = list(accumulate(sizes))
        groups = [tuple(phonemes[end - size : end]) for end, size in zip(ends, sizes, strict=True)]
        heads = [_like_a_vowel(group[0]) for group in groups if len(group) > 1 and group[0] not in _PAUSES]
        led = [group for group in groups if len(group) > 1 and group[0] in _PAUSES]
        return _led_by_onsets(groups) if led or 2 * sum(heads) > len(heads) else groups

    def _slurs_by_time(self, lengths: Sequence[Fraction]) -> list[bool]:
        """Which notes go on with the word before, told from the words' durations where nothing else says it."""
        sizes, durations = self.numbers("ph_num"), self.numbers("ph_dur")
        if len(sizes) in (0, len(lengths)) or sum(sizes) != len(durations):
            return [False] * len(lengths)
        phoneme_ends = list(accumulate(float(duration) for duration in durations))
        word_ends = [phoneme_ends[int(end) - 1] for end in accumulate(sizes) if end >= 1]
        middles = [float(end - length / 2) for end, length in zip(accumulate(lengths), lengths, strict=True)]
        words = [bisect_right(word_ends, middle) for middle in middles]
        return [k > 0 and words[k] == words[k - 1] for k in range(len(words))]

    def _phoneme_by_phoneme(
        self, names: Sequence[str], lengths: Sequence[Fraction], slurs: Sequence[bool]
    ) -> list[ProjectNote]:
        """Older scripts: an initial and its final stand on the same note, each with the whole note's duration."""
        phonemes = self.row("ph_seq")
        if len(phonemes) != len(names):
            self.fields.refuse(f"{len(phonemes)} phonemes for {len(names)} notes")
        notes: list[ProjectNote] = []
        at, initial = self.offset, ""
        for phoneme, name, length, slur in zip(phonemes, names, lengths, slurs, strict=True):
            if phoneme in _INITIALS and not initial:
                initial = phoneme
                continue
            spelled = (initial, phoneme) if initial else (phoneme,)
            word = _Word("-", ()) if slur else _Word("", spelled)
            notes.append(self._note(name, at, at + length, word))
            at, initial = at + length, ""
        return notes

    def pitch(self) -> list[tuple[int, float | None]]:
        """The drawn F0, a value every `f0_timestep` seconds from the segment's start; 0 is unvoiced."""
        if "f0_seq" not in self.fields:
            return []
        step = self.fields.exact("f0_timestep", Fraction(5, 1000))
        if not 0 < step <= 1:
            self.fields.refuse(f"an 'f0_timestep' of {float(step):g} seconds")
        points: list[tuple[int, float | None]] = []
        start, width = float(self.offset), float(step)
        for k, hz in enumerate(self.numbers("f0_seq")):
            tick = scaled((start + k * width) * _TICKS_PER_SECOND, 480)
            points.append((tick, 69 + 12 * math.log2(float(hz) / 440) if hz > 0 else None))
        return [*points, (points[-1][0] + 1, None)] if points else []
