"""The pitch that a score's source draws: notes, glides, vibrato, bend and pitch curve put together.

Shapes: T ticks asked for.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from visinger.score.score import GlidePoint, Note, Part, TempoMap

_EASES: dict[str, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "linear": lambda x: x,
    "sine": lambda x: (1 - np.cos(np.pi * x)) / 2,
    "slow-start": lambda x: 1 - np.cos(np.pi * x / 2),
    "slow-end": lambda x: np.sin(np.pi * x / 2),
}

USUAL_GLIDE_MS = 40.0  # OpenUtau's own, before and behind an onset


def draws_pitch(part: Part) -> bool:
    """Whether the source says more of the pitch than its notes: a curve, a bend, vibrato, glides from off the note."""
    glides = any(point.cents for note in part.notes for point in note.glide)
    return bool(part.pitch_curve or part.bend or glides or any(note.vibrato for note in part.notes))


def meant_glides(part: Part) -> tuple[tuple[GlidePoint, ...], ...]:
    """For each note the glide that somebody meant: none where it leaves the pitch alone or is the editor's own.

    OpenUtau draws one on every note: half a sine from the note before, from 40 ms
    before the onset to 40 ms behind it, or as flat a line where there is none before.
    """
    meant = []
    for k, note in enumerate(part.notes):
        step = 100.0 * (part.notes[k - 1].pitch_midi - note.pitch_midi) if k else 0.0
        usual = [(-USUAL_GLIDE_MS, step), (USUAL_GLIDE_MS, 0.0)]
        left_alone = [(point.ms, point.cents) for point in note.glide] == usual and note.glide[0].shape == "sine"
        meant.append(() if left_alone or not any(point.cents for point in note.glide) else note.glide)
    return tuple(meant)


def drawn_pitch(part: Part, tempo_map: TempoMap, ticks: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T) the fractional MIDI pitch at rising ticks, NaN where no note sounds and nothing is drawn.

    A pitch curve says the pitch outright where it is drawn. Elsewhere it is the
    note's, led in along its glide (which begins in the note before, if it
    reaches back), plus its vibrato and the part's bend.
    """
    ticks = np.asarray(ticks, dtype=np.float64)
    seconds = _seconds(tempo_map, ticks)
    pitch = np.full(len(ticks), np.nan)
    waves = np.zeros(len(ticks))
    sounding = np.zeros(len(ticks), dtype=bool)
    for note in part.notes:
        onset, end = float(tempo_map.seconds(note.start_tick)), float(tempo_map.seconds(note.end_tick))
        first, last = np.searchsorted(ticks, [note.start_tick, note.end_tick])
        sounding[first:last] = True
        reaches_back = min((point.ms for point in note.glide), default=0.0) / 1000
        # By ticks where it can be: an onset in seconds may be rounded past its own tick.
        begin = int(np.searchsorted(seconds, onset + reaches_back)) if reaches_back < 0 else int(first)
        pitch[begin:last] = note.pitch_midi + note.tuning_cents / 100
        if note.glide:
            pitch[begin:last] += glide_cents(note.glide, (seconds[begin:last] - onset) * 1000) / 100
        if note.vibrato:
            waves[first:last] = _wave(note, seconds[first:last], end - onset, end) / 100
    bend = np.zeros(len(ticks))
    if part.bend:
        points = np.array([(point.tick, point.cents) for point in part.bend])
        bend = np.interp(ticks, points[:, 0], points[:, 1], left=0.0, right=0.0) / 100
    sung = np.where(sounding, pitch + waves + bend, np.nan)
    curve = _curve(part, ticks)
    return np.where(np.isnan(curve), sung, curve)


def _seconds(tempo_map: TempoMap, ticks: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T) the time of each tick."""
    marks = [tempo.tick for tempo in tempo_map.tempos]
    marks.append(max(marks[-1], int(ticks[-1]) if len(ticks) else 0) + 1)  # the last tempo's line goes on to here
    return np.asarray(np.interp(ticks, marks, [float(tempo_map.seconds(mark)) for mark in marks]))


def glide_cents(points: tuple[GlidePoint, ...], ms: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T) cents off the note along the glide; its ends hold."""
    times = np.array([point.ms for point in points])
    cents = np.array([point.cents for point in points])
    led: NDArray[np.float64] = np.where(ms < times[0], cents[0], cents[-1])
    k = np.clip(np.searchsorted(times, ms, side="right") - 1, 0, max(len(times) - 2, 0))
    inside = (ms >= times[0]) & (ms < times[-1])
    after = np.minimum(k + 1, len(times) - 1)
    way = np.clip((ms - times[k]) / np.maximum(times[after] - times[k], 1e-9), 0.0, 1.0)
    shapes = np.array([point.shape for point in points])[k]
    for shape, ease in _EASES.items():
        led = np.where(inside & (shapes == shape), cents[k] + (cents[after] - cents[k]) * ease(way), led)
    return led


def _wave(note: Note, seconds: NDArray[np.float64], length: float, end: float) -> NDArray[np.float64]:
    """(T) cents of the note's vibrato."""
    vibrato = note.vibrato
    assert vibrato is not None
    lasting = length * vibrato.share
    into = seconds - (end - lasting)
    with np.errstate(divide="ignore", invalid="ignore"):
        rise = into / (lasting * vibrato.fade_in) if vibrato.fade_in > 0 else np.ones_like(into)
        fall = (lasting - into) / (lasting * vibrato.fade_out) if vibrato.fade_out > 0 else np.ones_like(into)
    swell = np.clip(np.minimum(rise, fall), 0.0, 1.0)
    turns = into * 1000 / vibrato.period_ms + vibrato.phase
    cents: NDArray[np.float64] = swell * (vibrato.depth_cents * np.sin(2 * np.pi * turns) + vibrato.offset_cents)
    return np.where(into >= 0, cents, 0.0)


def _curve(part: Part, ticks: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T) the pitch curve, NaN where it is not drawn."""
    if not part.pitch_curve:
        return np.full(len(ticks), np.nan)
    marks = np.array([point.tick for point in part.pitch_curve], dtype=np.float64)
    values = np.array([np.nan if p.pitch_midi is None else p.pitch_midi for p in part.pitch_curve])
    before = np.searchsorted(marks, ticks, side="right") - 1
    after = np.minimum(before + 1, len(marks) - 1)
    here = values[np.maximum(before, 0)]
    there = np.where(np.isnan(values[after]), here, values[after])
    span = np.maximum(marks[after] - marks[np.maximum(before, 0)], 1e-9)
    weight = np.clip((ticks - marks[np.maximum(before, 0)]) / span, 0.0, 1.0)
    inside = (before >= 0) & (ticks <= marks[-1])
    return np.where(inside, here + (there - here) * weight, np.nan)
