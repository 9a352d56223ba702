"""The notes of a take as they were sung: where their vowels lie, what surrounds them, their pitch and their level.

Shapes: T frames of 10 ms.

A *stretch* is what is sung between two pauses; a note lasts from its vowel's
recorded onset to the next note's, or to the pause.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visinger.corpora import phone_mapping
from visinger.corpora.take import Take
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.signal import level
from visinger.units import midi_from_hz

SHORTEST_VOWEL_FRAMES = 5
CENTRE_FROM, CENTRE_TO = 0.35, 0.85  # of a vowel: where its pitch and its level have settled


@dataclass(frozen=True)
class Sound:
    """A consonant or a breath over frames [start, end)."""

    symbol: str
    start: int
    end: int


@dataclass(frozen=True)
class SungNote:
    """A note's place in its take, in frames."""

    pitch_midi: int
    vowel: str
    onset: tuple[Sound, ...]  # the consonants before the vowel
    start: int  # of the vowel
    vowel_end: int
    end: int  # the next note's vowel, or the pause
    length_frames: int  # in the score
    after_rest: bool
    before_rest: bool

    def centre(self) -> slice:
        """The frames in which the vowel has settled."""
        length = self.vowel_end - self.start
        return slice(self.start + int(CENTRE_FROM * length), self.start + max(int(CENTRE_TO * length), 1))


@dataclass(frozen=True, eq=False)
class SungTake:
    """A take's notes, stretch by stretch, and what was measured of its sound."""

    name: str
    stretches: tuple[tuple[SungNote, ...], ...]
    breaths: tuple[Sound, ...]
    pitch_midi: NDArray[np.float64]  # (T) NaN where unvoiced
    level_db: NDArray[np.float64]  # (T) of 20 ms
    kinds: dict[str, str]

    def sung_midi(self, note: SungNote) -> float:
        """The pitch that a note settles on; NaN where its middle is hardly voiced."""
        settled = self.pitch_midi[note.centre()]
        voiced = settled[np.isfinite(settled)]
        return float(np.median(voiced)) if 2 * len(voiced) > len(settled) else np.nan

    def settled_db(self, note: SungNote) -> float:
        """The level that a note settles on."""
        return float(np.median(self.level_db[note.centre()]))


def sung(take: Take) -> SungTake:
    """The take taken apart into notes; slots without a vowel are passed over, and end no stretch."""
    phrase = take.phrase
    kinds: dict[str, str] = dict(phone_mapping.kinds(phrase.language, set(phrase.phonemes)))
    ends = np.cumsum(take.frames)
    sounds = [Sound(s, int(e - n), int(e)) for s, e, n in zip(phrase.phonemes, ends, take.frames, strict=True)]
    stretches: list[list[SungNote]] = [[]]
    for slot, members in _slots(phrase.slot.tolist()):
        onset = tuple(sounds[n] for n in members if phrase.before_beat[n])
        rest = [n for n in members if not phrase.before_beat[n]]
        if not onset and rest and kinds.get(phrase.phonemes[rest[0]]) == "silence":
            stretches.append([])
            continue
        while rest and kinds.get(phrase.phonemes[rest[0]]) != "vowel":  # the consonants of a consonant-inclusive slot
            onset, rest = (*onset, sounds[rest[0]]), rest[1:]
        if not rest or sounds[rest[0]].end - sounds[rest[0]].start < SHORTEST_VOWEL_FRAMES:
            continue
        vowel = sounds[rest[0]]
        stretches[-1].append(
            SungNote(
                pitch_midi=int(phrase.pitches[rest[0]]),
                vowel=vowel.symbol,
                onset=onset,
                start=vowel.start,
                vowel_end=vowel.end,
                end=sounds[rest[-1]].end,
                length_frames=int(phrase.slot_starts[slot + 1] - phrase.slot_starts[slot]),
                after_rest=False,
                before_rest=False,
            )
        )
    unvoiced = np.asarray(take.f0_hz) <= 0
    pitch = midi_from_hz(np.where(unvoiced, 440.0, np.asarray(take.f0_hz, dtype=np.float64)))
    return SungTake(
        name=take.name,
        stretches=tuple(_bounded(notes) for notes in stretches if notes),
        breaths=tuple(sound for sound in sounds if sound.symbol == BREATH and sound.end > sound.start),
        pitch_midi=np.where(unvoiced, np.nan, pitch),
        level_db=level.rms_db(take.samples, hop=take.hop_samples, window=2 * take.hop_samples),
        kinds={**kinds, SILENCE: "silence"},
    )


def _slots(slot_of: list[int]) -> list[tuple[int, list[int]]]:
    """The phonemes of each slot, in order."""
    members: dict[int, list[int]] = {}
    for n, slot in enumerate(slot_of):
        members.setdefault(slot, []).append(n)
    return list(members.items())


def _bounded(notes: list[SungNote]) -> tuple[SungNote, ...]:
    """The notes of one stretch, its first and last marked, each lasting to the next one's vowel."""
    ends = [*(following.start for _, following in pairwise(notes)), notes[-1].end]
    last = len(notes) - 1
    return tuple(
        SungNote(**{**vars(note), "end": end, "after_rest": k == 0, "before_rest": k == last})
        for k, (note, end) in enumerate(zip(notes, ends, strict=True))
    )
