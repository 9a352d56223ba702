"""Notes and their words, as the editor lays phonemes on them before it asks for their lengths.

A word is a note with the notes that prolong it ("+"); its phonemes are dealt to
its notes, a vowel on each. What stands before a vowel belongs to the group
before it, so groups run from vowel to vowel, as the editor's models see them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from visinger.voices.openutau.contract import PART_PADDING_MS, SILENCE
from visinger.voices.openutau.dictionary import BankDictionary

EXTENDS = "+"


@dataclass(frozen=True)
class EditorNote:
    """A note of a part; a lyric that begins with "+" goes on with the word before."""

    lyric: str
    tone: int  # MIDI
    start_ms: float
    end_ms: float


@dataclass(frozen=True)
class Phone:
    """A phoneme with its times; it ends where the next one starts."""

    symbol: str
    start_ms: float
    end_ms: float


@dataclass
class Group:
    """Phonemes that sound from one vowel's note on."""

    start_ms: float
    tone: int
    symbols: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Groups:
    """A part's groups, an empty one at its end, and the lyrics that nothing was found for."""

    groups: tuple[Group, ...]
    unknown: tuple[str, ...]

    @property
    def symbols(self) -> list[str]:
        return [symbol for group in self.groups for symbol in group.symbols]

    @property
    def counts(self) -> list[int]:
        """Of phonemes in each group but the last."""
        return [len(group.symbols) for group in self.groups[:-1]]

    @property
    def tones(self) -> list[int]:
        return [group.tone for group in self.groups for _ in group.symbols]

    def frames(self, frame_ms: float) -> list[int]:
        """From each group's start to the next one's."""
        marks = [math.trunc(group.start_ms / frame_ms) for group in self.groups]
        return [after - before for before, after in pairwise(marks)]

    def phones(self, lengths: Sequence[float], frame_ms: float) -> tuple[Phone, ...]:
        """The phonemes after the first, from predicted lengths in frames.

        Those before the first vowel keep their length; every other group is
        stretched to the time between its notes.
        """
        starts: list[float] = []
        first = 0
        for group, following in pairwise(self.groups):
            own = [frame_ms * each for each in lengths[first : first + len(group.symbols)]]
            first += len(group.symbols)
            if group is self.groups[0]:
                own, ratio = own[1:], 1.0
            else:
                ratio = (following.start_ms - group.start_ms) / max(sum(own), 1e-9)
            at = following.start_ms - ratio * sum(own)
            for each in own:
                starts.append(at)
                at += ratio * each
        ends = [*starts[1:], self.groups[-1].start_ms]
        return tuple(Phone(*each) for each in zip(self.symbols[1:], starts, ends, strict=True))


def groups_of(notes: Sequence[EditorNote], dictionary: BankDictionary, known: dict[str, int]) -> Groups:
    """The groups of notes that follow each other without a gap."""
    found = [Group(notes[0].start_ms - PART_PADDING_MS, notes[0].tone, [SILENCE])]
    unknown = []
    for word in _words(notes):
        symbols = dictionary.spell(word[0].lyric, known)
        if not symbols:
            unknown.append(word[0].lyric)
        _deal(word, symbols or (SILENCE,), dictionary, found)
    return Groups((*found, Group(notes[-1].end_ms, notes[-1].tone)), tuple(unknown))


def phrases_of(notes: Sequence[EditorNote]) -> list[list[EditorNote]]:
    """The notes, parted where there is a gap between them: the editor renders each part alone."""
    parted: list[list[EditorNote]] = []
    for note in notes:
        if parted and note.start_ms - parted[-1][-1].end_ms < 1.0:
            parted[-1].append(note)
        else:
            parted.append([note])
    return parted


def _words(notes: Sequence[EditorNote]) -> list[list[EditorNote]]:
    words: list[list[EditorNote]] = []
    for note in notes:
        if note.lyric.startswith(EXTENDS) and words:
            words[-1].append(note)
        else:
            words.append([note])
    return words


def _deal(word: list[EditorNote], symbols: Sequence[str], dictionary: BankDictionary, groups: list[Group]) -> None:
    """Put a word's phonemes on its notes: vowels, or a glide between a consonant and its vowel, start one."""
    vowels = [dictionary.is_vowel(symbol) for symbol in symbols]
    starts = [False] * len(symbols)
    starts[0] = not any(vowels)
    for k, vowel in enumerate(vowels):
        if vowel:
            glides = k >= 2 and dictionary.is_glide(symbols[k - 1]) and not vowels[k - 2]
            starts[k - 1 if glides else k] = True
    free = iter(note for note in word if not note.lyric.startswith(("+~", "+*")))
    for symbol, begins in zip(symbols, starts, strict=True):
        note = next(free, None) if begins else None
        if note is not None:
            groups.append(Group(note.start_ms, note.tone))
        groups[-1].symbols.append(symbol)
