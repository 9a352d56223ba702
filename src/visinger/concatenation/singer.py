"""The concatenative singer: spoken syllables made to sing any phrase, a baseline beside the neural voices.

Durations follow rules and the score lock, F0 follows `contour`; the sound is
WORLD's for all that is voiced and the recordings' own for voiceless initials.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from visinger.audio import Wave
from visinger.concatenation import chance, contour, dynamics, inventory
from visinger.concatenation.canvas import Canvas
from visinger.concatenation.units import Units
from visinger.errors import LyricError
from visinger.language import phoneme_set, pinyin
from visinger.phrasing.lock import lock
from visinger.phrasing.performance import PhrasePerformance
from visinger.phrasing.phrase import BREATH, SILENCE, Phrase
from visinger.units import FRAMES_PER_SECOND, HOP_SAMPLES, SAMPLE_RATE_HZ, midi_from_hz

# Sung lengths of initials: closure and noise of a voiceless one, murmur or glide of a voiced one.
# PJS: b d g 50–60, j 80, k p h f 80, ch ts 110–120, s sh 120–130, m n 60–70, y w 50–60.
_INITIAL_MS = {
    **dict.fromkeys(("b", "d", "g"), 50.0),
    **dict.fromkeys(("zh", "z", "j"), 70.0),
    **dict.fromkeys(("p", "t", "k", "h", "f"), 85.0),
    **dict.fromkeys(("ch", "c", "q"), 115.0),
    **dict.fromkeys(("sh", "s", "x"), 125.0),
    **dict.fromkeys(("m", "n", "l", "r"), 70.0),
    **dict.fromkeys(("y", "w"), 60.0),
}
_SHORTER_BELOW_FRAMES = 30  # consonants of notes under 0.3 s are hurried
BREATH_MS = 350.0


class ConcatenativeSinger:
    """Sings phrases of Mandarin with the recordings of one speaker; needs no network and no torch."""

    name = "concatenative"
    sample_rate_hz = SAMPLE_RATE_HZ
    hop_samples = HOP_SAMPLES

    def __init__(self, units: Units, *, manner: contour.Manner | None = None) -> None:
        self.units = units
        self.manner = manner or contour.Manner()

    @cached_property
    def _breath(self) -> NDArray[np.float32] | None:
        return inventory.breath_spectrum(self.units)

    @cached_property
    def _middle_midi(self) -> float:
        """The speaker's own pitch, at which a note is neither loud nor soft."""
        return float(midi_from_hz(np.median([unit.f0_hz for unit in self.units.units])))

    def perform(self, phrase: Phrase, *, seed: int = 0) -> PhrasePerformance:
        """Times by rule under the score lock, pitch by rule; raises LyricError for another language's phonemes."""
        parts = split(phrase)
        predicted = np.maximum(phrase.note_frames.astype(np.float64), 1.0)
        voiced = np.ones(len(phrase.phonemes), dtype=bool)
        for part in parts:
            if part.initial is None:
                if part.silent:
                    voiced[part.vowels] = False
                continue
            symbol = phrase.phonemes[part.initial]
            hurry = min(1.0, 0.55 + 0.45 * phrase.note_frames[part.initial] / _SHORTER_BELOW_FRAMES)
            rng = chance.of_note(seed, _note(phrase, part), chance.DURATION)
            length_ms = _INITIAL_MS.get(symbol, 70.0) * hurry * rng.lognormal(0.0, 0.15)
            predicted[part.initial] = length_ms * FRAMES_PER_SECOND / 1000
            voiced[part.initial] = not inventory.voiceless(symbol)
        frames = lock(phrase, predicted)
        f0_hz = contour.draw(phrase, frames, voiced, seed=seed, manner=self.manner)
        return PhrasePerformance(phrase, frames, f0_hz)

    def render(self, performance: PhrasePerformance, *, seed: int = 0) -> Wave:
        """The sound, exactly T × 240 samples at 24 kHz; `seed` chooses among recordings."""
        phrase = performance.phrase
        starts = np.concatenate([[0], np.cumsum(performance.frames)])
        loudness_db = dynamics.curve(
            phrase, performance.frames, seed=seed, dynamics=self.manner.dynamics, middle_midi=self._middle_midi
        )
        canvas = Canvas(performance.f0_hz, first_frame=phrase.start_frame, seed=seed, loudness_db=loudness_db)
        parts = split(phrase)
        for place, part in enumerate(parts):
            begin, end = int(starts[part.first]), int(starts[part.last + 1])
            if part.symbol == SILENCE or end <= begin:
                continue
            if part.symbol == BREATH:
                if self._breath is not None:
                    canvas.breathe(self._breath, begin, end)
                continue
            before = parts[place - 1] if place else None
            after = parts[place + 1] if place + 1 < len(parts) else None
            initial = "" if part.initial is None else phrase.phonemes[part.initial]
            rng = chance.of_note(seed, _note(phrase, part), chance.RECORDING)
            canvas.sing(
                inventory.choose(self.units, initial, part.symbol, rng),
                (begin, int(starts[part.vowels[0]]), end),
                joined=before is not None and not before.silent,
                followed_by=_follower(phrase, after),
                rng=rng,
            )
        return Wave(canvas.wave(), SAMPLE_RATE_HZ)

    def sing(self, phrase: Phrase, *, seed: int = 0) -> Wave:
        """Perform, then render."""
        return self.render(self.perform(phrase, seed=seed), seed=seed)


class Part:
    """A syllable, a pause or a breath of a phrase, as indices of its phonemes."""

    def __init__(self, symbol: str, vowel: int, initial: int | None = None) -> None:
        self.symbol = symbol  # SP, AP or the final
        self.initial = initial
        self.vowels = [vowel]  # the final, and its continuations on slurred notes

    @property
    def first(self) -> int:
        return self.vowels[0] if self.initial is None else self.initial

    @property
    def last(self) -> int:
        return self.vowels[-1]

    @property
    def silent(self) -> bool:
        return self.symbol in (SILENCE, BREATH)


def split(phrase: Phrase) -> list[Part]:
    """The phrase's syllables, pauses and breaths in order; slurred finals belong to the syllable they continue.

    Raises LyricError for a phoneme that Mandarin does not have.
    """
    known = phoneme_set("zh")
    parts: list[Part] = []
    initial: int | None = None
    for n, symbol in enumerate(phrase.phonemes):
        if symbol not in known:
            raise LyricError(
                f"the concatenative singer has no '{symbol}'",
                remedy="it sings Mandarin; choose another voice",
            )
        following = phrase.phonemes[n + 1] if n + 1 < len(phrase.phonemes) else SILENCE
        opens = symbol in pinyin.INITIALS and known[following] != "silence" and phrase.slot[n + 1] == phrase.slot[n]
        if opens and initial is None:
            initial = n
        elif phrase.slurred[n] and parts and parts[-1].symbol == symbol and initial is None:
            parts[-1].vowels.append(n)
        else:
            parts.append(Part(symbol, n, initial))
            initial = None
    return parts


def _follower(phrase: Phrase, after: Part | None) -> str:
    """What the end of a syllable meets: "rest", "voiceless" or "voiced"."""
    if after is None or after.silent:
        return "rest"
    if after.initial is not None and inventory.voiceless(phrase.phonemes[after.initial]):
        return "voiceless"
    return "voiced"


def _note(phrase: Phrase, part: Part) -> int:
    """The song's index of the note that a syllable starts on."""
    return int(phrase.score_notes[phrase.slot[part.vowels[0]]])
