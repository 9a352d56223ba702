"""The whole keyboard: a chromatic scale of vowels from MIDI 36 to 84, and whether the voice follows.

Shapes: T frames of the song.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.corpora import phone_mapping
from visinger.evaluation import health
from visinger.evaluation.metrics import IN_TUNE_CENTS
from visinger.score.score import Note, Part, Score
from visinger.signal import f0
from visinger.units import cents_between, hz_from_midi
from visinger.voices.voice import Voice

LOWEST_MIDI, HIGHEST_MIDI = 36, 84
CEILING_HZ = 1_300.0  # the tracker must hear above MIDI 84 (1,047 Hz)
TICKS = 480  # a quarter, half a second at 120
BREATH_EVERY = 7  # notes
_FRAMES = 50  # of a note
_FROM, _TO = 15, 45  # of a note's frames: after the glide, before the next
_PLAIN = ("a", "i", "u", "e", "o")


@dataclass(frozen=True)
class SungNote:
    """One note of the scale."""

    pitch_midi: int
    vowel: str
    off_cents: float  # median |heard − note| over its middle; NaN where nothing is heard
    curve_off_cents: float  # median |curve that was meant − note|: the pitch predictor's part in it
    heard: float  # share of its middle in which a pitch is heard


@dataclass(frozen=True)
class Scale:
    """All notes, and the health of the whole sound."""

    notes: tuple[SungNote, ...]
    clicks: int
    finite: bool

    @property
    def missed(self) -> tuple[SungNote, ...]:
        """The notes not in tune: half of the middle unheard, or its median off by 50 cents or more."""
        return tuple(n for n in self.notes if not (n.heard >= 0.5 and n.off_cents < IN_TUNE_CENTS))


def scale_score(vowels: tuple[str, ...], language: str) -> Score:
    """The scale as a score: a quarter a semitone at 120, vowels in turn, a rest after every seventh note."""
    notes = []
    for k, pitch in enumerate(range(LOWEST_MIDI, HIGHEST_MIDI + 1)):
        vowel = vowels[k % len(vowels)]
        notes.append(Note((k + 1 + k // BREATH_EVERY) * TICKS, TICKS, pitch, lyric=vowel, phonemes=(vowel,)))
    return Score((Part("scale", tuple(notes)),), length_ticks=notes[-1].start_tick + 2 * TICKS, language=language)


def vowels_of(voice: Voice) -> tuple[str, ...]:
    """The plain vowels that the voice knows, or all its vowels."""
    about = voice.description
    kinds = phone_mapping.kinds(about.language, about.phonemes)
    known = tuple(p for p in about.phonemes if kinds.get(p) == "vowel")
    return tuple(p for p in _PLAIN if p in known) or known


def sing_scale(voice: Voice, *, seed: int = 0) -> Scale:
    """Sing it where it stands, hear every note against its pitch. The errors of singing pass through."""
    score = scale_score(vowels_of(voice), voice.description.language)
    performance = voice.perform(score, transpose=0, seed=seed)
    wave, curve = voice.render(performance), performance.f0_hz()
    if not np.isfinite(wave.samples).all():
        return Scale((), 0, finite=False)
    heard = f0.track_independent(
        wave.samples, wave.sample_rate_hz, hop=wave.sample_rate_hz // 100, ceiling_hz=CEILING_HZ
    )
    notes = []
    for k, note in enumerate(score.parts[0].notes):
        start = (k + 1 + k // BREATH_EVERY) * _FRAMES
        middle = heard[start + _FROM : start + _TO]
        pitched = middle[middle > 0]
        meant = curve[start + _FROM : start + _TO]
        notes.append(
            SungNote(
                note.pitch_midi,
                note.phonemes[0],
                _off_cents(pitched, note.pitch_midi),
                _off_cents(meant[meant > 0], note.pitch_midi),
                len(pitched) / max(len(middle), 1),
            )
        )
    found = health.examine(wave.samples, sample_rate_hz=wave.sample_rate_hz)
    return Scale(tuple(notes), found.clicks, finite=True)


def _off_cents(found_hz: NDArray[np.float64], pitch_midi: int) -> float:
    """Median |cents| of what was found from the note; NaN where nothing was."""
    if not len(found_hz):
        return float("nan")
    return float(np.median(np.abs(cents_between(found_hz, hz_from_midi(np.full(len(found_hz), pitch_midi))))))
