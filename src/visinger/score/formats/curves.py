"""Curves over a score: tempo as steps, dynamics as straight lines, cut and joined as the road takes them.

Positions are exact quarter notes; a step is two points at one position.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from visinger.score.bounds import within_tempos
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.marks import STEP_DB
from visinger.score.formats.written import Mark
from visinger.score.score import LevelPoint, Tempo
from visinger.units import TICKS_PER_QUARTER, round_half_up

SOFTEST_DB, LOUDEST_DB = -28, 16
Point = tuple[Fraction, Fraction]  # position, value


@dataclass(frozen=True)
class Stretch:
    """`quarters` of the written score from `written` on, sung from `sung` on."""

    written: Fraction
    sung: Fraction
    quarters: Fraction


def _position(point: Point) -> Fraction:
    return point[0]


def tick_at(position: Fraction) -> int:
    """The tick of a position in quarter notes."""
    return round_half_up(position * TICKS_PER_QUARTER)


def tempo_steps(marks: Sequence[tuple[Fraction, Mark]]) -> list[Point]:
    """The tempo from each mark on; `♩ = ♩.` marks refer to the tempo before them."""
    steps: list[Point] = []
    speed = Fraction(120)
    for position, mark in sorted(marks, key=lambda entry: entry[0]):
        speed = mark.value if mark.kind == "tempo" else speed * mark.value
        speed = within_tempos(speed)[0]
        steps.append((position, speed))
    return steps


def sung_tempos(steps: Sequence[Point], stretches: Sequence[Stretch]) -> tuple[Tempo, ...]:
    """The tempo map of the road; what was in force at a place is in force again when it returns."""
    positions = [position for position, _ in steps]
    tempos: dict[int, Fraction] = {0: Fraction(120)}
    for stretch in stretches:
        first = bisect_right(positions, stretch.written)
        last = bisect_right(positions, stretch.written + stretch.quarters)
        tempos[tick_at(stretch.sung)] = steps[first - 1][1] if first else Fraction(120)
        for position, speed in steps[first:last]:
            if position < stretch.written + stretch.quarters:
                tempos[tick_at(stretch.sung + position - stretch.written)] = speed
    return _without_repetition(tempos)


def _without_repetition(tempos: dict[int, Fraction]) -> tuple[Tempo, ...]:
    kept: list[Tempo] = []
    for tick in sorted(tempos):
        if not kept or kept[-1].quarters_per_minute != tempos[tick]:
            kept.append(Tempo(tick, tempos[tick]))
    return tuple(kept)


def with_holds(tempos: Sequence[Tempo], spans: Sequence[tuple[int, int]], factor: Fraction) -> tuple[Tempo, ...]:
    """The map with every span (first tick, end tick) lasting `factor` times as long; spans do not add up."""
    joined: list[tuple[int, int]] = []
    for first, end in sorted(spans):
        if joined and first < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        elif end > first:
            joined.append((first, end))
    ticks = [tempo.tick for tempo in tempos]
    speeds = {tempo.tick: tempo.quarters_per_minute for tempo in tempos}
    firsts = {first for first, _ in joined}
    for first, end in joined:
        at_start, at_end = bisect_right(ticks, first) - 1, bisect_right(ticks, end) - 1
        speeds[first] = tempos[at_start].quarters_per_minute / factor
        for tempo in tempos[at_start + 1 : at_end + 1]:
            if tempo.tick < end:
                speeds[tempo.tick] = tempo.quarters_per_minute / factor
        if end not in firsts:
            speeds[end] = tempos[at_end].quarters_per_minute
    return _without_repetition(speeds)


@dataclass(frozen=True)
class _Hairpin:
    start: Fraction
    end: Fraction
    direction: int


def _hairpins(marks: Sequence[tuple[Fraction, Mark]], doubts: Doubts) -> list[_Hairpin]:
    """Wedges with their ends; none overlaps the one before."""
    open_wedges: dict[str, tuple[Fraction, int]] = {}
    found: list[_Hairpin] = []
    for position, mark in marks:
        if mark.kind != "wedge":
            continue
        if mark.value:
            open_wedges[mark.number] = (position, int(mark.value))
        elif mark.number in open_wedges:
            start, direction = open_wedges.pop(mark.number)
            found.append(_Hairpin(start, position, direction))
    if open_wedges:
        doubts.add("a hairpin without an end is passed over")
    found.sort(key=lambda pin: pin.start)
    apart: list[_Hairpin] = []
    for pin in found:
        start = max(pin.start, apart[-1].end) if apart else pin.start
        if start < pin.end:
            apart.append(_Hairpin(start, pin.end, pin.direction))
    return apart


def level_points(marks: Sequence[tuple[Fraction, Mark]], doubts: Doubts) -> list[Point]:
    """The dynamics as written: steps at marks, straight lines under hairpins, dB with mf = 0.

    A hairpin leads to the mark that stands at its end (up to a quarter note
    later); without one, or where the mark contradicts it, by one step.
    """
    marks = sorted(marks, key=lambda entry: entry[0])
    steps = [(position, mark.value) for position, mark in marks if mark.kind == "level"]
    pins = _hairpins(marks, doubts)
    accents = [(position, mark.value) for position, mark in marks if mark.kind == "accent"]
    if not steps and not pins and not accents:
        return []
    points: list[Point] = [(Fraction(0), Fraction(0))]

    def step_to(position: Fraction, level: Fraction) -> None:
        bounded = min(max(level, Fraction(SOFTEST_DB)), Fraction(LOUDEST_DB))
        if points[-1][1] != bounded:
            points.extend([(position, points[-1][1]), (position, bounded)])

    events = [(p, 1, value) for p, value in steps] + [(pin.start, 2, k) for k, pin in enumerate(pins)]
    until = Fraction(-1)  # the end of the hairpin just drawn
    for position, order, value in sorted(events, key=lambda e: (e[0], e[1])):
        if order == 1 and position >= until:
            step_to(position, Fraction(value))
        elif order == 2:
            until = _draw_hairpin(points, pins[int(value)], steps)
    for position, value in accents:
        _accent(points, position, Fraction(value))
    return points


def _draw_hairpin(points: list[Point], pin: _Hairpin, steps: Sequence[Point]) -> Fraction:
    """Append the hairpin's line; returns where it really ends: at a mark inside it, if there is one."""
    level = points[-1][1]
    later = steps[bisect_right(steps, pin.start, key=_position) :][:1]
    inside = later if later and later[0][0] < pin.end else []
    end = inside[0][0] if inside else pin.end
    nearby = later if later and later[0][0] <= pin.end + 1 else []
    agrees = bool(nearby) and (nearby[0][1] - level) * pin.direction > 0
    target = nearby[0][1] if agrees else level + pin.direction * STEP_DB
    bounded = min(max(target, Fraction(SOFTEST_DB)), Fraction(LOUDEST_DB))
    points.extend([(pin.start, level), (end, bounded)])
    return end


def _accent(points: list[Point], position: Fraction, level: Fraction) -> None:
    """A push that dies away within a quarter note, where nothing else moves meanwhile."""
    k = bisect_right(points, position, key=_position)
    before = points[k - 1][1]
    quiet_after = k == len(points) or (points[k][1] == before and points[k][0] >= position + 1)
    if quiet_after:
        points[k:k] = [(position, before), (position, before + level), (position + 1, before)]


def _level_at(points: Sequence[Point], positions: Sequence[Fraction], position: Fraction, *, after: bool) -> Fraction:
    """The level just before or just after a position."""
    k = bisect_right(positions, position)
    if not after:
        while k > 0 and positions[k - 1] == position:
            k -= 1
    if k == 0:
        return points[0][1]
    if k == len(points):
        return points[-1][1]
    (x0, y0), (x1, y1) = points[k - 1], points[k]
    return y0 if x1 == x0 else y0 + (y1 - y0) * (position - x0) / (x1 - x0)


def sung_levels(points: Sequence[Point], stretches: Sequence[Stretch]) -> tuple[LevelPoint, ...]:
    """The dynamics along the road, in ticks."""
    if not points:
        return ()
    positions = [position for position, _ in points]
    drawn: list[tuple[int, float]] = []
    for stretch in stretches:
        start, end = stretch.written, stretch.written + stretch.quarters
        inside = points[bisect_right(positions, start) : bisect_right(positions, end)]
        piece = [(start, _level_at(points, positions, start, after=True)), *(p for p in inside if p[0] < end)]
        piece.append((end, _level_at(points, positions, end, after=False)))
        drawn.extend((tick_at(stretch.sung + p - start), round(float(level), 3)) for p, level in piece)
    kept: list[tuple[int, float]] = []
    for point in drawn:
        if kept and kept[-1] == point:
            continue
        if len(kept) > 1 and _on_a_line(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    silent_about_level = all(level == 0 for _, level in kept)
    return () if silent_about_level else tuple(LevelPoint(tick, level) for tick, level in kept)


def _on_a_line(a: tuple[int, float], b: tuple[int, float], c: tuple[int, float]) -> bool:
    """True where the middle point says nothing new."""
    if a[0] == b[0] == c[0]:
        return True
    if a[0] == b[0] or b[0] == c[0]:
        return False
    expected = a[1] + (c[1] - a[1]) * (b[0] - a[0]) / (c[0] - a[0])
    return abs(expected - b[1]) < 2e-3
