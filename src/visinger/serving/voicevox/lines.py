"""From the wire's phonemes to a line that a voice can sing: slots, pitches, whole frames.

A query says which phonemes sound for how long, not which notes they were: a note
is told by its vowel, begins with it, and takes the consonants before it along.

Shapes: M phonemes on the wire · N of ours · K slots · W frames on the wire.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.cutting import cut
from visinger.phrasing.line import BREATH_REST_SECONDS, BREATH_SECONDS
from visinger.phrasing.phrase import BREATH, REST, SILENCE, Phrase
from visinger.phrasing.slots import SlotTable
from visinger.phrasing.vocabulary import Vocabulary
from visinger.serving.voicevox.clocks import frames_to_hold, our_frames
from visinger.serving.voicevox.names import Sounding, understood
from visinger.units import FRAMES_PER_SECOND, midi_from_hz
from visinger.voices.performing import NEUTRAL_MIDI

_BREATH_REST_FRAMES = int(BREATH_REST_SECONDS * FRAMES_PER_SECOND)
_BREATH_FRAMES = int(BREATH_SECONDS * FRAMES_PER_SECOND)
_LOWEST_MIDI, _HIGHEST_MIDI = 1, 127

Frames = NDArray[np.int64]


@dataclass(frozen=True)
class WirePhoneme:
    """A phoneme as a client names and times it; `note` is the client's own name of its note, if it gives one."""

    name: str
    frames: int
    note: str | None = None


@dataclass(frozen=True)
class Line:
    """A table of slots whose phonemes have their lengths already."""

    table: SlotTable
    frames: Frames  # (N) of each phoneme of the table
    devoiced: NDArray[np.bool_]  # (N)

    def phrases(self) -> Iterator[tuple[Phrase, Frames, Frames]]:
        """The line cut into phrases, each with the lengths (N) of its phonemes and their places (N) in the table."""
        ends = np.cumsum(self.frames)
        for phrase in cut(self.table):
            places = self._places(phrase)
            starts = np.clip((ends - self.frames)[places] - phrase.start_frame, 0, phrase.frames)
            starts[:1] = 0
            yield phrase, np.diff(starts, append=phrase.frames), places

    def _places(self, phrase: Phrase) -> Frames:
        """A phrase that was cut in a slot has lost its consonants or its coda there."""
        found: list[int] = []
        for slot, own in enumerate(phrase.score_notes.tolist()):
            first, last = np.searchsorted(self.table.slot, [own, own + 1])
            mine = np.flatnonzero(phrase.slot == slot)
            here = np.arange(first, last)
            if len(mine) and not phrase.before_beat[mine[0]]:
                here = here[~self.table.before_beat[first:last]]
            found += here[: len(mine)].tolist()
        return np.array(found, dtype=np.int64)


@dataclass(frozen=True)
class _Group:
    """One vowel with the consonants around it, or a pause: positions among the wire's phonemes."""

    onset: tuple[int, ...]
    held: int
    coda: tuple[int, ...] = ()
    pause: bool = False


def line_of(
    phonemes: Sequence[WirePhoneme], vocabulary: Vocabulary, language: str, *, pitches: Sequence[float]
) -> Line:
    """The line of M phonemes, `pitches` (M) being MIDI pitches of which the held one's counts; 0 is unknown.

    Raises LyricError where the voice has no such phoneme.
    """
    sounds = [understood(phoneme.name, vocabulary, language) for phoneme in phonemes]
    ends = np.cumsum([phoneme.frames for phoneme in phonemes])
    bounds = np.concatenate([[0], our_frames(ends)])
    bounds[-1] = frames_to_hold(int(ends[-1])) if len(ends) else 0
    groups = _groups(phonemes, sounds)
    writer = _Writer(sounds, bounds, _told(groups, pitches))
    for k, group in enumerate(groups):
        writer.add(group, groups[k + 1] if k + 1 < len(groups) else None)
    return writer.line(language)


def heard_pitches(phonemes: Sequence[WirePhoneme], f0_hz: NDArray[np.float64]) -> list[float]:
    """(M) the whole MIDI pitch that a curve (W) keeps to in each phoneme, by its median; 0 where it is unvoiced."""
    pitches: list[float] = []
    at = 0
    for phoneme in phonemes:
        here = f0_hz[at : at + phoneme.frames]
        here = here[here > 0]
        pitches.append(float(np.round(midi_from_hz(np.median(here)))) if len(here) else 0.0)
        at += phoneme.frames
    return pitches


def _groups(phonemes: Sequence[WirePhoneme], sounds: Sequence[Sounding]) -> list[_Group]:
    groups: list[_Group] = []
    waiting: list[int] = []  # consonants that open the next syllable, if one comes
    for k, sound in enumerate(sounds):
        if not sound.symbols:
            _close(groups, waiting)
            groups.append(_Group((), k, pause=True))
        elif sound.held and not _is_coda(k, phonemes, groups, waiting):
            groups.append(_Group(tuple(waiting), k))
            waiting = []
        elif sound.held or (sound.closing and not waiting and groups and not groups[-1].pause):
            last = groups[-1]
            groups[-1] = _Group(last.onset, last.held, (*last.coda, k))
        else:
            waiting.append(k)
    _close(groups, waiting)
    return groups


def _is_coda(k: int, phonemes: Sequence[WirePhoneme], groups: Sequence[_Group], waiting: Sequence[int]) -> bool:
    """ん after the vowel of its own note closes it; on a note of its own it is sung."""
    if phonemes[k].name != "N" or waiting or not groups or groups[-1].pause or phonemes[k].note is None:
        return False
    return phonemes[groups[-1].held].note == phonemes[k].note


def _close(groups: list[_Group], waiting: list[int]) -> None:
    """Consonants that no vowel follows close the one before; without any they stand alone."""
    if waiting and groups and not groups[-1].pause:
        last = groups[-1]
        groups[-1] = _Group(last.onset, last.held, (*last.coda, *waiting))
    elif waiting:
        groups.append(_Group(tuple(waiting[:-1]), waiting[-1]))
    waiting.clear()


def _told(groups: Sequence[_Group], pitches: Sequence[float]) -> list[int]:
    """The pitch of each group; what is unknown takes that of the nearest before, or the first to come."""
    known = [round(pitches[group.held]) for group in groups if not group.pause and pitches[group.held] > 0]
    last = known[0] if known else NEUTRAL_MIDI
    told: list[int] = []
    for group in groups:
        if not group.pause and pitches[group.held] > 0:
            last = round(pitches[group.held])
        told.append(REST if group.pause else min(max(last, _LOWEST_MIDI), _HIGHEST_MIDI))
    return told


class _Writer:
    """Collects groups as slots, in time order."""

    def __init__(self, sounds: Sequence[Sounding], bounds: Frames, pitches: Sequence[int]) -> None:
        self._sounds, self._bounds, self._pitches = sounds, bounds, pitches
        self._starts: list[int] = []  # (K)
        self._rows: list[tuple[str, int, int, bool, bool, bool]] = []  # symbol, pitch, slot, onset, coda, devoiced
        self._begins: list[int] = []  # (N) first frame of each phoneme
        self._group = 0

    def add(self, group: _Group, following: _Group | None) -> None:
        pitch = self._pitches[self._group]
        self._group += 1
        start = int(self._bounds[group.held])
        if group.pause:
            self._pause(group, following)
            return
        self._starts.append(start if self._starts else 0)
        for position in (*group.onset, group.held, *group.coda):
            self._sound(position, pitch, onset=position in group.onset, coda=position in group.coda)

    def _pause(self, group: _Group, following: _Group | None) -> None:
        """Silence; a rest of some length before singing ends in a breath, as the score's rests do."""
        start, end = (int(frame) for frame in self._bounds[group.held : group.held + 2])
        self._starts.append(start if self._starts else 0)
        self._row(SILENCE, REST, start)
        if following is None or following.pause:
            return
        beat = int(self._bounds[following.held])
        inhale = beat - min(_BREATH_FRAMES, (beat - start) // 2)
        if beat - start >= _BREATH_REST_FRAMES and inhale < end:
            self._starts.append(inhale)
            self._row(BREATH, REST, inhale)

    def _sound(self, position: int, pitch: int, *, onset: bool, coda: bool) -> None:
        """A phoneme of the wire; one that is two of ours gives each half of its time, the last one its role."""
        sound = self._sounds[position]
        start, end = (int(frame) for frame in self._bounds[position : position + 2])
        count = len(sound.symbols)
        for k, symbol in enumerate(sound.symbols):
            self._row(
                symbol, pitch, start + (end - start) * k // count, onset=onset, coda=coda, devoiced=sound.devoiced
            )

    def _row(
        self, symbol: str, pitch: int, begins: int, *, onset: bool = False, coda: bool = False, devoiced: bool = False
    ) -> None:
        self._rows.append((symbol, pitch, len(self._starts) - 1, onset, coda, devoiced))
        self._begins.append(begins)

    def line(self, language: str) -> Line:
        symbols, pitches, slots, onsets, codas, devoiced = zip(*self._rows, strict=True)
        end = int(self._bounds[-1])
        table = SlotTable(
            phonemes=symbols,
            pitches=np.array(pitches, dtype=np.int64),
            slot=np.array(slots, dtype=np.int64),
            before_beat=np.array(onsets, dtype=bool),
            slurred=np.zeros(len(symbols), dtype=bool),
            coda=np.array(codas, dtype=bool),
            starts=np.array([*self._starts, end], dtype=np.int64),
            score_notes=np.arange(len(self._starts), dtype=np.int64),  # so that a cut phrase knows its slots
            language=language,
        )
        begins = np.array([0, *self._begins[1:]], dtype=np.int64)
        return Line(table, np.diff(begins, append=end), np.array(devoiced, dtype=bool))
