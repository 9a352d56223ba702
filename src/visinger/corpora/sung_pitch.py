"""How the pitch of a corpus moves around its notes: glides, leaps, scoops, vibrato, unsteadiness.

Every figure is a median over notes unless it says otherwise. All of them see
the pitch through a tracker and the labels, so they are best read beside the
same figures of another corpus.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from visinger.corpora.sung_notes import SungNote, SungTake
from visinger.units import FRAMES_PER_SECOND

LEAP_SEMITONES = 2  # smaller steps are too near to the voice's own unsteadiness to be timed
SHORTEST_JOINED_FRAMES = 15
BEFORE_FRAMES, AFTER_FRAMES = 25, 30  # of a vowel's onset: where its glide is sought
COSINE_10_TO_90 = 0.59  # the share of a raised cosine's length that lies between a tenth and nine tenths
AT_REST_SEMITONES = 0.35
SCOOP_SEMITONES = 0.5  # deeper is heard as a scoop
LONG_FRAMES = 46  # notes over 0.45 s may have vibrato
WINDOW_FRAMES = 40  # of a vibrato's fit: two cycles
STILL_FRAMES = 13  # a window's first third may be still: a sine explains it all the same
RATES_HZ = np.arange(3.5, 8.01, 0.1)
VIBRATO_SEMITONES, VIBRATO_FIT = 0.12, 0.7  # half the extent, and the share of the variance that a sine explains
WAVERING_FRAMES = 25  # slower is drift, quicker is jitter


@dataclass(frozen=True)
class PitchManner:
    """The deviations that `concatenation.contour.Manner` draws, as measured."""

    notes: int
    off_centre_cents: float  # of the absolute distance of a settled note from its written pitch
    glides: int
    glide_seconds: float  # a raised cosine as steep
    arrival_seconds: float  # its end, after the vowel's onset
    overshoot_semitones: float  # beyond the settled pitch in the leap's direction, within 0.2 s
    preparation_semitones: float  # against the leap, before it
    starts: int  # notes after a rest
    start_semitones: float  # first voiced 20 ms from the settled pitch
    scooped_share: float  # of the starts, deeper than half a semitone
    scoop_semitones: float  # of those that are scooped
    scoop_seconds: float  # until a third of a semitone is left
    ends: int
    end_semitones: float  # last voiced 30 ms before a rest from the settled pitch
    fallen_share: float  # of the ends, deeper than half a semitone
    long_notes: int
    vibrato_share: float  # of notes over 0.45 s
    vibrato_hz: float
    vibrato_semitones: float  # half of peak to peak
    vibrato_after_seconds: float
    drift_semitones: float  # standard deviation of what is slower than a quarter of a second, without vibrato
    jitter_semitones: float  # and of what is quicker


@dataclass
class _Found:
    """Measured note by note."""

    off_centre: list[float] = field(default_factory=list)
    glides: list[tuple[float, float, float, float]] = field(default_factory=list)
    starts: list[tuple[float, float]] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    vibrato: list[tuple[float, float, float] | None] = field(default_factory=list)
    unsteady: list[tuple[float, float]] = field(default_factory=list)


def measure(takes: Iterable[SungTake]) -> PitchManner:
    """The pitch manner of some takes; NaN for what none of them shows."""
    found = _Found()
    for take in takes:
        for notes in take.stretches:
            _add(found, take, notes)
    glides, starts = _columns(found.glides, 4), _columns(found.starts, 2)
    scooped = starts[0] < -SCOOP_SEMITONES
    ends = np.array(found.ends)
    vibrato = _columns([one for one in found.vibrato if one is not None], 3)
    unsteady = _columns(found.unsteady, 2)
    return PitchManner(
        notes=len(found.off_centre),
        off_centre_cents=100 * median(np.abs(found.off_centre)),
        glides=glides.shape[1],
        glide_seconds=median(glides[0]),
        arrival_seconds=median(glides[1]),
        overshoot_semitones=median(glides[2]),
        preparation_semitones=median(glides[3]),
        starts=starts.shape[1],
        start_semitones=median(starts[0]),
        scooped_share=_share(scooped),
        scoop_semitones=median(-starts[0][scooped]),
        scoop_seconds=median(starts[1][scooped]),
        ends=len(ends),
        end_semitones=median(ends),
        fallen_share=_share(ends < -SCOOP_SEMITONES),
        long_notes=len(found.vibrato),
        vibrato_share=_share(np.array([one is not None for one in found.vibrato])),
        vibrato_hz=median(vibrato[0]),
        vibrato_semitones=median(vibrato[1]),
        vibrato_after_seconds=median(vibrato[2]),
        drift_semitones=median(unsteady[0]),
        jitter_semitones=median(unsteady[1]),
    )


def median(values: NDArray[np.float64] | list[float]) -> float:
    """The median of what is finite; NaN of nothing."""
    finite = np.asarray(values, dtype=np.float64)
    finite = finite[np.isfinite(finite)]
    return float(np.median(finite)) if len(finite) else np.nan


def _share(flags: NDArray[np.bool_]) -> float:
    return float(flags.mean()) if len(flags) else np.nan


def _columns(rows: list, count: int) -> NDArray[np.float64]:
    return np.array(rows, dtype=np.float64).reshape(-1, count).T


def _add(found: _Found, take: SungTake, notes: tuple[SungNote, ...]) -> None:
    centres = [take.sung_midi(note) for note in notes]
    for note, centre in zip(notes, centres, strict=True):
        if np.isfinite(centre):
            found.off_centre.append(centre - note.pitch_midi)
            _add_held(found, take, note, centre)
    for (before, note), (start, end) in zip(pairwise(notes), pairwise(centres), strict=True):
        glide = _glide(take, before, note, (start, end))
        if glide is not None:
            found.glides.append(glide)
    if np.isfinite(centres[0]):
        scoop = _scoop(take.pitch_midi, notes[0], centres[0])
        if scoop is not None:
            found.starts.append(scoop)
    if np.isfinite(centres[-1]):
        last = take.pitch_midi[notes[-1].start : notes[-1].end + 5]
        voiced = last[np.isfinite(last)]
        if len(voiced) >= 10:
            found.ends.append(float(np.median(voiced[-3:])) - centres[-1])


def _glide(
    take: SungTake, before: SungNote, note: SungNote, pitches: tuple[float, float]
) -> tuple[float, float, float, float] | None:
    """Length and arrival in seconds, overshoot and preparation in semitones, of a glide that is voiced throughout."""
    start, end = pitches
    lengths = note.start - before.start, note.vowel_end - note.start
    if not abs(end - start) >= LEAP_SEMITONES or min(lengths) < SHORTEST_JOINED_FRAMES:
        return None
    first = max(note.start - BEFORE_FRAMES, before.start + 3)
    pitch = take.pitch_midi[first : min(note.start + AFTER_FRAMES, note.vowel_end)]
    if not np.isfinite(pitch).all():
        return None
    along = (pitch - start) / (end - start)
    middle = np.flatnonzero((along[:-1] < 0.5) & (along[1:] >= 0.5))
    if not len(middle):
        return None
    half = int(middle[-1])
    low = np.flatnonzero(along[: half + 1] <= 0.1)
    high = np.flatnonzero(along[half:] >= 0.9)
    if not len(low) or not len(high):
        return None
    tenth, nine_tenths = int(low[-1]), half + int(high[0])
    tenth_at = _crossing(along, tenth, 0.1)
    nine_tenths_at = _crossing(along, nine_tenths - 1, 0.9)
    length = (nine_tenths_at - tenth_at) / COSINE_10_TO_90 / FRAMES_PER_SECOND
    middle_at = (0.5 * (tenth_at + nine_tenths_at) + first + 0.5 - note.start) / FRAMES_PER_SECOND
    direction = np.sign(end - start)
    over = direction * (pitch[nine_tenths : nine_tenths + 20] - end)
    dip = direction * (start - pitch[max(tenth - 15, 0) : tenth + 1])
    return length, middle_at + length / 2, float(over.max()), float(dip.max())


def _crossing(track: NDArray[np.float64], at: int, value: float) -> float:
    """Where between frames `at` and `at` + 1 the track passes `value`."""
    below, above = track[at], track[at + 1]
    return at + float(np.clip((value - below) / (above - below), 0, 1)) if above != below else float(at)


def _scoop(pitch_midi: NDArray[np.float64], note: SungNote, centre: float) -> tuple[float, float] | None:
    """How far from its pitch a note starts, and how long (seconds) it takes to come near it for good."""
    first = note.onset[0].start if note.onset else note.start
    voiced = first + np.flatnonzero(np.isfinite(pitch_midi[first : note.vowel_end]))
    if len(voiced) < 10 or note.vowel_end - note.start < SHORTEST_JOINED_FRAMES:
        return None
    off = pitch_midi[voiced] - centre
    far = np.flatnonzero(np.abs(off[:40]) > AT_REST_SEMITONES)
    # what is far again later is vibrato or the next glide
    leaves = np.flatnonzero(np.diff(far, prepend=-1) > 1)
    near = int(far[: leaves[0]][-1]) + 1 if len(leaves) and leaves[0] > 0 else len(far) if not len(leaves) else 0
    return float(np.median(off[:2])), near / FRAMES_PER_SECOND


def _add_held(found: _Found, take: SungTake, note: SungNote, centre: float) -> None:
    """Vibrato, drift and jitter of a long note."""
    if note.vowel_end - note.start < LONG_FRAMES:
        return
    held = take.pitch_midi[note.start + 10 : note.vowel_end - 5] - centre
    if not np.isfinite(held).all():
        return
    swings = vibrato(held)
    found.vibrato.append(None if swings is None else (swings[0], swings[1], swings[2] + 0.1))
    if swings is None:
        slow = np.convolve(held, np.hanning(WAVERING_FRAMES) / np.hanning(WAVERING_FRAMES).sum(), mode="valid")
        margin = WAVERING_FRAMES // 2
        quick = held[margin : len(held) - margin] - slow
        found.unsteady.append((float(slow.std()), float(quick.std())))


def vibrato(held: NDArray[np.float64]) -> tuple[float, float, float] | None:
    """Rate in Hz, half extent in semitones and delay in seconds of a held pitch's vibrato (frames of 10 ms).

    A window of 0.4 s has vibrato where a sine of 3.5–8 Hz on a straight line
    explains most of what the line leaves; None where no window has.
    """
    clock = (np.arange(WINDOW_FRAMES) - (WINDOW_FRAMES - 1) / 2) / FRAMES_PER_SECOND
    line = np.stack([np.ones_like(clock), clock])
    best: list[tuple[float, float, int]] = []  # rate, half extent, first frame
    for first in range(0, len(held) - WINDOW_FRAMES + 1, 2):
        window = held[first : first + WINDOW_FRAMES]
        window = window - line.T @ np.linalg.lstsq(line.T, window, rcond=None)[0]
        fits = [_sine(window, clock, line, hz) for hz in RATES_HZ]
        explained, extent, hz = max(fits)
        edge = hz in (RATES_HZ[0], RATES_HZ[-1])
        if explained > VIBRATO_FIT and extent > VIBRATO_SEMITONES and not edge:
            best.append((float(hz), extent, first))
    if not best:
        return None
    return (
        float(np.median([hz for hz, _, _ in best])),
        float(np.median([extent for _, extent, _ in best])),
        (best[0][2] + STILL_FRAMES * (best[0][2] > 0)) / FRAMES_PER_SECOND,
    )


def _sine(
    window: NDArray[np.float64], clock: NDArray[np.float64], line: NDArray[np.float64], hz: float
) -> tuple[float, float, float]:
    """How much of a window's variance a sine explains, its amplitude, its rate."""
    phase = 2 * np.pi * hz * clock
    terms = np.stack([np.sin(phase), np.cos(phase), *line]).T
    weights, *_ = np.linalg.lstsq(terms, window, rcond=None)
    left = np.square(window - terms @ weights).sum()
    whole = np.square(window).sum()
    return 1 - left / max(whole, 1e-12), float(np.hypot(weights[0], weights[1])), float(hz)
