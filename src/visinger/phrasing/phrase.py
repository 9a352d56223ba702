"""The phrase: the paper's score condition *c* (VISinger §2.3.1) as one numpy object.

Shapes: N phonemes · K slots · T frames.

The text encoder reads three phoneme-level sequences: phoneme, note pitch and
note duration. A phrase also knows where its slots lie on the absolute frame
grid of the song, which is what makes the score lock exact.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

SILENCE, BREATH = "SP", "AP"
REST = 0  # pitch of silences and breaths

Convention = Literal["vowel-anchored", "consonant-inclusive"]


@dataclass(frozen=True)
class Phrase:
    """A stretch of singing bounded in length, ready for a singer.

    A *slot* is the time of one note or rest: K of them tile the phrase. In the
    vowel-anchored convention a slot runs from its vowel's onset to the next
    slot's, and the consonants marked in `before_beat` sound before it, in the
    time of the slot before; in the consonant-inclusive one a slot holds all of
    its syllable and `before_beat` is False throughout.
    """

    phonemes: tuple[str, ...]  # (N)
    pitches: NDArray[np.int64]  # (N) MIDI pitch ID of the phoneme's own note; REST for SP and AP
    slot: NDArray[np.int64]  # (N) the slot each phoneme belongs to, not falling
    before_beat: NDArray[np.bool_]  # (N) consonants laid before their slot's start
    slot_starts: NDArray[np.int64]  # (K + 1) frames from the phrase's start; the last is T
    score_notes: NDArray[np.int64]  # (K) index of the note in its part; -1 for rests and breaths
    slurred: NDArray[np.bool_]  # (N) continues the vowel of the phoneme before, on a new note
    start_frame: int = 0  # absolute frame of the phrase's first frame in its song
    keep_frames: tuple[int, int] | None = None  # [from, to) to keep; the rest is context for a cut
    convention: Convention = "vowel-anchored"
    language: str = ""

    def __post_init__(self) -> None:
        first, last = self.keep_frames or (0, self.frames)
        if not 0 <= first <= last <= self.frames:
            raise ValueError(f"frames {first} to {last} cannot be kept of a phrase of {self.frames}")

    @property
    def note_frames(self) -> NDArray[np.int64]:
        """(N) d_N: the score length of each phoneme's own note, in frames (§2.3.2)."""
        return np.diff(self.slot_starts)[self.slot]

    @property
    def frames(self) -> int:
        """T, the length of the phrase."""
        return int(self.slot_starts[-1])

    @property
    def kept(self) -> slice:
        """The frames that belong to the song; all of them unless the phrase was cut in a vowel."""
        first, last = self.keep_frames or (0, self.frames)
        return slice(first, last)

    @property
    def silent(self) -> bool:
        """True when there is nothing to sing."""
        return all(symbol == SILENCE for symbol in self.phonemes)
