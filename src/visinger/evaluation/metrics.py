"""Measures of singing, each a definition and a unit (VISinger §3.3 and more).

Nothing here warps time: frame t of one is compared with frame t of the other.
A share or a mean is returned as `Tally`, a sum beside the number of things
summed, so that clips pool exactly and intervals can be drawn over clips.

Shapes: T frames · N phonemes · M mel bands; F0 in Hz, 0 where unvoiced.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.units import FRAMES_PER_SECOND, cents_between, hz_from_midi, midi_from_hz

MS_PER_FRAME = 1000 / FRAMES_PER_SECOND
IN_TUNE_CENTS = 50.0


@dataclass(frozen=True)
class Tally:
    """A mean that can still be added to: `total` over `count` things."""

    total: float
    count: float

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else float("nan")

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.total + other.total, self.count + other.count)


def tally(values: ArrayLike) -> Tally:
    """The sum of the values and how many there are."""
    array = np.asarray(values, dtype=np.float64)
    return Tally(float(array.sum()), float(array.size))


def _alike(one: NDArray, other: NDArray) -> None:
    if one.shape != other.shape:
        raise ValueError(f"shapes {one.shape} and {other.shape} differ: nothing is warped here")


def _voiced_pairs(f0_hz: ArrayLike, reference_hz: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    ours, theirs = np.asarray(f0_hz, np.float64), np.asarray(reference_hz, np.float64)
    _alike(ours, theirs)
    both = (ours > 0) & (theirs > 0)
    return ours[both], theirs[both]


def f0_mae_hz(f0_hz: ArrayLike, reference_hz: ArrayLike) -> Tally:
    """F0 MAE in Hz: mean |f − f_ref| over the frames voiced in both (T, T)."""
    ours, theirs = _voiced_pairs(f0_hz, reference_hz)
    return tally(np.abs(ours - theirs))


def f0_mae_cents(f0_hz: ArrayLike, reference_hz: ArrayLike) -> Tally:
    """F0 MAE in cents: mean |1200 log2(f / f_ref)| over the frames voiced in both."""
    return tally(np.abs(cents_between(*_voiced_pairs(f0_hz, reference_hz))))


def log_f0_squares(f0_hz: ArrayLike, reference_hz: ArrayLike) -> Tally:
    """Squares of ln(f / f_ref) over the frames voiced in both; log-F0 RMSE is the root of their mean."""
    ours, theirs = _voiced_pairs(f0_hz, reference_hz)
    return tally(np.square(np.log(ours / theirs)))


def semitone_accuracy(f0_hz: ArrayLike, reference_hz: ArrayLike) -> Tally:
    """Share of the frames voiced in both whose pitches round to the same semitone."""
    ours, theirs = _voiced_pairs(f0_hz, reference_hz)
    return tally(np.round(midi_from_hz(ours)) == np.round(midi_from_hz(theirs)))


def voicing_error(f0_hz: ArrayLike, reference_hz: ArrayLike) -> Tally:
    """Share of all frames that are voiced in one and unvoiced in the other."""
    ours, theirs = np.asarray(f0_hz), np.asarray(reference_hz)
    _alike(ours, theirs)
    return tally((ours > 0) != (theirs > 0))


def duration_mae_frames(frames: ArrayLike, reference_frames: ArrayLike, counted: ArrayLike | None = None) -> Tally:
    """Duration MAE in frames: mean |d − d_ref| over phonemes (N); `counted` (N) leaves some out.

    One frame is `MS_PER_FRAME` milliseconds.
    """
    ours, theirs = np.asarray(frames, np.float64), np.asarray(reference_frames, np.float64)
    _alike(ours, theirs)
    errors = np.abs(ours - theirs)
    return tally(errors if counted is None else errors[np.asarray(counted, bool)])


def mel_distance(log_mel: ArrayLike, reference_log_mel: ArrayLike, counted: ArrayLike | None = None) -> Tally:
    """Mean |difference| of natural-log mel magnitudes (M, T), over bands and frames (`counted`: (T))."""
    ours, theirs = np.asarray(log_mel, np.float64), np.asarray(reference_log_mel, np.float64)
    _alike(ours, theirs)
    per_frame = np.abs(ours - theirs).mean(axis=0)
    return tally(per_frame if counted is None else per_frame[np.asarray(counted, bool)])


def note_frames_within(f0_hz: ArrayLike, note_midi: ArrayLike, *, cents: float = IN_TUNE_CENTS) -> Tally:
    """Share of voiced note frames within `cents` of the score's pitch; `note_midi` (T) is 0 outside notes.

    People do not sing the score: on PJS the singer's own figure is 64 %.
    """
    pitch, note = np.asarray(f0_hz, np.float64), np.asarray(note_midi, np.float64)
    _alike(pitch, note)
    sung = (pitch > 0) & (note > 0)
    return tally(np.abs(cents_between(pitch[sung], hz_from_midi(note[sung]))) <= cents)


@dataclass(frozen=True)
class PitchFollowing:
    """How closely a sound keeps to the curve it was sung from."""

    within: Tally  # of all asked frames, unheard ones counted as missed
    heard: Tally  # share of the asked frames in which the tracker hears a pitch
    cents: NDArray[np.float64]  # |deviation| of every frame heard

    @property
    def median_cents(self) -> float:
        return float(np.median(self.cents)) if len(self.cents) else float("nan")


def pitch_following(
    heard_hz: ArrayLike, curve_hz: ArrayLike, vowel: ArrayLike, *, cents: float = IN_TUNE_CENTS
) -> PitchFollowing:
    """Vowel frames (T, bool) that the curve voices, and how far the heard pitch lies from it.

    `heard_hz` must come from a tracker that did not make the curve. A frame
    in which it hears no pitch is a miss.
    """
    heard, curve = np.asarray(heard_hz, np.float64), np.asarray(curve_hz, np.float64)
    _alike(heard, curve)
    asked = np.asarray(vowel, bool) & (curve > 0)
    both = asked & (heard > 0)
    deviation = np.abs(cents_between(heard[both], curve[both]))
    count = float(np.count_nonzero(asked))
    return PitchFollowing(
        Tally(float(np.count_nonzero(deviation <= cents)), count),
        Tally(float(np.count_nonzero(both)), count),
        deviation,
    )


@dataclass(frozen=True)
class OnsetTiming:
    """Deviations of heard onsets from meant ones, in ms; positive is late."""

    bias_ms: float  # median
    spread_ms: float  # median |deviation − bias|
    p90_ms: float  # 90th percentile of |deviation − bias|
    heard: int
    meant: int


def onset_deviations_ms(heard_frames: ArrayLike, meant_frames: ArrayLike) -> NDArray[np.float64]:
    """Heard minus meant onset in ms, for the onsets that were heard (NaN or negative: not heard)."""
    heard, meant = np.asarray(heard_frames, np.float64), np.asarray(meant_frames, np.float64)
    _alike(heard, meant)
    found = np.isfinite(heard) & (heard >= 0)
    return (heard[found] - meant[found]) * MS_PER_FRAME


def onset_timing(deviations_ms: ArrayLike, meant: int) -> OnsetTiming:
    """Bias and spread of onset deviations; compare them with the same detector's on the recordings."""
    deviations = np.asarray(deviations_ms, np.float64)
    if not len(deviations):
        return OnsetTiming(np.nan, np.nan, np.nan, 0, meant)
    bias = float(np.median(deviations))
    around = np.abs(deviations - bias)
    return OnsetTiming(bias, float(np.median(around)), float(np.quantile(around, 0.9)), len(deviations), meant)
