"""Score → standard MIDI file (type 1): a track for tempo and bars, then one for each part with its lyrics."""

import io
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

import mido

from visinger.errors import OutputError
from visinger.files import written_whole
from visinger.score.formats.marks import STEP_DB
from visinger.score.score import LevelPoint, Note, Part, Score, TimeSignature
from visinger.units import TICKS_PER_QUARTER, round_half_up

MF_VELOCITY, VELOCITY_STEP = 80, 16  # the step by which editors tell p, mp, mf … apart
HELD = "-"  # what editors write under a note that holds the syllable before
_SLOWEST_MIDI_TEMPO = 2**24 - 1  # microseconds per quarter note in three bytes
_DRUMS = 9


def write_midi(path: str | Path, score: Score) -> None:
    """Write the score at 480 ticks to the quarter note; lyrics are UTF-8, `-` holds a syllable.

    Breaths have no place in a MIDI file; dynamics become velocities.
    """
    target = Path(path)
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_QUARTER, charset="utf-8")
    file.tracks.append(_conductor(score))
    for k, part in enumerate(score.parts):
        channel = [c for c in range(16) if c != _DRUMS][k % 15]
        file.tracks.append(_part(part, channel, score.length_ticks))
    content = io.BytesIO()
    try:
        file.save(file=content)
    except (ValueError, UnicodeEncodeError) as problem:
        remedy = "write it as JSON or MusicXML instead"
        raise OutputError(f"the score does not fit a MIDI file ({problem})", where=target, remedy=remedy) from None
    with written_whole(target) as aside:
        aside.write_bytes(content.getvalue())


def _track(events: Sequence[tuple[int, int, mido.MetaMessage | mido.Message]], end: int) -> mido.MidiTrack:
    """Messages at absolute ticks → a track; equal ticks in the order of their rank."""
    track, now = mido.MidiTrack(), 0
    for tick, _, message in sorted(events, key=lambda event: event[:2]):
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=max(end - now, 0)))
    return track


def _conductor(score: Score) -> mido.MidiTrack:
    events: list[tuple[int, int, mido.MetaMessage]] = [(0, 0, mido.MetaMessage("track_name", name=score.title))]
    for signature in _playable(score):
        message = mido.MetaMessage("time_signature", numerator=signature.beats, denominator=signature.beat_unit)
        events.append((signature.tick, 1, message))
    for tempo in score.tempo_map.tempos:
        microseconds = round_half_up(60_000_000 / tempo.quarters_per_minute)
        message = mido.MetaMessage("set_tempo", tempo=min(max(microseconds, 1), _SLOWEST_MIDI_TEMPO))
        events.append((tempo.tick, 2, message))
    return _track(events, score.length_ticks)


def _playable(score: Score) -> list[TimeSignature]:
    """The time signatures that MIDI can write: up to 255 beats of a power of two."""
    return [s for s in score.time_signatures if s.beats < 256 and s.beat_unit & (s.beat_unit - 1) == 0]


def _part(part: Part, channel: int, end: int) -> mido.MidiTrack:
    events: list[tuple[int, int, mido.MetaMessage | mido.Message]] = [
        (0, 0, mido.MetaMessage("track_name", name=part.name))
    ]
    for note in part.notes:
        text = _lyric(note)
        if part.sung and text:
            events.append((note.start_tick, 2, mido.MetaMessage("lyrics", text=text)))
        velocity = min(max(MF_VELOCITY + round(VELOCITY_STEP * _level(part.dynamics, note) / STEP_DB), 1), 127)
        on = mido.Message("note_on", note=note.pitch_midi, velocity=velocity, channel=channel)
        events.append((note.start_tick, 3, on))
        # Rank 1: a note ends before the next one on the same tick begins.
        events.append((note.end_tick, 1, mido.Message("note_off", note=note.pitch_midi, velocity=0, channel=channel)))
    return _track(events, end)


def _lyric(note: Note) -> str:
    if note.lyric is None:
        return HELD
    return note.lyric + (HELD if note.syllabic in ("begin", "middle") else "")


def _level(dynamics: Sequence[LevelPoint], note: Note) -> float:
    """The dynamics at the note's start, in dB."""
    k = bisect_right([point.tick for point in dynamics], note.start_tick)
    if k == 0:
        return dynamics[0].level_db if dynamics else 0.0
    before = dynamics[k - 1]
    if k == len(dynamics):
        return before.level_db
    after = dynamics[k]
    share = (note.start_tick - before.tick) / (after.tick - before.tick)
    return before.level_db + share * (after.level_db - before.level_db)
