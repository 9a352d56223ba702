"""The slot table: one sung line on the song's absolute frame grid (VISinger §2.3.1).

Shapes: N phonemes · K slots.

A slot starts at the frame of its exact second, never at a sum of rounded lengths.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visinger.language import Syllable
from visinger.phrasing.phrase import BREATH, REST, SILENCE, Phrase

NOTHING = -1  # the note index of rests and breaths


@dataclass(frozen=True, slots=True)
class Slot:
    """What sounds from a frame of the song until the next slot's: a syllable on a note, a rest or a breath."""

    start_frame: int
    syllable: Syllable  # its onset sounds before the frame
    pitch: int = REST
    note: int = NOTHING
    slurred: bool = False

    @property
    def symbol(self) -> str:
        """What it holds: its first phoneme from the beat on."""
        return self.syllable.nucleus


@dataclass(frozen=True)
class SlotTable:
    """All slots of a song, laid end to end over its T frames."""

    phonemes: tuple[str, ...]  # (N)
    pitches: NDArray[np.int64]  # (N)
    slot: NDArray[np.int64]  # (N)
    before_beat: NDArray[np.bool_]  # (N)
    slurred: NDArray[np.bool_]  # (N)
    coda: NDArray[np.bool_]  # (N) closes its slot
    starts: NDArray[np.int64]  # (K + 1) absolute frames; the last is T
    score_notes: NDArray[np.int64]  # (K)
    language: str = ""

    @property
    def frames(self) -> int:
        return int(self.starts[-1])

    @classmethod
    def of(cls, slots: Iterable[Slot], frames: int, language: str) -> "SlotTable":
        """The slots in time order; the last ends at `frames`."""
        writer = _SlotWriter()
        for slot in slots:
            writer.add(slot)
        return writer.table(frames, language)

    def symbols(self) -> list[str]:
        """(K) what each slot holds: its first phoneme from the beat on."""
        held = [""] * (len(self.starts) - 1)
        for n in np.flatnonzero(~self.before_beat & ~self.coda):
            held[int(self.slot[n])] = self.phonemes[int(n)]
        return held

    def closed(self) -> NDArray[np.bool_]:
        """(K) True for slots whose vowel is closed by a coda."""
        closed = np.zeros(len(self.starts) - 1, dtype=bool)
        closed[self.slot[self.coda]] = True
        return closed

    def phrase(self, first: int, last: int, *, keep: tuple[int, int]) -> Phrase:
        """The phrase of absolute frames [first, last), of which [keep) belongs to the song.

        Where the phrase does not begin with the song, the consonants before its
        first beat sounded before it. A slot cut at its start goes on with its vowel
        (`slurred`); one cut at its end lost its coda.
        """
        k0 = int(np.searchsorted(self.starts[:-1], first, side="right")) - 1
        while k0 > 0 and self.starts[k0 - 1] == first:
            k0 -= 1  # slots too short for a frame belong to the phrase that starts with them
        k1 = max(int(np.searchsorted(self.starts[:-1], last, side="left")), k0 + 1)
        if last == self.frames:
            k1 = len(self.starts) - 1
        n0, n1 = (int(n) for n in np.searchsorted(self.slot, [k0, k1], side="left"))
        cut_start, cut_end = self.starts[k0] < first, self.starts[k1] > last
        take = np.ones(n1 - n0, dtype=bool)
        if first > 0:
            take &= ~((self.slot[n0:n1] == k0) & self.before_beat[n0:n1])
        if cut_end:
            take &= ~((self.slot[n0:n1] == k1 - 1) & self.coda[n0:n1])
        chosen = np.flatnonzero(take) + n0
        slot = self.slot[chosen] - k0
        slurred = self.slurred[chosen].copy()
        if cut_start:
            sung = self.pitches[chosen] != REST
            slurred |= (slot == 0) & ~self.coda[chosen] & sung
        starts = np.clip(self.starts[k0 : k1 + 1], first, last) - first
        whole = keep == (first, last)
        return Phrase(
            phonemes=tuple(self.phonemes[n] for n in chosen),
            pitches=self.pitches[chosen],
            slot=slot,
            before_beat=self.before_beat[chosen],
            slot_starts=starts,
            score_notes=self.score_notes[k0:k1],
            slurred=slurred,
            start_frame=first,
            keep_frames=None if whole else (keep[0] - first, keep[1] - first),
            language=self.language,
        )


@dataclass
class _SlotWriter:
    """Collects slots in time order."""

    phonemes: list[str] = field(default_factory=list)
    pitches: list[int] = field(default_factory=list)
    slot: list[int] = field(default_factory=list)
    before_beat: list[bool] = field(default_factory=list)
    slurred: list[bool] = field(default_factory=list)
    coda: list[bool] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    score_notes: list[int] = field(default_factory=list)

    def add(self, slot: Slot) -> None:
        """Write down the slot's phonemes: its nucleus, what sounds before the beat, what closes it."""
        syllable = slot.syllable
        roles = [(s, True, False) for s in syllable.onset]
        roles.append((syllable.nucleus, False, False))
        roles.extend((s, False, True) for s in syllable.coda)
        for symbol, before_beat, coda in roles:
            self.phonemes.append(symbol)
            self.pitches.append(REST if symbol in (SILENCE, BREATH) else slot.pitch)
            self.slot.append(len(self.starts))
            self.before_beat.append(before_beat)
            self.coda.append(coda)
            self.slurred.append(slot.slurred and not coda)
        self.starts.append(slot.start_frame)
        self.score_notes.append(slot.note)

    def table(self, frames: int, language: str) -> SlotTable:
        """All slots; the last ends at `frames`."""
        return SlotTable(
            phonemes=tuple(self.phonemes),
            pitches=np.array(self.pitches, dtype=np.int64),
            slot=np.array(self.slot, dtype=np.int64),
            before_beat=np.array(self.before_beat, dtype=bool),
            slurred=np.array(self.slurred, dtype=bool),
            coda=np.array(self.coda, dtype=bool),
            starts=np.array([*self.starts, frames], dtype=np.int64),
            score_notes=np.array(self.score_notes, dtype=np.int64),
            language=language,
        )
