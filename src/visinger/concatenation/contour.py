"""A pitch curve by rule: what a singer's voice does around the notes of a score.

Shapes: N phonemes · T frames, frame t at (t + 0.5) × 10 ms.

Notes are joined by glides that arrive shortly after the vowel's onset, upward
leaps are prepared by a small dip and followed by an overshoot, notes after a
rest are approached from below, long notes carry vibrato, and all of it drifts.
The sizes are those of trained but unpretentious singing (Saitou et al. 2005
name the four deviations: overshoot, vibrato, preparation, fluctuation).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.concatenation import chance
from visinger.phrasing.phrase import REST, Phrase
from visinger.units import FRAMES_PER_SECOND, hz_from_midi

SECONDS_PER_FRAME = 1.0 / FRAMES_PER_SECOND


@dataclass(frozen=True)
class Manner:
    """How much of each deviation; a seed draws the values of every note around these."""

    glide_seconds: float = 0.075  # from note to note
    arrival_seconds: float = 0.030  # the glide ends so long after the vowel's onset
    scoop_semitones: float = 0.9  # from below, after a rest
    scoop_seconds: float = 0.07
    preparation_semitones: float = 0.22
    overshoot_semitones: float = 0.28
    vibrato_semitones: float = 0.34  # half of peak to peak
    vibrato_hz: float = 5.5
    vibrato_after_seconds: float = 0.25
    vibrato_from_seconds: float = 0.45  # shorter notes have none
    drift_semitones: float = 0.06
    jitter_semitones: float = 0.015


@dataclass(frozen=True)
class _Note:
    start_seconds: float  # of its vowel
    end_seconds: float
    pitch_midi: int
    after_rest: bool
    before_rest: bool
    index: int  # in its part: keys its chances


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
    pitch_midi = curve(_notes(phrase, frames), total, seed, manner) + _drift(phrase.start_frame, total, seed, manner)
    return np.where(np.repeat(voiced, frames), hz_from_midi(pitch_midi), 0.0)


def _notes(phrase: Phrase, frames: NDArray[np.int64]) -> list[_Note]:
    """The sung notes, each from where its vowel really starts to the next one's or to a rest."""
    starts = np.concatenate([[0], np.cumsum(frames)]) * SECONDS_PER_FRAME
    heads = [n for n in range(len(frames)) if not phrase.before_beat[n] and _opens_slot(phrase, n)]
    notes = []
    for place, n in enumerate(heads):
        if phrase.pitches[n] == REST:
            continue
        following = heads[place + 1] if place + 1 < len(heads) else None
        notes.append(
            _Note(
                start_seconds=float(starts[n]),
                end_seconds=float(starts[following] if following is not None else starts[-1]),
                pitch_midi=int(phrase.pitches[n]),
                after_rest=place == 0 or phrase.pitches[heads[place - 1]] == REST,
                before_rest=following is None or phrase.pitches[following] == REST,
                index=int(phrase.score_notes[phrase.slot[n]]),
            )
        )
    return notes


def _opens_slot(phrase: Phrase, n: int) -> bool:
    return n == 0 or bool(phrase.before_beat[n - 1]) or phrase.slot[n] != phrase.slot[n - 1]


def curve(notes: list[_Note], total: int, seed: int, manner: Manner) -> NDArray[np.float64]:
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
        if note.after_rest:
            fall = manner.scoop_semitones * rng.uniform(0.4, 1.3)
            since = np.maximum(seconds - note.start_seconds, 0)
            shape -= fall * np.exp(-since / (manner.scoop_seconds * 0.45)) * _inside(seconds, note)
        if note.before_rest:
            to_end = np.maximum(note.end_seconds - seconds, 0)
            shape -= rng.uniform(0.1, 0.5) * np.exp(-to_end / 0.03) * _inside(seconds, note)
        if length >= manner.vibrato_from_seconds:
            shape += _vibrato(seconds, note, rng, manner)
    return pitch + shape


def _rise(seconds: NDArray[np.float64], start: float, length: float) -> NDArray[np.float64]:
    """From 0 to 1 along a raised cosine."""
    return 0.5 - 0.5 * np.cos(np.pi * np.clip((seconds - start) / max(length, 1e-3), 0, 1))


def _inside(seconds: NDArray[np.float64], note: _Note) -> NDArray[np.bool_]:
    # a sonorant before the vowel belongs to its note
    return (seconds > note.start_seconds - 0.15) & (seconds < note.end_seconds)


def _leap(
    seconds: NDArray[np.float64], note: _Note, step: int, rng: np.random.Generator, manner: Manner
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


def _vibrato(
    seconds: NDArray[np.float64], note: _Note, rng: np.random.Generator, manner: Manner
) -> NDArray[np.float64]:
    begin = note.start_seconds + manner.vibrato_after_seconds * rng.uniform(0.8, 1.3)
    swell = _rise(seconds, begin, 0.25) * (1 - _rise(seconds, note.end_seconds - 0.08, 0.08))
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
