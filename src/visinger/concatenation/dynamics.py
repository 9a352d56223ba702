"""A loudness curve by rule: which notes a singer sings out, and how the last one dies away.

Shapes: N phonemes · K slots · T frames of 10 ms.

Read off a person's singing (`visinger inspect PJS --manner`): higher and longer
notes are louder, a phrase's last note is softer and dies away. The middle of
PJS' phrases is no louder than their ends, so there is no arch over a phrase.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.concatenation import chance
from visinger.concatenation.notes import Note, notes_of
from visinger.phrasing.phrase import Phrase
from visinger.units import FRAMES_PER_SECOND

RELEASED_SECONDS = 0.05  # so long after the last note nothing of it sounds: the level is the next one's
SMOOTH_FRAMES = 9  # from one note's level to the next: 45 ms before and after its consonant's start


@dataclass(frozen=True)
class Dynamics:
    """How much of each; a seed draws the values of every note around these."""

    db_per_semitone: float = 0.95  # heard as 0.65, for a vocoder's higher notes are softer; PJS 0.74
    most_of_pitch_db: float = 6.0  # a note far from the singer's middle is no louder or softer than that
    db_per_doubling: float = 0.74  # of a note's length; PJS the same
    usual_seconds: float = 0.4  # a note of this length has no accent
    most_of_length_db: float = 2.0
    last_db: float = 0.0  # a phrase's last note; PJS' are 1.9 dB softer, and so are these by dying away
    last_decay_db_per_second: float = 5.5  # heard as 6; PJS 7
    decay_from_seconds: float = 0.12
    most_decay_db: float = 5.0
    chance_db: float = 1.5  # standard deviation


def curve(
    phrase: Phrase, frames: NDArray[np.int64], *, seed: int, dynamics: Dynamics, middle_midi: float
) -> NDArray[np.float64]:
    """Level in dB (T) that a phrase's phonemes, `frames` (N) long, are sung at, around a note of `middle_midi`.

    A consonant has the level of the note it leads to; a breath and the
    silence before it that of the note that follows, silence after it that
    of the note before.
    """
    total = int(frames.sum())
    slots = np.full(len(phrase.slot_starts) - 1, np.nan)
    clock = (np.arange(total) + 0.5) / FRAMES_PER_SECOND
    decay = np.zeros(total)
    for note in notes_of(phrase, frames):
        slots[note.slot] = _level_db(phrase, note, seed, dynamics, middle_midi)
        if note.before_rest:
            since = clock - note.start_seconds - dynamics.decay_from_seconds
            fallen = np.clip(dynamics.last_decay_db_per_second * since, 0, dynamics.most_decay_db)
            decay -= np.where(clock < note.end_seconds + RELEASED_SECONDS, fallen, 0.0)
    if np.isnan(slots).all():
        return np.zeros(total)
    levels = np.repeat(_filled(slots)[phrase.slot], frames) + decay
    half = SMOOTH_FRAMES // 2
    kernel = np.hanning(SMOOTH_FRAMES + 2)[1:-1]
    return np.convolve(np.pad(levels, half, mode="edge"), kernel / kernel.sum(), mode="valid")


def _level_db(phrase: Phrase, note: Note, seed: int, dynamics: Dynamics, middle_midi: float) -> float:
    high = dynamics.db_per_semitone * (note.pitch_midi - middle_midi)
    seconds = float(np.diff(phrase.slot_starts)[note.slot]) / FRAMES_PER_SECOND
    longer = dynamics.db_per_doubling * np.log2(max(seconds, 0.01) / dynamics.usual_seconds)
    level = np.clip(high, -dynamics.most_of_pitch_db, dynamics.most_of_pitch_db)
    level += np.clip(longer, -dynamics.most_of_length_db, dynamics.most_of_length_db)
    if note.before_rest:
        level += dynamics.last_db
    rng = chance.of_note(seed, note.index, chance.LOUDNESS)
    return float(level + dynamics.chance_db * np.clip(rng.normal(), -2, 2))


def _filled(slots: NDArray[np.float64]) -> NDArray[np.float64]:
    """The levels of slots (K), those of rests taken from the sung one that follows, the last from the one before."""
    sung = np.flatnonzero(np.isfinite(slots))
    following = np.searchsorted(sung, np.arange(len(slots)))
    return slots[sung[np.minimum(following, len(sung) - 1)]]
