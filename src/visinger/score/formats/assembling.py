"""From an editor's project to a `Score`: bar 1 at tick 0, one note at a time, lyrics understood, bounds checked."""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from visinger.errors import ScoreError, at_bar
from visinger.score.bars import Bars
from visinger.score.bounds import check_tempo, checked, in_singing_order, within_tempos
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.editor_lyrics import KANJI_BREATHS, Meaning, is_hanzi, understood
from visinger.score.formats.project import MOST_CURVE_POINTS, MOST_NOTES, MOST_PARTS, Project, ProjectNote, ProjectTrack
from visinger.score.formats.ticks import FARTHEST_TICK, Meter, possible_meter
from visinger.score.formats.words import hyphened
from visinger.score.score import (
    BendPoint,
    GlidePoint,
    LevelPoint,
    Note,
    Part,
    PitchPoint,
    Score,
    Tempo,
    TempoMap,
    TimeSignature,
)
from visinger.units import round_half_up

LONGEST_NAME = 80
MOST_EXACT_TEMPOS, FINEST_TEMPO = 200, 10**6
LONGEST_GLIDE_MS = 600_000.0
WIDEST_DB = 60.0
WIDEST_CENTS = 12_700.0
_LONGEST_LYRIC = 1000


def score_of(project: Project, doubts: Doubts, path: Path) -> Score:
    """The score; what a singer cannot do is mended with a doubt, what nobody can is a `ScoreError`."""
    _check_sizes(project, path)
    lines = [_told(track.notes) for track in project.tracks]
    origin = _origin(project, lines, doubts)
    signatures = _signatures(project.meters, origin)
    bars = Bars(signatures)
    for meter in project.meters:
        if not possible_meter(meter.beats, meter.beat_unit):
            place = bars.place(max(meter.tick - origin, 0))
            doubts.add(f"a time signature of {meter.beats} over {meter.beat_unit} is passed over", str(place[0]))
    if not project.tempos:
        doubts.add("the file has no tempo; 120 quarter notes per minute are taken")
    tempos: list[Tempo] = []
    for tempo in _tempos(project.tempos, origin):
        if tempo.quarters_per_minute <= 0:
            check_tempo(tempo.quarters_per_minute, at_bar(path, *bars.place(tempo.tick)))
        taken, doubt = within_tempos(tempo.quarters_per_minute)
        if doubt:
            bar, beat = bars.place(tempo.tick)
            doubts.add(doubt, str(bar), beat)
        tempos.append(Tempo(tempo.tick, taken))
    tempo_map = TempoMap(tuple(tempos))
    parts: list[Part] = []
    for track, line in zip(project.tracks, lines, strict=True):
        if line:
            parts.append(_part(track, line, _Frame(origin, bars, _distinct(track.name, parts), doubts)))
    end = max((note.end_tick for part in parts for note in part.notes), default=0)
    return checked(
        Score(
            parts=in_singing_order([part for part in parts if part.notes]),
            tempo_map=tempo_map,
            time_signatures=signatures,
            length_ticks=bars.whole(end),
            title=" ".join(project.title.split())[:200],
            bars=bars.count(bars.whole(end)),
            doubts=doubts.lines(),
            path=path,
        )
    )


@dataclass(frozen=True)
class _Told:
    """A note with what its lyric asks for."""

    note: ProjectNote
    meaning: Meaning

    @property
    def sounds(self) -> bool:
        return self.meaning.kind not in ("rest", "breath")


def _told(notes: Sequence[ProjectNote]) -> list[_Told]:
    """In a song of kana 息 and 吸 are breaths; among other hanzi they are words."""
    texts = [note.lyric[:_LONGEST_LYRIC] for note in notes]
    hanzi = any(is_hanzi(character) for text in texts if text[:1] not in KANJI_BREATHS for character in text)
    return [_Told(note, understood(text, kanji_breaths=not hanzi)) for note, text in zip(notes, texts, strict=True)]


@dataclass(frozen=True)
class _Frame:
    """What placing a part's notes needs: the file's tick of tick 0, the bars, the part's name."""

    origin: int
    bars: Bars
    name: str
    doubts: Doubts

    def doubt(self, problem: str, note: ProjectNote) -> None:
        bar, beat = self.bars.place(note.start - self.origin)
        self.doubts.add(f"{self.name}: {problem}", str(bar), beat)


def _check_sizes(project: Project, path: Path) -> None:
    notes = sum(len(track.notes) for track in project.tracks)
    points = sum(len(track.bend) + len(track.pitch) + len(track.levels) for track in project.tracks)
    parts = sum(bool(track.notes) for track in project.tracks)
    for count, most, what in (
        (parts, MOST_PARTS, "parts"),
        (notes, MOST_NOTES, "notes"),
        (points, MOST_CURVE_POINTS, "points of curves"),
    ):
        if count > most:
            raise ScoreError(f"more than {most:,} {what}", where=path, remedy="split the project")


# -- the time axis -----------------------------------------------------------------------------------


def _origin(project: Project, lines: Sequence[Sequence[_Told]], doubts: Doubts) -> int:
    """The tick of the file that becomes tick 0: bar 1, or as many bars earlier as notes need."""
    first = min((told.note.start for line in lines for told in line if told.sounds), default=project.first_bar_tick)
    origin = project.first_bar_tick
    if first >= origin:
        return origin
    bar = project.meters[0].bar_ticks if project.meters else Fraction(1920)
    bars = -((first - origin) // bar)
    counted = "a bar" if bars == 1 else f"{bars} bars"
    doubts.add(f"notes stand before bar 1; the score begins {counted} earlier")
    return origin - round_half_up(bars * bar)


def _signatures(meters: Sequence[Meter], origin: int) -> tuple[TimeSignature, ...]:
    possible = [meter for meter in meters if possible_meter(meter.beats, meter.beat_unit)]
    found: dict[int, tuple[int, int]] = {0: (4, 4)}
    for meter in sorted(possible, key=lambda m: m.tick):
        if meter.tick - origin <= FARTHEST_TICK:
            found[max(meter.tick - origin, 0)] = (meter.beats, meter.beat_unit)
    kept: list[TimeSignature] = []
    for tick, (beats, beat_unit) in sorted(found.items()):
        if not kept or (kept[-1].beats, kept[-1].beat_unit) != (beats, beat_unit):
            kept.append(TimeSignature(tick, beats, beat_unit))
    return tuple(kept)


def _tempos(tempos: Sequence[tuple[int, Fraction]], origin: int) -> tuple[Tempo, ...]:
    """The tempo map from tick 0 on; before the first mark its own tempo holds."""
    marks = sorted(tempos, key=lambda mark: mark[0]) or [(0, Fraction(120))]
    found = {0: marks[0][1]}
    for tick, speed in marks:
        if tick - origin <= FARTHEST_TICK:
            found[max(tick - origin, 0)] = speed
    kept: list[Tempo] = []
    for tick in sorted(found):
        speed = found[tick].limit_denominator(FINEST_TEMPO)
        if len(found) > MOST_EXACT_TEMPOS and speed > 0:  # a sum of so many unlike fractions would grow without end
            speed = Fraction(60 * 10**9, round(60 * 10**9 / speed) or 1)
        if not kept or kept[-1].quarters_per_minute != speed:
            kept.append(Tempo(tick, speed))
    return tuple(kept)


# -- parts -------------------------------------------------------------------------------------------


def _distinct(name: str, parts: Sequence[Part]) -> str:
    own = " ".join(name.split())[:LONGEST_NAME] or f"Track {len(parts) + 1}"
    taken = {part.name for part in parts}
    n, candidate = 1, own
    while candidate in taken:
        n += 1
        candidate = f"{own} {n}"
    return candidate


def _part(track: ProjectTrack, line: Sequence[_Told], frame: _Frame) -> Part:
    origin = frame.origin
    notes = hyphened(_sung(_one_at_a_time(line, frame), frame))
    bend = _from_zero([(tick - origin, _within(cents, WIDEST_CENTS)) for tick, cents in track.bend])
    levels = _from_zero([(tick - origin, _within(level, WIDEST_DB)) for tick, level in track.levels])
    return Part(
        name=frame.name,
        notes=tuple(notes),
        dynamics=tuple(LevelPoint(tick, level) for tick, level in levels),
        verses=(1,) if any(note.lyric for note in notes) else (),
        language=track.language,
        pitch_curve=_pitch_curve(track.pitch, origin),
        bend=tuple(BendPoint(tick, cents) for tick, cents in bend),
    )


def _within(value: float, widest: float) -> float:
    return max(-widest, min(value, widest))


def _one_at_a_time(line: Sequence[_Told], frame: _Frame) -> list[_Told]:
    """The highest of a chord, and each note ends where the next starts; rests are left out."""
    kept: list[_Told] = []
    for here in sorted(line, key=lambda told: told.note.start):
        note, before = here.note, kept[-1] if kept else None
        if here.meaning.kind == "rest":
            continue
        if note.end <= note.start:
            frame.doubt("a note without length is passed over", note)
        elif before is None or note.start >= before.note.end or not (before.sounds and here.sounds):
            kept.append(here)
        elif note.start == before.note.start:
            frame.doubt("of notes that start together the highest is taken", note)
            if note.pitch_midi > before.note.pitch_midi:
                kept[-1] = here
        else:
            frame.doubt("notes that run into the next are cut", note)
            kept[-1] = replace(before, note=replace(before.note, end=note.start))
            kept.append(here)
    return kept


def _sung(line: Sequence[_Told], frame: _Frame) -> list[Note]:
    """The notes of a line; a breath belongs to the note before it."""
    notes: list[Note] = []
    for told in line:
        source, meaning = told.note, told.meaning
        if meaning.kind == "breath":
            if notes:
                notes[-1] = replace(notes[-1], breath_after=True)
            continue
        bar, beat = frame.bars.place(source.start - frame.origin)
        notes.append(
            Note(
                start_tick=source.start - frame.origin,
                duration_ticks=source.end - source.start,
                pitch_midi=source.pitch_midi,
                lyric=meaning.text or None,
                phonemes=source.phonemes or meaning.phonemes,
                breath_after=source.breath_after,
                staccato=source.staccato,
                bar=str(bar),
                beat=beat,
                tuning_cents=_within(source.tuning_cents, WIDEST_CENTS),
                phoneme_hint=source.phoneme_hint or meaning.hint,
                language=source.language,
                glide=tuple(
                    GlidePoint(_within(p.ms, LONGEST_GLIDE_MS), _within(p.cents, WIDEST_CENTS), p.shape)
                    for p in source.glide
                ),
                vibrato=source.vibrato,
            )
        )
    return notes


# -- curves ------------------------------------------------------------------------------------------


def _from_zero(points: Sequence[tuple[int, float]]) -> list[tuple[int, float]]:
    """A curve from tick 0 on, with its value there, without points that say nothing new."""
    ordered = sorted(((min(tick, FARTHEST_TICK), value) for tick, value in points), key=lambda point: point[0])
    ticks = [tick for tick, _ in ordered]
    first = bisect_right(ticks, -1)
    if first and first < len(ordered):
        (x0, y0), (x1, y1) = ordered[first - 1], ordered[first]
        ordered[first - 1] = (0, y0 + (y1 - y0) * (0 - x0) / (x1 - x0) if x1 > x0 else y1)
        first -= 1
    return _thinned(ordered[first:], lambda value: value == 0.0)


def _thinned(points: Sequence[tuple[int, float]], silent: Callable[[float], bool]) -> list[tuple[int, float]]:
    """Without the middle ones of equal values in a row; nothing where all are silent."""
    if all(silent(value) for _, value in points):
        return []
    kept: list[tuple[int, float]] = []
    for point in points:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and kept[-2][1] == kept[-1][1] == point[1]:
            kept.pop()
        kept.append(point)
    return kept


def _pitch_curve(points: Sequence[tuple[int, float | None]], origin: int) -> tuple[PitchPoint, ...]:
    kept: list[PitchPoint] = []
    for tick, pitch in sorted(points, key=lambda point: point[0]):
        if tick < origin or (pitch is None and (not kept or kept[-1].pitch_midi is None)):
            continue
        inside = pitch is None or 0.0 <= pitch <= 127.0
        if (
            inside
            and tick - origin <= FARTHEST_TICK
            and not (kept and kept[-1].tick == tick - origin and kept[-1].pitch_midi == pitch)
        ):
            kept.append(PitchPoint(tick - origin, pitch))
    return tuple(kept)
