"""Small scores and phrases made for these tests."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from visinger.phrasing import REST, Phrase
from visinger.score import Note, Part, Score, Tempo, TempoMap

QUARTER = 480


def note(start: float, beats: float, lyric: str | None = "ら", *, pitch: int = 60, **marks: object) -> Note:
    """A note in quarters; bar and beat as in 4/4."""
    start_tick = round(start * QUARTER)
    return Note(
        start_tick,
        round(beats * QUARTER),
        pitch,
        lyric,
        bar=str(start_tick // (4 * QUARTER) + 1),
        beat=Fraction(start_tick % (4 * QUARTER), QUARTER) + 1,
        **marks,  # type: ignore[arg-type]
    )


def score_of(notes: Sequence[Note], *, bpm: int | Fraction = 60, beats: float | None = None, **fields: object) -> Score:
    """One part at one tempo; at 60 bpm a quarter is 100 frames."""
    length = round(beats * QUARTER) if beats is not None else max((n.end_tick for n in notes), default=0)
    part = Part("Voice", tuple(notes), fields.pop("dynamics", ()))  # type: ignore[arg-type]
    tempo_map = TempoMap((Tempo(0, Fraction(bpm)),))
    return Score((part,), tempo_map, length_ticks=length, **fields)  # type: ignore[arg-type]


def phrase_of(slots: Sequence[tuple[str, int]], *, convention: str = "vowel-anchored") -> Phrase:
    """A phrase from slots written 'onset onset*nucleus coda', with lengths in frames: ("k*a N", 50).

    A `*` stands before the sound that belongs on the beat; SP and AP are rests.
    """
    phonemes: list[str] = []
    slot: list[int] = []
    before: list[bool] = []
    for k, (text, _) in enumerate(slots):
        onset, _, body = text.rpartition("*")
        for symbols, early in ((onset.split(), True), (body.split(), False)):
            phonemes += symbols
            slot += [k] * len(symbols)
            before += [early and convention == "vowel-anchored"] * len(symbols)
    lengths = [length for _, length in slots]
    silent = {k for k, (text, _) in enumerate(slots) if text in ("SP", "AP")}
    return Phrase(
        phonemes=tuple(phonemes),
        pitches=np.array([REST if k in silent else 60 for k in slot], dtype=np.int64),
        slot=np.array(slot, dtype=np.int64),
        before_beat=np.array(before, dtype=bool),
        slot_starts=np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64),
        score_notes=np.array([-1 if k in silent else k for k in range(len(slots))], dtype=np.int64),
        slurred=np.zeros(len(phonemes), dtype=bool),
        convention=convention,  # type: ignore[arg-type]
    )
