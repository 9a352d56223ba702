"""Phoneme boundaries moved by hand, under the score lock: beats stay, the length stays, nobody loses the last frame.

A note's vowel starts on its beat and holds; the consonants around it give and
take frames from their neighbours. (VISinger §2.3.2 leaves durations to be edited
between prediction and regulation; the pitch is then predicted for what was moved.)

Shapes: N phonemes.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.performance import Performance
from visinger.phrasing.phrase import Phrase
from visinger.phrasing.sounds import Sound, performed_sounds

Frames = NDArray[np.int64]
Place = tuple[int, int]  # note, ordinal


@dataclass(frozen=True)
class PlacedSound:
    """A phoneme of the song, where it is within its note, and whether the score holds its start."""

    sound: Sound
    ordinal: int  # 0 for pauses and breaths
    anchored: bool


def placed_sounds(performance: Performance) -> tuple[PlacedSound, ...]:
    """Every phoneme that is sung, in time order."""
    placed: list[PlacedSound] = []
    counts: dict[int, int] = {}
    before: Sound | None = None
    for sound in performed_sounds(performance):
        ordinal = counts.get(sound.note, 0)
        counts[sound.note] = ordinal + 1
        opens_slot = before is None or (before.note, before.slot_start) != (sound.note, sound.slot_start)
        on_beat = not sound.before_beat and (opens_slot or before is None or before.before_beat)
        late = on_beat and before is not None and before.before_beat and before.start_frame >= sound.slot_start
        anchored = sound.note < 0 or before is None or (on_beat and not late)
        placed.append(PlacedSound(sound, 0 if sound.note < 0 else ordinal, anchored))
        before = sound
    return tuple(placed)


@dataclass(frozen=True)
class Moves:
    """Starts that were moved, by place, in absolute frames of the song; and how many phonemes each note has."""

    starts: Mapping[Place, int]
    counts: Mapping[int, int]

    def __call__(self, phrase: Phrase, frames: Frames) -> Frames:
        """(N) the durations of a phrase with its boundaries where they were moved to, as near as the lock allows."""
        wanted = {
            n: self.starts[place] - phrase.start_frame
            for n, place in enumerate(self._places(phrase))
            if place in self.starts
        }
        if not wanted or phrase.frames < len(phrase.phonemes):
            return frames
        starts = np.cumsum(frames) - frames
        held = _held(phrase, starts)
        for n, start in wanted.items():
            if not held[n]:
                starts[n] = start
        return np.diff(_between(starts, held, phrase.frames))

    def _places(self, phrase: Phrase) -> list[Place]:
        """(N) note and ordinal of each phoneme; a note that was cut at the phrase's start lacks its first ones."""
        notes = phrase.score_notes[phrase.slot].tolist()
        here: dict[int, int] = {}
        for note in notes:
            here[note] = here.get(note, 0) + 1
        seen: dict[int, int] = {}
        places = []
        cut = phrase.kept.start > 0
        for note in notes:
            lacking = self.counts.get(note, 0) - here[note] if cut and note == notes[0] else 0
            places.append((note, seen.get(note, 0) + max(lacking, 0)))
            seen[note] = seen.get(note, 0) + 1
        return places


def moves_of(performance: Performance, edits: Iterable[tuple[Place, int]]) -> tuple[Moves, tuple[str, ...]]:
    """Where edits (place, frames from the note's first frame) put their phonemes, and what was passed over.

    `performance` is the voice's own. An edit of a phoneme that is not there any
    more, or whose start the score holds, is passed over and said.
    """
    placed = {(p.sound.note, p.ordinal): p for p in placed_sounds(performance) if p.sound.note >= 0}
    beats: dict[int, int] = {}
    counts: dict[int, int] = {}
    for note, _ in placed:
        counts[note] = counts.get(note, 0) + 1
    for (note, _), p in placed.items():
        beats.setdefault(note, p.sound.slot_start)
    starts: dict[Place, int] = {}
    lost: list[str] = []
    for place, offset in edits:
        note, ordinal = place
        if place not in placed:
            lost.append(f"note {note + 1} has no phoneme {ordinal + 1} any more: its moved boundary is passed over")
        elif placed[place].anchored:
            symbol = placed[place].sound.symbol
            lost.append(f"note {note + 1}: '{symbol}' starts on the beat and cannot be moved")
        else:
            starts[place] = beats[note] + offset
    return Moves(starts, counts), tuple(lost)


def _held(phrase: Phrase, starts: Frames) -> NDArray[np.bool_]:
    """(N) whose starts stay: the first phoneme's, and each that begins its slot on the beat."""
    before, slot = phrase.before_beat, phrase.slot
    held = np.zeros(len(slot), dtype=bool)
    for n in range(len(slot)):
        opens = n == 0 or slot[n - 1] != slot[n] or before[n - 1]
        late = n > 0 and before[n - 1] and slot[n - 1] == slot[n] and starts[n - 1] >= phrase.slot_starts[slot[n]]
        held[n] = n == 0 or (not before[n] and opens and not late)
    return held


def _between(starts: Frames, held: NDArray[np.bool_], total: int) -> Frames:
    """(N + 1) rising boundaries, a frame apart at least: held ones stay, the others are as near as may be."""
    bounds = np.concatenate([starts, [total]])
    fixed = [*np.flatnonzero(held).tolist(), len(starts)]
    for first, last in pairwise(fixed):
        for n in range(first + 1, last):
            bounds[n] = min(max(bounds[n], bounds[n - 1] + 1), bounds[last] - (last - n))
    return bounds
