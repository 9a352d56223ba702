"""MusicXML (.musicxml, .xml, .mxl) → Score: parts, voices and verses, written out as they are sung.

`measures` reads the bars, `unfolding` takes the repeats, `melody` makes one
line of each voice, `curves` carries tempo and dynamics along; here they meet.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement

from visinger.errors import ScoreError
from visinger.score.bounds import checked, in_singing_order
from visinger.score.formats.container import xml_root
from visinger.score.formats.curves import (
    Stretch,
    level_points,
    sung_levels,
    sung_tempos,
    tempo_steps,
    tick_at,
    with_holds,
)
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.measures import PartReader
from visinger.score.formats.melody import Event, melody
from visinger.score.formats.unfolding import Visit, merged_roads, unfolded
from visinger.score.formats.written import Mark, WrittenMeasure, WrittenNote
from visinger.score.score import Part, Score, TempoMap, TimeSignature

FERMATA_FACTOR = Fraction(3, 2)
MOST_PARTS = 200
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


@dataclass(frozen=True)
class _WrittenPart:
    name: str
    measures: list[WrittenMeasure]


@dataclass(frozen=True)
class _Road:
    """The road through the score: which bar is sung when."""

    visits: list[Visit]
    stretches: list[Stretch]  # one for each visit
    lengths: list[Fraction]  # of the written bars, in quarter notes
    starts: list[Fraction]  # where they are written


@dataclass(frozen=True)
class _Voice:
    part: _WrittenPart
    name: str
    voice: str
    staves: frozenset[str]


def read_musicxml(path: Path, *, verse: int | None = None) -> Score:
    """Read a MusicXML score.

    `verse` sings that verse throughout; None sings verse k on the k-th round of
    a repeat where there is one. What cannot be read is a `ScoreError`; what was
    mended or passed over stands in `Score.doubts`.
    """
    root, doubts = _partwise(xml_root(path), path), Doubts()
    written = _written_parts(root, path, doubts)
    road = _road([part.measures for part in written], path, doubts)
    voices = [voice for part in written for voice in _voices(part, doubts)]
    names = _distinct([voice.name for voice in voices])
    held: list[tuple[bool, list[tuple[int, int]]]] = []
    parts: list[Part] = []
    for voice, name in zip(voices, names, strict=True):
        notes = [[n for n in measure.notes if n.voice == voice.voice] for measure in voice.part.measures]
        part = _part(name, voice, notes, road, verse, doubts)
        if part.notes:
            parts.append(part)
            held.append((part.sung, _held_spans(notes, road)))
        else:
            doubts.add(f"{name}: a part without notes is left out")
    _check_verse(parts, verse, path)
    tempo_map = _tempo_map(written, road, held, doubts)
    end = road.stretches[-1].sung + road.stretches[-1].quarters if road.stretches else Fraction(0)
    return checked(
        Score(
            parts=in_singing_order(parts),
            tempo_map=tempo_map,
            time_signatures=_time_signatures(written, road),
            length_ticks=tick_at(end),
            title=_title(root),
            language=_language(root),
            bars=len(road.visits),
            doubts=doubts.lines(),
            path=path,
        )
    )


# -- the document ----------------------------------------------------------------------------------


def _partwise(root: Element, path: Path) -> Element:
    """The score with parts around bars, without namespaces."""
    for element in root.iter():
        if isinstance(element.tag, str) and element.tag.startswith("{"):
            element.tag = element.tag.split("}", 1)[1]
    if root.tag == "score-timewise":
        return _turned(root)
    if root.tag != "score-partwise":
        shown = str(root.tag)[:40]
        remedy = "export it as MusicXML (score-partwise)"
        raise ScoreError(f"this is not MusicXML: its root is <{shown}>", where=path, remedy=remedy)
    return root


def _turned(root: Element) -> Element:
    """A score-timewise document (bars around parts) turned into a partwise one."""
    turned = Element("score-partwise")
    turned.extend([child for child in root if child.tag != "measure"])
    parts: dict[str, Element] = {}
    for measure in root.iterfind("measure"):
        for piece in measure.iterfind("part"):
            label = piece.get("id", "")
            if label not in parts:
                parts[label] = SubElement(turned, "part", {"id": label})
            SubElement(parts[label], "measure", dict(measure.attrib)).extend(list(piece))
    return turned


def _title(root: Element) -> str:
    title = root.findtext("work/work-title") or root.findtext("movement-title") or ""
    return " ".join(title.split())[:200]


def _language(root: Element) -> str:
    tag = next((e.get(_LANGUAGE, "") for e in root.iterfind("defaults/lyric-language")), "").lower()
    return next((code for code in ("zh", "ja") if tag.split("-")[0] == code), "")


def _written_parts(root: Element, path: Path, doubts: Doubts) -> list[_WrittenPart]:
    names = {e.get("id"): " ".join((e.findtext("part-name") or "").split()) for e in root.iterfind("part-list/*")}
    concert_pitch = root.find("defaults/concert-score") is not None
    parts = root.findall("part")
    if not parts:
        raise ScoreError("the score has no part", where=path, remedy="export the whole score")
    if len(parts) > MOST_PARTS:
        raise ScoreError(f"{len(parts)} parts", where=path, remedy=f"{MOST_PARTS} is the most; export the voices alone")
    written = []
    for k, part in enumerate(parts, start=1):
        name = (names.get(part.get("id")) or part.get("id") or f"Part {k}")[:80]
        written.append(_WrittenPart(name, PartReader(path, doubts, name=name, concert_pitch=concert_pitch).read(part)))
    return written


# -- the road --------------------------------------------------------------------------------------


def _tidy(position: Fraction) -> Fraction:
    """The position itself; rounded far below a tick where mixed divisions would make its terms endless."""
    return position if position.denominator < 10**9 else position.limit_denominator(10**6)


def _road(parts: Sequence[Sequence[WrittenMeasure]], path: Path, doubts: Doubts) -> _Road:
    longest = max(parts, key=len)
    lengths = []
    for k, bar in enumerate(longest):
        reach = max(part[k].length for part in parts if k < len(part))
        lengths.append(reach or bar.nominal or Fraction(4))
    _doubt_lengths(longest, lengths, doubts)
    numbers = [bar.number for bar in longest]
    visits = unfolded(merged_roads(parts), doubts, numbers, str(path))
    starts = [Fraction(0), *accumulate(lengths, lambda a, b: _tidy(a + b))]
    sung = [Fraction(0), *accumulate((lengths[v.measure] for v in visits), lambda a, b: _tidy(a + b))]
    stretches = [Stretch(starts[v.measure], at, lengths[v.measure]) for v, at in zip(visits, sung, strict=False)]
    return _Road(visits, stretches, lengths, starts)


def _doubt_lengths(bars: Sequence[WrittenMeasure], lengths: Sequence[Fraction], doubts: Doubts) -> None:
    """Bars that do not fit their time signature, but for pick-ups, last bars and bars cut by a repeat sign."""
    for k, (bar, length) in enumerate(zip(bars, lengths, strict=True)):
        if bar.nominal is None or bar.implicit or length == bar.nominal:
            continue
        if length > bar.nominal:
            doubts.add("a bar longer than its time signature is sung as long as it is written", bar.number)
            continue
        near = bars[max(k - 1, 0) : k + 2]
        cut = any(b.road.forward or b.road.backward_times or b.road.ending_stops for b in near)
        if 0 < k < len(bars) - 1 and not cut and not any(b.implicit for b in near):
            doubts.add("a bar shorter than its time signature is sung as short as it is written", bar.number)


def _time_signatures(written: Sequence[_WrittenPart], road: _Road) -> tuple[TimeSignature, ...]:
    """The signatures of the bars as they are sung; a pick-up or a cut bar has one of its own length."""
    bars = max((part.measures for part in written), key=len)
    signatures: list[TimeSignature] = []
    for visit, stretch in zip(road.visits, road.stretches, strict=True):
        bar = bars[visit.measure]
        beats, unit = bar.signature or (4, 4)
        if bar.nominal != stretch.quarters:
            exact = stretch.quarters / 4
            if exact.denominator in (1, 2, 4, 8, 16, 32, 64) and exact.numerator:
                unit = max(unit, exact.denominator)
                beats = int(exact * unit)
        if not signatures or (signatures[-1].beats, signatures[-1].beat_unit) != (beats, unit):
            signatures.append(TimeSignature(tick_at(stretch.sung), beats, unit))
    return tuple(signatures) or (TimeSignature(0, 4, 4),)


def _tempo_map(
    written: Sequence[_WrittenPart],
    road: _Road,
    held: Sequence[tuple[bool, list[tuple[int, int]]]],
    doubts: Doubts,
) -> TempoMap:
    marks = [entry for part in reversed(written) for entry in _marks(part, road, ("tempo", "modulation"))]
    if not marks:
        doubts.add("the score has no tempo; 120 quarter notes per minute are taken")
    # The first part's marks are sorted in last, so that they win where parts contradict each other.
    tempos = sung_tempos(tempo_steps(_once(marks)), road.stretches)
    any_sung = any(sung and spans for sung, spans in held)
    spans = [span for sung, spans in held if sung or not any_sung for span in spans]
    return TempoMap(with_holds(tempos, spans, FERMATA_FACTOR))


def _once(marks: Sequence[tuple[Fraction, Mark]]) -> list[tuple[Fraction, Mark]]:
    """One tempo mark at each position: parts repeat each other's."""
    return list({position: (position, mark) for position, mark in marks}.values())


def _marks(part: _WrittenPart, road: _Road, kinds: Sequence[str]) -> list[tuple[Fraction, Mark]]:
    return [
        (road.starts[k] + mark.onset, mark)
        for k, measure in enumerate(part.measures)
        for mark in measure.marks
        if mark.kind in kinds
    ]


# -- voices ----------------------------------------------------------------------------------------


def _voices(part: _WrittenPart, doubts: Doubts) -> list[_Voice]:
    """Each voice that has words, or else the first one that has notes."""
    staves: dict[str, set[str]] = {}
    with_words: list[str] = []
    first_bar: dict[str, str] = {}
    for measure in part.measures:
        for note in measure.notes:
            if note.pitch_midi is None:
                continue
            staves.setdefault(note.voice, set()).add(note.staff)
            first_bar.setdefault(note.voice, measure.number)
            if note.lyrics and note.voice not in with_words:
                with_words.append(note.voice)
    if not staves:
        doubts.add(f"{part.name}: a part without notes is left out")
        return []
    taken = sorted(with_words, key=list(staves).index) or [next(iter(staves))]
    left = [voice for voice in staves if voice not in taken]
    if left:
        doubts.add(f"{part.name}: without words and passed over: voice {', '.join(left)}", first_bar[left[0]])
    named = [part.name] if len(taken) == 1 else [f"{part.name}, voice {voice}" for voice in taken]
    return [_Voice(part, name, v, frozenset(staves[v])) for name, v in zip(named, taken, strict=True)]


def _distinct(names: Sequence[str]) -> list[str]:
    """The names, numbered where two are the same, since a part is chosen by its name."""
    distinct: list[str] = []
    for name in names:
        n, candidate = 1, name
        while candidate in distinct:
            n += 1
            candidate = f"{name} {n}"
        distinct.append(candidate)
    return distinct


def _part(
    name: str, voice: _Voice, notes: Sequence[Sequence[WrittenNote]], road: _Road, verse: int | None, doubts: Doubts
) -> Part:
    """One voice as it is sung."""
    events: list[Event] = []
    for k, (visit, stretch) in enumerate(zip(road.visits, road.stretches, strict=True)):
        if visit.measure >= len(notes):
            continue
        bar = voice.part.measures[visit.measure]
        unit = bar.signature[1] if bar.signature else 4
        # A pick-up is the end of a bar: its beats are counted from there.
        missing = (bar.nominal or stretch.quarters) - stretch.quarters if visit.measure == 0 else Fraction(0)
        for note in sorted(notes[visit.measure], key=lambda n: n.onset):
            if note.pitch_midi is not None and (not note.rounds or visit.round in note.rounds):
                start = stretch.sung + note.onset
                beat = 1 + (note.onset + max(missing, Fraction(0))) * unit / 4
                events.append(Event(note, start, start + note.quarters, verse or visit.round, bar.number, beat, k))
    marks = [
        (position, mark)
        for position, mark in _marks(voice.part, road, ("level", "wedge", "accent"))
        if not mark.staff or mark.staff in voice.staves or voice.staves == {""}
    ]
    return Part(
        name=name,
        notes=melody(events, doubts, name),
        dynamics=sung_levels(level_points(marks, doubts), road.stretches),
        verses=tuple(sorted({verse for measure in notes for note in measure for verse in note.lyrics})),
    )


def _held_spans(notes: Sequence[Sequence[WrittenNote]], road: _Road) -> list[tuple[int, int]]:
    """First and end tick of every note or rest under a fermata."""
    return [
        (tick_at(stretch.sung + note.onset), tick_at(stretch.sung + note.onset + note.quarters))
        for visit, stretch in zip(road.visits, road.stretches, strict=True)
        if visit.measure < len(notes)
        for note in notes[visit.measure]
        if note.fermata and note.quarters
    ]


def _check_verse(parts: Sequence[Part], verse: int | None, path: Path) -> None:
    verses = sorted({number for part in parts for number in part.verses})
    if verse is not None and verse not in verses:
        held = ", ".join(map(str, verses)) if verses else "no words at all"
        raise ScoreError(f"there is no verse {verse}", where=path, remedy=f"the score holds {held}")
