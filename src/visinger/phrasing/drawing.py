"""Pitch drawn in a score's source: followed by a performance, or replaced by what was sung.

Shapes: T frames.
"""

from bisect import bisect_left, bisect_right
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.performance import Performance, PhrasePerformance
from visinger.phrasing.sounds import continuous_f0, performed_sounds
from visinger.score.intonation import drawn_pitch
from visinger.score.score import Part, PitchPoint, Score, TempoMap
from visinger.units import FRAMES_PER_SECOND, TICKS_PER_QUARTER, hz_from_midi, midi_from_hz

_CURVE_DIGITS = 4  # a hundredth of a cent


def with_sung_pitch(score: Score, performance: Performance, *, part: int = 0) -> Score:
    """The score with the pitch curve that was sung in one part; it replaces what the source drew there.

    The curve has a point at every frame's centre and goes on through unvoiced
    sounds; pauses and breaths have none.
    """
    f0_hz = continuous_f0(performance.f0_hz(), performed_sounds(performance))
    seconds = (np.arange(len(f0_hz)) + 0.5) * performance.hop_samples / performance.sample_rate_hz
    ticks = np.round(ticks_at(score.tempo_map, seconds)).astype(np.int64)
    points: list[PitchPoint] = []
    for tick, hz in zip(ticks.tolist(), f0_hz.tolist(), strict=True):
        if points and points[-1].tick == tick and hz > 0:
            continue  # so slow that several frames fall on a tick
        if hz > 0:
            points.append(PitchPoint(tick, round(float(midi_from_hz(hz)), _CURVE_DIGITS)))
        elif points and points[-1].pitch_midi is not None:
            points.append(PitchPoint(tick, None))
    drawn = replace(
        score.parts[part],
        pitch_curve=tuple(points),
        bend=(),
        notes=tuple(replace(note, glide=(), vibrato=None) for note in score.parts[part].notes),
    )
    return replace(score, parts=(*score.parts[:part], drawn, *score.parts[part + 1 :]))


def draws_over(part: Part) -> bool:
    """Whether the source says of the pitch what a singer should follow: a curve, a bend, vibrato, a tuning.

    Glides are not: some editors draw one on every note.
    """
    return bool(part.pitch_curve or part.bend or any(note.vibrato or note.tuning_cents for note in part.notes))


def with_drawn_pitch(score: Score, performance: Performance, *, part: int = 0, semitones: int = 0) -> Performance:
    """The performance on the pitch that the source of one part draws; voicing stays the performance's own.

    Where the source has a pitch curve, that is sung; elsewhere its bends,
    vibratos and tunings are added to the pitch that the singer meant.
    `semitones` is how far the performance was transposed.
    """
    drawing = DrawnPitch(score, part, semitones=semitones)
    return replace(performance, phrases=tuple(drawing.followed(phrase) for phrase in performance.phrases))


class DrawnPitch:
    """What the source of one part draws, to be followed phrase by phrase; see `with_drawn_pitch`."""

    def __init__(self, score: Score, part: int, *, semitones: int = 0) -> None:
        self._source = score.parts[part]
        self._tempo_map = score.tempo_map
        self._semitones = semitones
        self._note_ticks = [note.start_tick for note in self._source.notes]
        self._bend_ticks = [point.tick for point in self._source.bend]
        self._curve_ticks = [point.tick for point in self._source.pitch_curve]

    def followed(self, performance: PhrasePerformance) -> PhrasePerformance:
        """The phrase on the drawn pitch, its context included."""
        phrase = performance.phrase
        if phrase.silent or not phrase.frames:
            return performance
        seconds = (phrase.start_frame + np.arange(phrase.frames) + 0.5) / FRAMES_PER_SECOND
        ticks = ticks_at(self._tempo_map, seconds)
        near = self._near(ticks)
        led = replace(near, pitch_curve=(), notes=tuple(replace(note, glide=()) for note in near.notes))
        written = replace(led, bend=(), notes=tuple(replace(n, vibrato=None, tuning_cents=0.0) for n in led.notes))
        added = drawn_pitch(led, self._tempo_map, ticks) - drawn_pitch(written, self._tempo_map, ticks)
        curve = drawn_pitch(replace(near, notes=(), bend=()), self._tempo_map, ticks) + self._semitones
        meant = performance.f0_hz * 2.0 ** (np.nan_to_num(added) / 12)
        drawn = np.where(np.isnan(curve), meant, hz_from_midi(curve))
        return replace(performance, f0_hz=np.where(performance.f0_hz > 0, drawn, 0.0))

    def _near(self, ticks: NDArray[np.float64]) -> Part:
        """The part with what it holds around these ticks, and with the last before and the first after."""
        source, first, last = self._source, float(ticks[0]), float(ticks[-1])

        def around(marks: list[int]) -> slice:
            return slice(max(bisect_left(marks, first) - 1, 0), bisect_right(marks, last) + 1)

        return replace(
            source,
            notes=source.notes[around(self._note_ticks)],
            bend=source.bend[around(self._bend_ticks)],
            pitch_curve=source.pitch_curve[around(self._curve_ticks)],
        )


def without_drawn_pitch(score: Score) -> Score:
    """The score as its notes alone have it: every part's curve, bends and vibratos left out."""
    parts = tuple(
        replace(part, pitch_curve=(), bend=(), notes=tuple(replace(note, vibrato=None) for note in part.notes))
        for part in score.parts
    )
    return replace(score, parts=parts)


def ticks_at(tempo_map: TempoMap, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T) the fractional tick of each time."""
    marks = [tempo.tick for tempo in tempo_map.tempos]
    times = [float(tempo_map.seconds(mark)) for mark in marks]
    last = tempo_map.tempos[-1]
    beyond = max(float(seconds.max(initial=0.0)) - times[-1], 0.0) + 1.0
    marks_and_end = [*marks, last.tick + beyond * TICKS_PER_QUARTER * float(last.quarters_per_minute) / 60]
    ticks: NDArray[np.float64] = np.interp(seconds, [*times, times[-1] + beyond], marks_and_end)
    return ticks
