"""Score → UTAU's sequence (.ust): one part, its notes and rests one after another, 480 ticks a quarter note.

A tempo holds from a note on, so a note in which the tempo changes is written as
two, the second held. Pitch is written in one of UTAU's two ways: glides as points
with widths and heights (mode 2) and vibrato, or, where the score draws a curve, a
bend or a tuning, all of it as whole cents every five ticks of each note (mode 1).

Shift-JIS, which UTAU reads, where a reader cannot mistake it; else UTF-8, saying so.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from visinger.files import written_whole
from visinger.score.formats.midi_text import decoder
from visinger.score.formats.words import spread_words
from visinger.score.intonation import drawn_pitch
from visinger.score.score import GlidePoint, LevelPoint, Note, Part, Score, TempoMap
from visinger.units import gain_from_db, round_half_up

PITCH_TICKS = 5  # between the numbers of PitchBend
WIDEST_CENTS = 2047  # of a number that resamplers take in 12 bits
LOUDEST_PERCENT = 200
REST, BREATH, NO_TUNE = "R", "br", 60
_SHAPES = {"sine": "", "linear": "s", "slow-end": "r", "slow-start": "j"}
_CENTS_PER_HEIGHT = 10


@dataclass(frozen=True)
class _Event:
    """A section: a note, a piece of one after a tempo mark, or a rest."""

    start: int
    end: int
    lyric: str
    pitch_midi: int  # of a rest, that of the note before
    note: Note | None  # None: a rest
    whole: bool = True  # False for pieces


@dataclass
class _Lost:
    """What did not fit, counted."""

    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str) -> None:
        self.counts[what] = self.counts.get(what, 0) + 1

    def lines(self) -> tuple[str, ...]:
        return tuple(f"{count} note{'' if count == 1 else 's'} {what}" for what, count in self.counts.items())


def write_ust(path: str | Path, score: Score) -> tuple[str, ...]:
    """Write the score's first part for UTAU; returns what had to be changed or left out.

    `-` (`ー` among kana) holds a syllable, `+` sings a word's next one. Dynamics
    become the notes' intensities. OutputError when the disk refuses.
    """
    lost = _Lost()
    part = score.parts[0]
    lines = [f"[#{number:04d}]{line}" for number, line in enumerate(_sections(score, part, lost))]
    drawn = _is_drawn(part)
    title = " ".join(score.title.split())
    setting = [f"Tempo={_tempo(score.tempo_map, 0)}", "Tracks=1", f"ProjectName={title}", f"Mode2={not drawn}"]
    body = "\n".join(["[#SETTING]", *setting, *lines, "[#TRACKEND]", ""])
    content = _encoded(body, [note.lyric or "" for note in part.notes])
    with written_whole(Path(path)) as aside:
        aside.write_bytes(content)
    return (*_left_out(score), *lost.lines())


def _left_out(score: Score) -> list[str]:
    told = []
    if len(score.parts) > 1:
        others = ", ".join(part.name for part in score.parts[1:])
        told.append(f"UTAU's sequence holds one part, '{score.parts[0].name}': without {others} (--part)")
    if any((s.beats, s.beat_unit) != (4, 4) for s in score.time_signatures):
        told.append("UTAU's sequence has no bars: the time signatures are lost")
    return told


def _encoded(body: str, lyrics: Sequence[str]) -> bytes:
    """Shift-JIS only where kana tell it: nothing in the file names it."""
    text = body.replace("\n", "\r\n")
    version, named = "[#VERSION]\r\nUST Version1.2\r\n", "Charset=UTF-8\r\n"
    try:
        plain = (version + text).encode("cp932")
        told = decoder([lyric.encode("cp932") for lyric in lyrics])
    except UnicodeEncodeError:
        return (version + named + text).encode()
    return plain if text.isascii() or told == "cp932" else (version + named + text).encode()


# -- notes and rests ---------------------------------------------------------------------------------


def _sections(score: Score, part: Part, lost: _Lost) -> list[str]:
    """The sections, each without its number."""
    marks = [tempo.tick for tempo in score.tempo_map.tempos]
    drawn = _is_drawn(part)
    sections: list[str] = []
    before: _Event | None = None
    for event in _events(part, marks, lost):
        lines = [f"Length={event.end - event.start}", f"Lyric={event.lyric}", f"NoteNum={event.pitch_midi}"]
        if event.start in marks and event.start:
            lines.append(f"Tempo={_tempo(score.tempo_map, event.start)}")
        if event.note is not None:
            lines += _intensity(event, part.dynamics)
            lines += _drawn(event, part, score.tempo_map, lost) if drawn else _curved(event, before, score.tempo_map)
        sections.append("\n" + "\n".join(lines))
        before = event
    return sections


def _events(part: Part, marks: Sequence[int], lost: _Lost) -> list[_Event]:
    """Notes and the rests between them from tick 0 on, parted where the tempo changes."""
    lyrics = spread_words(part.notes)
    held = "ー" if any("ぁ" <= c <= "ヺ" for note in part.notes for c in note.lyric or "") else "-"
    events: list[_Event] = []
    now, last_pitch = 0, NO_TUNE
    for k, (note, lyric) in enumerate(zip(part.notes, lyrics, strict=True)):
        breath = BREATH if k and part.notes[k - 1].breath_after else REST
        events += _parted(_Event(now, note.start_tick, breath, last_pitch, None), marks, REST)
        typed = f"[{' '.join(note.phonemes)}]" if note.phonemes else ""
        text = typed or " ".join((lyric or "").split()) or held
        pieces = _parted(_Event(note.start_tick, note.end_tick, text, note.pitch_midi, note), marks, held)
        if len(pieces) > 1:
            lost.add("written as several, without vibrato, since the tempo changes inside")
        if k and breath == BREATH and note.start_tick == now:
            lost.add("without their breath, for which there is no rest")
        events += pieces
        now, last_pitch = note.end_tick, note.pitch_midi
    return events


def _parted(event: _Event, marks: Sequence[int], held: str) -> list[_Event]:
    """The event, or its pieces between the tempo marks inside it; nothing where it has no length."""
    inside = [mark for mark in marks if event.start < mark < event.end]
    if not inside:
        return [event] if event.end > event.start else []
    bounds = [event.start, *inside, event.end]
    return [
        replace(event, start=start, end=end, whole=False, lyric=event.lyric if start == event.start else held)
        for start, end in pairwise(bounds)
    ]


def _tempo(tempo_map: TempoMap, tick: int) -> str:
    at = bisect_right([tempo.tick for tempo in tempo_map.tempos], tick) - 1
    return _number(float(tempo_map.tempos[at].quarters_per_minute), digits=6)


def _intensity(event: _Event, levels: Sequence[LevelPoint]) -> list[str]:
    """The level at the onset as a percentage of the sample's own amplitude."""
    if not levels:
        return []
    level_db = float(np.interp(event.start, [p.tick for p in levels], [p.level_db for p in levels]))
    return [f"Intensity={min(round_half_up(100 * float(gain_from_db(level_db))), LOUDEST_PERCENT)}"]


def _number(value: float, *, digits: int = 3) -> str:
    """Without trailing noughts, never in powers of ten."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("", "-0") else text


# -- pitch -------------------------------------------------------------------------------------------


def _is_drawn(part: Part) -> bool:
    """Whether the pitch is more than glides and vibrato can say."""
    return bool(part.pitch_curve or part.bend or any(note.tuning_cents for note in part.notes))


def _drawn(event: _Event, part: Part, tempo_map: TempoMap, lost: _Lost) -> list[str]:
    """Mode 1: all that is drawn, in cents off the note every five ticks from its onset."""
    assert event.note is not None
    ticks = np.arange(event.start, event.end, PITCH_TICKS, dtype=np.float64)
    cents = np.round((drawn_pitch(part, tempo_map, ticks) - event.note.pitch_midi) * 100)
    if (np.abs(cents) > WIDEST_CENTS).any():
        lost.add(f"cut where the pitch is more than {WIDEST_CENTS} cents off")
    numbers = np.clip(cents, -WIDEST_CENTS, WIDEST_CENTS).astype(np.int64)
    if not numbers.any():
        return []
    return ["PBType=5", "PBStart=0", f"PitchBend={','.join(map(str, numbers.tolist()))}"]


def _curved(event: _Event, before: _Event | None, tempo_map: TempoMap) -> list[str]:
    """Mode 2: the glide into a note and its vibrato; a piece of a note has what falls to it of neither."""
    note = event.note
    assert note is not None
    if event.start != note.start_tick:
        return []
    seconds = tempo_map.seconds(event.end) - tempo_map.seconds(event.start)
    lines = _glide(note, before, float(seconds) * 1000)
    return [*lines, *_vibrato(note)] if event.whole else lines


def _glide(note: Note, before: _Event | None, note_ms: float) -> list[str]:
    """UTAU leads from the pitch of the note before, and ends on the note: what begins or ends elsewhere jumps there."""
    points = list(note.glide)
    if not any(point.cents for point in points):
        return []
    led_from = points[0].cents
    if before is not None and before.lyric != REST:
        led_from = 100.0 * (before.pitch_midi - note.pitch_midi)
    if abs(led_from - points[0].cents) > 1e-6:
        first_ms = min(points[0].ms, 0.0)
        held = [] if first_ms == points[0].ms else [GlidePoint(first_ms, points[0].cents)]
        points = [GlidePoint(first_ms, led_from), *held, *points]
    if points[-1].cents or len(points) == 1:
        end_ms = max(note_ms, points[-1].ms)
        points += [GlidePoint(end_ms, points[-1].cents), GlidePoint(end_ms, 0.0)]
    steps = list(pairwise(points))
    heights = [_number(after.cents / _CENTS_PER_HEIGHT) for _, after in steps[:-1]]
    lines = [f"PBS={_number(points[0].ms)};{_number(points[0].cents / _CENTS_PER_HEIGHT)}"]
    lines.append("PBW=" + ",".join(_number(after.ms - here.ms) for here, after in steps))
    if heights:
        lines.append("PBY=" + ",".join(heights))
    return [*lines, "PBM=" + ",".join(_SHAPES[here.shape] for here, _ in steps)]


def _vibrato(note: Note) -> list[str]:
    """Lengths in percent; the crest is `depth` cents off the middle, the last number a share of the depth."""
    wave = note.vibrato
    if wave is None:
        return []
    drift = 100 * wave.offset_cents / wave.depth_cents if wave.depth_cents else 0.0
    numbers = (
        100 * wave.share,
        wave.period_ms,
        wave.depth_cents,
        100 * wave.fade_in,
        100 * wave.fade_out,
        100 * (wave.phase % 1),
        max(-100.0, min(drift, 100.0)),
    )
    return ["VBR=" + ",".join(_number(number) for number in numbers)]
