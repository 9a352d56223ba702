"""A pitch curve by rule: what a singer's voice does around the notes of a score.

Shapes: N phonemes · T frames, frame t at (t + 0.5) × 10 ms.

Notes are joined by glides that arrive shortly after the vowel's onset, upward
leaps are prepared by a small dip and followed by an overshoot, notes after a
rest are approached from below, long notes carry vibrato, and all of it drifts.
Saitou et al. (2005) name the four deviations: overshoot, vibrato, preparation,
fluctuation. Their sizes were read off a person's singing (`visinger inspect
PJS --manner`); vibrato and mistuning are smaller here, so that a note is heard
as its own.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visinger.concatenation import chance
from visinger.concatenation.dynamics import Dynamics
from visinger.concatenation.notes import SECONDS_PER_FRAME, Note, notes_of
from visinger.phrasing.phrase import Phrase
from visinger.units import hz_from_midi


@dataclass(frozen=True)
class Manner:
    """How much of each deviation; a seed draws the values of every note around these."""

    glide_seconds: float = 0.095  # from note to note; measured 0.105 with its leap, PJS 0.108
    arrival_seconds: float = 0.042  # the glide ends so long after the vowel's onset; PJS 0.045
    scooped_share: float = 0.35  # of the notes after a rest, approached from below; PJS 0.30
    scoop_semitones: float = 1.4  # PJS the same
    scoop_seconds: float = 0.095  # until a third of a semitone is left, as in PJS
    preparation_semitones: float = 0.6  # before a leap of a third or more, at most
    overshoot_semitones: float = 0.8  # after it, at most
    fall_semitones: float = 0.9  # as the voice ends before a rest; PJS 0.79 in its last 30 ms
    fall_seconds: float = 0.05
    vibrato_share: float = 0.7  # of the long notes; half of all are long enough to show it, as in PJS
    vibrato_semitones: float = 0.55  # half of peak to peak; PJS 0.90
    vibrato_hz: float = 5.7  # and a little faster towards the end; PJS 5.9
    vibrato_after_seconds: float = 0.12  # PJS: from its first cycle on
    vibrato_from_seconds: float = 0.45  # shorter notes have none
    drift_semitones: float = 0.09  # heard as a standard deviation of 0.04; PJS the same
    jitter_semitones: float = 0.05
    dynamics: Dynamics = field(default_factory=Dynamics)  # its loudness


def draw(
    phrase: Phrase,
    frames: NDArray[np.int64],
    voiced: NDArray[np.bool_],
    *,
    seed: int,
    manner: Manner | None = None,
) -> NDArray[np.float64]:
    """F0 in Hz (T) of a phrase whose phonemes last `frames` (N); 0 where its phoneme is not `voiced` (N)."""
    manner = manner or Manner()
    total = int(frames.sum())
    pitch_midi = curve(notes_of(phrase, frames), total, seed, manner) + _drift(phrase.start_frame, total, seed, manner)
    return np.where(np.repeat(voiced, frames), hz_from_midi(pitch_midi), 0.0)


def curve(notes: list[Note], total: int, seed: int, manner: Manner) -> NDArray[np.float64]:
    """Pitch (T) in fractional MIDI numbers through all notes, rests bridged; without drift."""
    seconds = (np.arange(total) + 0.5) * SECONDS_PER_FRAME
    if not notes:
        return np.full(total, 60.0)
    pitch = np.full(total, float(notes[0].pitch_midi))
    shape = np.zeros(total)
    for before, note in zip([None, *notes], notes, strict=False):
        rng = chance.of_note(seed, note.index, chance.PITCH)
        length = note.end_seconds - note.start_seconds
        if before is not None:
            step = note.pitch_midi - before.pitch_midi
            glide = min(manner.glide_seconds * rng.uniform(0.8, 1.25), 0.6 * length)
            pitch += step * _rise(seconds, note.start_seconds + manner.arrival_seconds - glide, glide)
            if not note.after_rest:
                shape += _leap(seconds, note, step, rng, manner)
        if note.after_rest and rng.uniform() < manner.scooped_share:
            shape -= _scoop(seconds, note, rng, manner)
        if note.before_rest:
            to_end = np.maximum(note.end_seconds - seconds, 0)
            fall = manner.fall_semitones * rng.uniform(0.3, 1.7)
            shape -= fall * np.exp(-to_end / max(min(manner.fall_seconds, 0.3 * length), 1e-3)) * _inside(seconds, note)
        if length >= manner.vibrato_from_seconds and rng.uniform() < manner.vibrato_share:
            shape += _vibrato(seconds, note, rng, manner)
    return pitch + shape


def _rise(seconds: NDArray[np.float64], start: float, length: float) -> NDArray[np.float64]:
    """From 0 to 1 along a raised cosine."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((seconds - start) / max(length, 1e-3), 0, 1))


def _inside(seconds: NDArray[np.float64], note: Note) -> NDArray[np.bool_]:
    # a sonorant before the vowel belongs to its note
    return (seconds > note.start_seconds - 0.15) & (seconds < note.end_seconds)


def _scoop(seconds: NDArray[np.float64], note: Note, rng: np.random.Generator, manner: Manner) -> NDArray[np.float64]:
    """How far below its pitch a note starts; after `scoop_seconds` a quarter of it is left."""
    depth = manner.scoop_semitones * rng.uniform(0.6, 1.4)
    constant = min(manner.scoop_seconds / np.log(4), 0.2 * (note.end_seconds - note.start_seconds))
    since = np.maximum(seconds - note.start_seconds, 0)
    return depth * np.exp(-since / max(constant, 1e-3)) * _inside(seconds, note)


def _leap(
    seconds: NDArray[np.float64], note: Note, step: int, rng: np.random.Generator, manner: Manner
) -> NDArray[np.float64]:
    """The dip before a leap and the overshoot after it, in the direction of the leap."""
    if step == 0:
        return np.zeros_like(seconds)
    size = np.sign(step) * min(1.0, abs(step) / 4)
    arrived = note.start_seconds + manner.arrival_seconds
    dip = np.exp(-np.square((seconds - arrived + 1.5 * manner.glide_seconds) / 0.030))
    since = np.maximum(seconds - arrived, 0)
    over = np.sin(np.pi * np.minimum(since / 0.11, 1)) * np.exp(-since / 0.06)
    return size * (
        manner.overshoot_semitones * rng.uniform(0.2, 1.2) * 1.8 * over
        - manner.preparation_semitones * rng.uniform(0, 1) * dip
    )


def _vibrato(seconds: NDArray[np.float64], note: Note, rng: np.random.Generator, manner: Manner) -> NDArray[np.float64]:
    begin = note.start_seconds + manner.vibrato_after_seconds * rng.uniform(0.8, 1.3)
    swell = _rise(seconds, begin, 0.2) * (1 - _rise(seconds, note.end_seconds - 0.08, 0.08))
    rate_hz = manner.vibrato_hz * rng.uniform(0.9, 1.1)
    # a little faster towards the end, as voices do
    phase = rate_hz * (seconds - begin) * (1 + 0.04 * (seconds - begin))
    return manner.vibrato_semitones * rng.uniform(0.5, 1.3) * swell * np.sin(2 * np.pi * phase)


def _drift(first_frame: int, total: int, seed: int, manner: Manner) -> NDArray[np.float64]:
    """Slow wandering (below 2 Hz) and the small unsteadiness of every voice (3–12 Hz)."""
    white = chance.noise(seed, first_frame - 40, total + 80, chance.DRIFT)
    slow = np.convolve(white, np.hanning(81), mode="valid")
    quick = np.convolve(white[::-1], np.hanning(9), mode="valid")[::-1][36:-36]
    return manner.drift_semitones * slow / np.sqrt(30.0) + manner.jitter_semitones * quick / np.sqrt(3.0)
