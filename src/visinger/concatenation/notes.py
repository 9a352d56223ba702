"""The sung notes of a phrase, where a rule finds them: from one vowel's start to the next or to a rest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.phrase import REST, Phrase
from visinger.units import FRAMES_PER_SECOND

SECONDS_PER_FRAME = 1.0 / FRAMES_PER_SECOND


@dataclass(frozen=True)
class Note:
    """A sung note."""

    start_seconds: float  # of its vowel
    end_seconds: float
    pitch_midi: int
    after_rest: bool
    before_rest: bool
    index: int  # in its part: keys its chances
    slot: int  # in its phrase


def notes_of(phrase: Phrase, frames: NDArray[np.int64]) -> list[Note]:
    """The sung notes of a phrase whose phonemes last `frames` (N), each from where its vowel really starts."""
    starts = np.concatenate([[0], np.cumsum(frames)]) * SECONDS_PER_FRAME
    heads = [n for n in range(len(frames)) if not phrase.before_beat[n] and _opens_slot(phrase, n)]
    notes = []
    for place, n in enumerate(heads):
        if phrase.pitches[n] == REST:
            continue
        following = heads[place + 1] if place + 1 < len(heads) else None
        notes.append(
            Note(
                start_seconds=float(starts[n]),
                end_seconds=float(starts[following] if following is not None else starts[-1]),
                pitch_midi=int(phrase.pitches[n]),
                after_rest=place == 0 or phrase.pitches[heads[place - 1]] == REST,
                before_rest=following is None or phrase.pitches[following] == REST,
                index=int(phrase.score_notes[phrase.slot[n]]),
                slot=int(phrase.slot[n]),
            )
        )
    return notes


def _opens_slot(phrase: Phrase, n: int) -> bool:
    return n == 0 or bool(phrase.before_beat[n - 1]) or phrase.slot[n] != phrase.slot[n - 1]
