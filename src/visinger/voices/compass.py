"""A melody and a voice's natural range: transposing into it, and saying what lies outside.

Pitches are MIDI numbers; a song's weight on a pitch is the frames it is sung.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from visinger.errors import ScoreError, at_bar
from visinger.phrasing.phrase import REST, Phrase
from visinger.phrasing.spelling import Song, SpelledPart
from visinger.score.score import Part

Transposition = int | Literal["auto"]

LOWEST_MIDI, HIGHEST_MIDI = 1, 127  # 0 stands for a rest
BULK_PERCENT = (5, 95)
OCTAVE = 12
_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")


def pitch_name(pitch_midi: int) -> str:
    """'A4' for 69."""
    return f"{_NAMES[pitch_midi % OCTAVE]}{pitch_midi // OCTAVE - 1}"


def transposed(song: Song, semitones: int) -> Song:
    """The same song higher or lower; rests stay rests.

    Raises ScoreError when a note would leave MIDI's range.
    """
    refuse_beyond_midi(song, semitones)
    return replace(song, phrases=tuple(transposed_phrase(phrase, semitones) for phrase in song.phrases))


def refuse_beyond_midi(song: Song | SpelledPart, semitones: int) -> None:
    """Raise ScoreError when a note, moved by so many semitones, would leave MIDI's range."""
    pitches = {pitch for pitch, _ in _notes(song)} if semitones else set()
    if pitches and not (min(pitches) + semitones >= LOWEST_MIDI and max(pitches) + semitones <= HIGHEST_MIDI):
        raise ScoreError(
            f"transposed by {semitones:+d} semitones it leaves the range of MIDI pitches",
            remedy=f"transpose by {LOWEST_MIDI - min(pitches):+d} … {HIGHEST_MIDI - max(pitches):+d}",
        )


def transposed_phrase(phrase: Phrase, semitones: int) -> Phrase:
    """The same phrase higher or lower."""
    return (
        phrase
        if semitones == 0
        else replace(phrase, pitches=np.where(phrase.pitches == REST, REST, phrase.pitches + semitones))
    )


def fitting(song: Song | SpelledPart, lowest_midi: int, highest_midi: int) -> int:
    """Semitones that bring the melody's bulk (5th to 95th percentile of sung time) into the range.

    None if it lies there already; else an octave, if that does; else the
    smallest shift. A bulk wider than the range is centred in it.
    """
    low, high = _bulk(song)
    if low is None or high is None:
        return 0

    def outside(shift: int) -> int:
        return max(lowest_midi - (low + shift), 0) + max(high + shift - highest_midi, 0)

    for shift in (0, -OCTAVE, OCTAVE):
        if outside(shift) == 0:
            return shift
    if high - low > highest_midi - lowest_midi:
        return round((lowest_midi + highest_midi - low - high) / 2)
    return min(range(-HIGHEST_MIDI, HIGHEST_MIDI + 1), key=lambda shift: (outside(shift), abs(shift)))


def outside_range(
    song: Song | SpelledPart, part: Part | None, lowest_midi: int, highest_midi: int, *, semitones: int = 0
) -> tuple[str, ...]:
    """One warning that counts the notes outside the range and places the first; none if all lie inside.

    `semitones` is how far the song will be transposed.
    """
    strays: dict[int, int] = {}
    for pitch, note in _notes(song):
        if not lowest_midi <= pitch + semitones <= highest_midi:
            strays.setdefault(note, pitch + semitones)
    if not strays:
        return ()
    first = min(strays)
    place = f"note {first + 1}"
    if part is not None and 0 <= first < len(part.notes):
        place = at_bar("", part.notes[first].bar, part.notes[first].beat).removeprefix("score, ")
    moves = fitting(song, lowest_midi, highest_midi) != semitones
    advice = ", --transpose auto would move the melody" if moves else ""
    many = "1 note lies" if len(strays) == 1 else f"{len(strays)} notes lie"
    return (
        f"{many} outside the voice's natural range {pitch_name(lowest_midi)} … {pitch_name(highest_midi)} "
        f"(first: {pitch_name(strays[first])} at {place}); sung all the same{advice}",
    )


def _notes(song: Song | SpelledPart) -> Iterator[tuple[int, int]]:
    """(pitch, index) of every note that is sung."""
    if isinstance(song, SpelledPart):
        yield from song.pitched_notes()
        return
    for pitch, _, note in _slots(song):
        yield pitch, note


def _slots(song: Song) -> Iterator[tuple[int, int, int]]:
    """(pitch, frames of the song, score note) of every pitched slot."""
    for phrase in song.phrases:
        lengths = np.diff(np.clip(phrase.slot_starts, phrase.kept.start, phrase.kept.stop))
        slots, first = np.unique(phrase.slot, return_index=True)
        for slot, n in zip(slots, first, strict=True):
            if phrase.pitches[n] != REST:
                yield int(phrase.pitches[n]), int(lengths[slot]), int(phrase.score_notes[slot])


def _bulk(song: Song | SpelledPart) -> tuple[int | None, int | None]:
    weights: NDArray[np.int64] = np.zeros(HIGHEST_MIDI + 1, dtype=np.int64)
    sung = song.pitched_frames() if isinstance(song, SpelledPart) else ((p, frames) for p, frames, _ in _slots(song))
    for pitch, frames in sung:
        weights[pitch] += frames
    total = int(weights.sum())
    if total == 0:
        return None, None
    share = np.cumsum(weights) * 100
    low, high = (int(np.argmax(share >= percent * total)) for percent in BULK_PERCENT)
    return low, high
