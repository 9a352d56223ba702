"""Which recordings sing a syllable: the choice among tones, and what stands in for a syllable never recorded."""

from dataclasses import dataclass

import numpy as np

from visinger.concatenation.analysis import GLIDES, NUCLEUS_FRAMES, SONORANTS
from visinger.concatenation.units import Unit, Units
from visinger.errors import LyricError

# Tone 1 is level, like a sung note; tone 3 creaks.
_TONE_LIKING = {1: 3.0, 2: 1.0, 3: 0.25, 4: 1.0, 5: 0.5}
SHORT_FRAMES = 24  # a final of less than 120 ms is sung only where there is no other
MOST_APART_DB = 8.0  # a consonant that replaces another is no softer or louder than it by more
OTHER_CONSONANT = 0.75  # how often a voiceless initial comes from another recording


@dataclass(frozen=True)
class Choice:
    """The recording of the initial (None where there is no initial) and that of the final."""

    consonant: Unit | None
    vowel: Unit


def choose(units: Units, initial: str, final: str, rng: np.random.Generator) -> Choice:
    """Recordings for (initial, final), drawn by `rng`; the same draw gives the same choice.

    A syllable never recorded takes its final from the nearest kind of syllable
    and its initial from one whose vowel begins alike. Raises LyricError where
    even the initial or the final alone was never recorded.
    """
    recorded = units.by_syllable.get((initial, final))
    if recorded:
        vowel = _drawn(recorded, rng)
        if not initial:
            return Choice(None, vowel)
        # the others' consonants bring variety; a voiced one flows into its own vowel and stays with it
        others = _other_consonants(units, vowel) if voiceless(initial) and rng.uniform() < OTHER_CONSONANT else ()
        return Choice(others[int(rng.integers(len(others)))] if others else vowel, vowel)
    finals = units.by_final.get(final)
    if not finals:
        raise LyricError(
            f"the final '{final}' is in none of the recordings", where=units.path, remedy="sing Mandarin syllables"
        )
    # a final is coloured least by no initial, then by a plain stop
    kind = {"": 0, "b": 1, "d": 1, "g": 1, "z": 2, "zh": 2, "j": 2, "y": 3, "w": 3}
    best = min(kind.get(unit.initial, 4) for unit in finals)
    vowel = _drawn(tuple(unit for unit in finals if kind.get(unit.initial, 4) == best), rng)
    if not initial:
        return Choice(None, vowel)
    initials = units.by_initial.get(initial)
    if not initials:
        raise LyricError(
            f"the initial '{initial}' is in none of the recordings", where=units.path, remedy="sing Mandarin syllables"
        )
    alike = tuple(unit for unit in initials if unit.final[0] == final[0])
    return Choice(_drawn(alike or initials, rng), vowel)


def _other_consonants(units: Units, vowel: Unit) -> tuple[Unit, ...]:
    """Recordings of the same initial before the same final, in whatever tone, or before one that begins alike.

    A consonant is coloured by the lips' rounding and the tongue's place for
    what follows, hardly by what comes later. None is much softer or shorter
    than the vowel's own.
    """
    own = _consonant_db(vowel)
    return tuple(
        unit
        for unit in units.by_initial.get(vowel.initial, ())
        if unit is not vowel
        and _begins(unit.final) == _begins(vowel.final)
        and abs(_consonant_db(unit) - own) < MOST_APART_DB
        and len(unit.consonant) > 0.6 * len(vowel.consonant)
    )


def _begins(final: str) -> str:
    """The vowel that a final begins with; the i of iong is rounded, like v."""
    return "v" if final == "iong" else final[0]


def _consonant_db(unit: Unit) -> float:
    """Level of a recorded voiceless initial against its vowel."""
    power = float(np.square(unit.consonant, dtype=np.float64).mean()) if len(unit.consonant) else 0.0
    return 10 * np.log10(power + 1e-12) - unit.level_db


def voiceless(initial: str) -> bool:
    """True for an initial that is sung as its recorded noise."""
    return bool(initial) and initial not in SONORANTS and initial not in GLIDES


def _drawn(candidates: tuple[Unit, ...], rng: np.random.Generator) -> Unit:
    long_enough = [u for u in candidates if u.frames - u.vowel_start >= max(SHORT_FRAMES, NUCLEUS_FRAMES)]
    pool = long_enough or [max(candidates, key=lambda u: u.frames - u.vowel_start)]
    liking = np.array([_TONE_LIKING.get(unit.tone, 0.5) for unit in pool])
    return pool[int(rng.choice(len(pool), p=liking / liking.sum()))]


def breath_spectrum(units: Units) -> np.ndarray | None:
    """The coded spectrum (60) of an audible breath: the mean of the recorded h; None without any."""
    aspirations = [u.spectrum[: u.vowel_start].astype(np.float32) for u in units.by_initial.get("h", ())]
    long_enough = [rows[1:-2] for rows in aspirations if len(rows) >= 8]
    return np.concatenate(long_enough).mean(axis=0) if long_enough else None
