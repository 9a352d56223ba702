"""Pitch drawn in a score's source: followed by a performance, or replaced by what was sung.

Shapes: T frames.
"""

from bisect import bisect_left, bisect_right
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from visinger.phrasing.performance import Performance, PhrasePerformance
from visinger.phrasing.sounds import continuous_f0, performed_sounds
from visinger.score.intonation import drawn_pitch, glide_cents, meant_glides
from visinger.score.score import Part, PitchPoint, Score, TempoMap
from visinger.units import FRAMES_PER_SECOND, TICKS_PER_QUARTER, hz_from_midi, midi_from_hz

LEAN_MS = 25.0  # over which a glide leans over into the singer's own pitch
LONGEST_LEAD_MS = 1000.0  # a glide begins no earlier before its note
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
    """Whether the source says of the pitch what a singer should follow: a curve, a bend, vibrato, a tuning, a glide.

    A glide that an editor draws on every note is left to the singer.
    """
    by_note = any(note.vibrato or note.tuning_cents for note in part.notes)
    return bool(part.pitch_curve or part.bend or by_note or any(meant_glides(part)))


def with_drawn_pitch(score: Score, performance: Performance, *, part: int = 0, semitones: int = 0) -> Performance:
    """The performance on the pitch that the source of one part draws; voicing stays the performance's own.

    Where the source has a pitch curve, that is sung; elsewhere its bends,
    vibratos and tunings are added to the pitch that the singer meant, which at
    a glide is the glide's: at both its ends it leans over into the singer's own.
    `semitones` is how far the performance was transposed.
    """
    drawing = DrawnPitch(score, part, semitones=semitones)
    return replace(performance, phrases=tuple(drawing.followed(phrase) for phrase in performance.phrases))


class DrawnPitch:
    """What the source of one part draws, to be followed phrase by phrase; see `with_drawn_pitch`."""

    def __init__(self, score: Score, part: int, *, semitones: int = 0) -> None:
        source = score.parts[part]
        led = zip(source.notes, meant_glides(source), strict=True)
        self._source = replace(source, notes=tuple(replace(note, glide=glide) for note, glide in led))
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
        meant = self._gliding(meant, near, seconds, ticks)
        drawn = np.where(np.isnan(curve), meant, hz_from_midi(curve))
        return replace(performance, f0_hz=np.where(performance.f0_hz > 0, drawn, 0.0))

    def _gliding(
        self, f0_hz: NDArray[np.float64], near: Part, seconds: NDArray[np.float64], ticks: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """(T) the pitch led into the notes along their glides, where the bend alone may move it."""
        led = f0_hz.copy()
        for note in near.notes:
            if not note.glide:
                continue
            ms = (seconds - float(self._tempo_map.seconds(note.start_tick))) * 1000
            first, last = max(note.glide[0].ms, -LONGEST_LEAD_MS), note.glide[-1].ms
            if note.glide[-1].cents:
                last = np.inf  # it never comes to its note: the end holds
            here = np.flatnonzero((ms >= first) & (ms <= last) & (ticks < note.end_tick) & (f0_hz > 0))
            bend = np.interp(ticks[here], *_bend(near), left=0.0, right=0.0)
            cents = glide_cents(note.glide, ms[here]) + note.tuning_cents + bend
            line = hz_from_midi(note.pitch_midi + self._semitones + cents / 100)
            lean = max(min(LEAN_MS, (last - first) / 3), 1e-9)
            edge = np.clip(np.minimum(ms[here] - first, last - ms[here]) / lean, 0.0, 1.0)
            weight = (1 - np.cos(np.pi * edge)) / 2
            led[here] = led[here] ** (1 - weight) * line**weight
        return led

    def _near(self, ticks: NDArray[np.float64]) -> Part:
        """The part with what it holds around these ticks, and with the last before and the first after."""
        source, first, last = self._source, float(ticks[0]), float(ticks[-1])

        def around(marks: list[int], until: float = last) -> slice:
            return slice(max(bisect_left(marks, first) - 1, 0), bisect_right(marks, until) + 1)

        fastest = max(float(tempo.quarters_per_minute) for tempo in self._tempo_map.tempos)
        ahead = last + LONGEST_LEAD_MS / 60_000 * fastest * TICKS_PER_QUARTER  # whose glide may begin here

        return replace(
            source,
            notes=source.notes[around(self._note_ticks, ahead)],
            bend=source.bend[around(self._bend_ticks)],
            pitch_curve=source.pitch_curve[around(self._curve_ticks)],
        )


def without_drawn_pitch(score: Score) -> Score:
    """The score as its notes alone have it: every part's curve, bends, glides and vibratos left out."""
    parts = tuple(
        replace(part, pitch_curve=(), bend=(), notes=tuple(replace(n, glide=(), vibrato=None) for n in part.notes))
        for part in score.parts
    )
    return replace(score, parts=parts)


def _bend(part: Part) -> tuple[list[int], list[float]]:
    return [point.tick for point in part.bend] or [0], [point.cents for point in part.bend] or [0.0]


def ticks_at(tempo_map: TempoMap, seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """(T) the fractional tick of each time."""
    marks = [tempo.tick for tempo in tempo_map.tempos]
    times = [float(tempo_map.seconds(mark)) for mark in marks]
    last = tempo_map.tempos[-1]
    beyond = max(float(seconds.max(initial=0.0)) - times[-1], 0.0) + 1.0
    marks_and_end = [*marks, last.tick + beyond * TICKS_PER_QUARTER * float(last.quarters_per_minute) / 60]
    ticks: NDArray[np.float64] = np.interp(seconds, [*times, times[-1] + beyond], marks_and_end)
    return ticks
