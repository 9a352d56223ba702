"""A picture of a performance: the notes as they are sung, the pitch over them, the phonemes beneath.

Shapes: T frames.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import takewhile

import numpy as np

from visinger.phrasing.performance import Performance
from visinger.phrasing.phrase import REST
from visinger.phrasing.sounds import performed_sounds
from visinger.score.picture import Roll, RollLine, RollNote, RollVoice, Stretch, drawn, framed
from visinger.units import midi_from_hz

LONGEST_SHOWN_SECONDS = 120.0  # on a notebook's page
_HUE_DEGREES = 210
_PIXELS_PER_SECOND = 150.0  # a consonant of 50 ms has room for its name


def performance_roll(performance: Performance, *, most_seconds: float = math.inf) -> str:
    """A self-contained SVG of a performance, or of its first seconds."""
    frame_seconds = performance.hop_samples / performance.sample_rate_hz
    seconds = min(performance.samples / performance.sample_rate_hz, most_seconds)
    notes = tuple(takewhile(lambda note: note.start_seconds < seconds, _notes(performance, frame_seconds)))
    lines = tuple(_lines(performance, frame_seconds, seconds))
    pitches = [note.pitch_midi for note in notes] + [pitch for line in lines for pitch in line.pitch_midi.tolist()]
    lane = tuple(
        Stretch(sound.start_frame * frame_seconds, sound.end_frame * frame_seconds, sound.symbol)
        for sound in performed_sounds(performance)
        if sound.start_frame * frame_seconds < seconds
    )
    return drawn(
        Roll(
            title="performance",
            seconds=seconds,
            low=math.floor(min(pitches, default=60)) - 2,
            high=math.ceil(max(pitches, default=72)) + 2,
            bar_lines=(),
            voices=(RollVoice(_HUE_DEGREES, True, notes, lines),),
            lane=lane,
            pixels_per_second=_PIXELS_PER_SECOND,
        )
    )


def shown(performance: Performance) -> str:
    """The picture for a notebook's page, in a frame that scrolls; of a long performance its beginning."""
    seconds = performance.samples / performance.sample_rate_hz
    told = f"{seconds:.1f} s"
    if seconds > LONGEST_SHOWN_SECONDS:
        told = f"the first {LONGEST_SHOWN_SECONDS:.0f} s of {told}"
    return framed(performance_roll(performance, most_seconds=LONGEST_SHOWN_SECONDS), told)


def _notes(performance: Performance, frame_seconds: float) -> Iterator[RollNote]:
    """Each slot that is sung; one in two pieces where its phrase was cut inside it."""
    for p in performance.phrases:
        phrase, kept = p.phrase, p.phrase.kept
        held = {int(slot): int(pitch) for slot, pitch in zip(phrase.slot, phrase.pitches, strict=True) if pitch != REST}
        starts: Sequence[int] = phrase.slot_starts.tolist()
        for slot, pitch in held.items():
            first, last = max(starts[slot], kept.start), min(starts[slot + 1], kept.stop)
            if first < last:
                begin, end = (phrase.start_frame + frame for frame in (first, last))
                place = f"note {int(phrase.score_notes[slot]) + 1}"
                yield RollNote(begin * frame_seconds, end * frame_seconds, pitch, "", place)


def _lines(performance: Performance, frame_seconds: float, seconds: float) -> Iterator[RollLine]:
    """The pitch wherever it is voiced."""
    f0_hz = performance.f0_hz()[: math.ceil(seconds / frame_seconds)]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (f0_hz > 0).astype(np.int8), [0]])))
    for first, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if last - first > 1:
            yield RollLine((np.arange(first, last) + 0.5) * frame_seconds, midi_from_hz(f0_hz[first:last]))
