"""Reads what stands above and below MusicXML notes: tempo, dynamics and the signs of the road."""

import re
from fractions import Fraction
from typing import Protocol
from xml.etree.ElementTree import Element

from visinger.score.bounds import check_tempo, within_tempos
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.numerals import decimal, integer, number_list, unit_quarters
from visinger.score.formats.written import Mark, WrittenMeasure

STEP_DB = 4  # from p to mp, mp to mf …; orchestral dynamics span some 30 dB over eight steps
ACCENT_DB = 4
LEVELS_DB = {
    **{"mf": 0, "mp": -STEP_DB, "n": -7 * STEP_DB},
    **{"f" * n: STEP_DB * n for n in range(1, 7)},
    **{"p" * n: -STEP_DB * (n + 1) for n in range(1, 7)},
}
ACCENTS = {"sf", "sfz", "sffz", "fz", "rf", "rfz"}
FALLING = {
    "fp": ("f", "p"),
    "sfp": ("f", "p"),
    "sfpp": ("f", "pp"),
    "ffp": ("ff", "p"),
}  # loud, then soft a quarter later
MOST_TIMES = 100
_TEMPO_WORDS = re.compile(
    r"\b(rit|ritard\w*|riten\w*|rall\w*|accel\w*|string\w*|allarg\w*|a tempo|tempo primo)\b", re.I
)
_NUMBER = re.compile(r"\d{1,4}(?:\.\d{1,4})?")
_ROAD_WORDS = (
    ("da_capo", re.compile(r"^\W*(d\.?\s?c\.?|da\s+capo)(\W|$)", re.I)),
    ("dal_segno", re.compile(r"^\W*(d\.?\s?s\.?|dal\s+segno)(\W|$)", re.I)),
    ("to_coda", re.compile(r"^\W*to\s+coda\W*$", re.I)),
    ("fine", re.compile(r"^\W*fine\W*$", re.I)),
    ("coda", re.compile(r"^\W*coda\W*$", re.I)),
)


class Reader(Protocol):
    """What these functions need of the walk that calls them."""

    doubts: Doubts

    def place(self) -> str: ...

    def doubt(self, message: str) -> None: ...


def read_direction(
    element: Element, measure: WrittenMeasure, cursor: Fraction, divisions: Fraction, reader: Reader
) -> None:
    """Everything in a `<direction>` that is heard."""
    at, staff = cursor, (element.findtext("staff") or "").strip()
    offset = element.find("offset")
    if offset is not None and offset.get("sound") == "yes":
        at = max(at + (decimal(offset.text) or 0) / divisions, Fraction(0))
    sound = element.find("sound")
    heard = read_sound(sound, measure, at, divisions, reader) if sound is not None else set()
    words = []
    for kind in element.iterfind("direction-type/*"):
        if kind.tag == "metronome" and "tempo" not in heard:
            _metronome(kind, measure, at, reader)
            heard.add("tempo")
        elif kind.tag == "dynamics":
            read_dynamics(kind, measure, at, staff)
        elif kind.tag == "wedge":
            value = {"crescendo": 1, "diminuendo": -1, "stop": 0}.get(kind.get("type", ""))
            if value is not None:
                measure.marks.append(Mark(at, "wedge", Fraction(value), staff, kind.get("number", "1")))
        elif kind.tag == "words":
            words.append((kind.text or "").strip())
        elif kind.tag in ("segno", "coda") and not heard & {"segno", "coda", "tocoda", "dalsegno"}:
            _sign(kind.tag, measure, words)
    if not heard & {"dacapo", "dalsegno", "tocoda", "fine", "segno", "coda"}:
        _road_words(words, measure)
    if "tempo" not in heard and any(_TEMPO_WORDS.search(word) for word in words):
        reader.doubt("tempo words without a number (rit., accel. …) do not change the tempo")


def _sign(tag: str, measure: WrittenMeasure, words: list[str]) -> None:
    """A drawn segno or coda; a coda sign after the words 'To Coda' or 'D.S. al' is no target."""
    if tag == "segno":
        measure.road.segno = measure.road.segno or "segno"
    elif any(re.search(r"\b(to|al)\b", word, re.I) for word in words):
        measure.road.to_coda = measure.road.to_coda or "coda"
    else:
        measure.road.coda = measure.road.coda or "coda"


def _road_words(words: list[str], measure: WrittenMeasure) -> None:
    road = measure.road
    for word in words:
        for name, pattern in _ROAD_WORDS:
            if not pattern.search(word):
                continue
            if name == "da_capo":
                road.da_capo = True
            elif name == "fine":
                road.fine = True
            elif name == "dal_segno":
                road.dal_segno = road.dal_segno or "segno"
            elif name == "to_coda":
                road.to_coda, road.coda = road.to_coda or "coda", ""
            elif not road.to_coda:
                road.coda = road.coda or "coda"
            break


def read_sound(
    element: Element, measure: WrittenMeasure, cursor: Fraction, divisions: Fraction, reader: Reader
) -> set[str]:
    """A `<sound>`: tempo and jumps. Returns the attributes that it settled."""
    at = max(cursor + (decimal(element.findtext("offset")) or 0) / divisions, Fraction(0))
    road, heard = measure.road, set(element.keys())
    tempo = element.get("tempo")
    if tempo is not None:
        value = decimal(tempo)
        if value is None:
            reader.doubt("a tempo that is no number is passed over")
        else:
            _mark_tempo(value, measure, at, reader)
    road.da_capo |= element.get("dacapo") == "yes"
    road.fine |= element.get("fine") not in (None, "no")
    road.dal_segno = element.get("dalsegno") or road.dal_segno
    road.to_coda = element.get("tocoda") or road.to_coda
    road.segno = element.get("segno") or road.segno
    road.coda = element.get("coda") or road.coda
    return heard


def _metronome(element: Element, measure: WrittenMeasure, at: Fraction, reader: Reader) -> None:
    """`♩. = 96`, or `♩ = ♩.` (what follows keeps the pulse in another value)."""
    units: list[list[object]] = []
    for child in element:
        if child.tag == "beat-unit":
            units.append([child.text, 0])
        elif child.tag == "beat-unit-dot" and units:
            units[-1][1] += 1  # type: ignore[operator]
    lengths = [unit_quarters(str(name), int(str(dots))) for name, dots in units]
    speed = element.findtext("per-minute")
    if speed is None and len(lengths) == 2 and lengths[0] and lengths[1]:
        measure.marks.append(Mark(at, "modulation", lengths[1] / lengths[0]))
        return
    number = _NUMBER.search(speed or "")
    if number is None or not lengths or not lengths[0]:
        reader.doubt("a metronome mark that cannot be read is passed over")
        return
    if number.group() != (speed or "").strip():
        reader.doubt(f"the metronome mark {(speed or '').strip()[:20]!r} is taken as {number.group()}")
    value = Fraction(number.group()) * lengths[0]
    _mark_tempo(value, measure, at, reader)


def _mark_tempo(quarters_per_minute: Fraction, measure: WrittenMeasure, at: Fraction, reader: Reader) -> None:
    """One mark that nobody could sing at does not cost the score: the nearest tempo is taken, and said."""
    if quarters_per_minute <= 0:
        check_tempo(quarters_per_minute, reader.place())
    taken, doubt = within_tempos(quarters_per_minute)
    if doubt:
        reader.doubt(doubt)
    measure.marks.append(Mark(at, "tempo", taken))


def read_dynamics(element: Element, measure: WrittenMeasure, at: Fraction, staff: str) -> None:
    """`p`, `mf`, `sfz` …; marks that only change the colour are not heard."""
    for mark in element:
        if mark.tag in LEVELS_DB:
            measure.marks.append(Mark(at, "level", Fraction(LEVELS_DB[mark.tag]), staff))
        elif mark.tag in FALLING:
            loud, soft = FALLING[mark.tag]
            measure.marks.append(Mark(at, "level", Fraction(LEVELS_DB[loud]), staff))
            measure.marks.append(Mark(at + 1, "level", Fraction(LEVELS_DB[soft]), staff))
        elif mark.tag in ACCENTS:
            measure.marks.append(Mark(at, "accent", Fraction(ACCENT_DB), staff))


def read_barline(element: Element, measure: WrittenMeasure, before: WrittenMeasure | None, doubts: Doubts) -> None:
    """Repeat signs and endings."""
    left = element.get("location", "right") == "left"
    if element.find("fermata") is not None:
        doubts.add("a fermata over a bar line is passed over", measure.number)
    for ending in element.iterfind("ending"):
        if ending.get("type") == "start":
            numbers = set(number_list(ending.get("number", "")))
            if not numbers:
                doubts.add("an ending without a number is passed over", measure.number)
            measure.road.ending = frozenset(numbers)
        else:
            measure.road.ending_stops = True
    for repeat in element.iterfind("repeat"):
        if element.get("location") == "middle":
            doubts.add("a repeat sign inside a bar is passed over", measure.number)
        elif repeat.get("direction") == "forward":
            measure.road.forward = True
        elif repeat.get("direction") == "backward":
            ends = before if left and before is not None else measure
            times = integer(repeat.get("times")) or 2
            if not 1 <= times <= MOST_TIMES:
                doubts.add(f"a bar to be sung {times} times is sung twice", measure.number)
                times = 2
            ends.road.backward_times = times
            ends.road.after_jump = repeat.get("after-jump") == "yes"
