"""Our own score format: JSON, `"format": "visinger-score"`, version 1.

    {
      "format": "visinger-score", "version": 1,
      "title": "…", "language": "zh" | "ja" | "",
      "tempos": [{"tick": 0, "quarters_per_minute": 120}],        default: 120 throughout
      "time_signatures": [{"tick": 0, "beats": 4, "beat_unit": 4}],  default: 4/4
      "length_ticks": 7680,                                       default: the end of the last note
      "bars": 4,                                                  default: counted
      "parts": [{
        "name": "…",
        "notes": [{"tick": 0, "duration": 480, "pitch": 60, "lyric": "ら",
                   "syllabic": "single", "phonemes": ["r", "a"],
                   "breath_after": false, "staccato": false, "bar": "1", "beat": 1,
                   "tuning_cents": 0, "phoneme_hint": ["4", "a"], "language": "ja",
                   "glide": [{"ms": -40, "cents": -200, "shape": "sine"}],
                   "vibrato": {"share": 0.5, "period_ms": 180, "depth_cents": 30, "fade_in": 0.1,
                               "fade_out": 0.1, "phase": 0, "offset_cents": 0}}],
        "dynamics": [{"tick": 0, "level_db": 0.0}], "verses": [1], "language": "ja",
        "pitch_curve": [[0, 60.1], [10, null]], "bend": [[0, -20.5]]       tick and MIDI pitch, tick and cents
      }],
      "doubts": ["…"]
    }

Ticks are 480 to the quarter note. Only `format`, `version` and `parts` with
their `notes` (tick, duration, pitch) are required; a note without `lyric`
continues the syllable before. Fractions are numbers or strings such as "5/3".
Unknown keys are refused, so that a misspelt one is not silently without effect.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import asdict
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, NoReturn

from visinger.errors import ScoreError
from visinger.files import write_text
from visinger.score.bars import Bars
from visinger.score.bounds import check_tempo, checked, read_bytes
from visinger.score.formats.json_text import whole_characters
from visinger.score.score import (
    GLIDE_SHAPES,
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
    Vibrato,
)

FORMAT, VERSION = "visinger-score", 1
LATEST_TICK = 10**9
LOUDEST_DB = 60
WIDEST_CENTS = 12_700
LONGEST_GLIDE_MS = 600_000
SYLLABIC = ("single", "begin", "middle", "end")
_FRACTION = re.compile(r"-?\d{1,12}(/\d{1,12}|\.\d{1,12})?")


class _Reader:
    """Checked access to one JSON object: every complaint names the file and the place inside it."""

    def __init__(self, value: object, place: str, path: Path, known: Sequence[str]) -> None:
        self.place, self.path = place, path
        if not isinstance(value, dict):
            self.refuse("an object in braces is expected here")
        self.value: dict[str, Any] = value
        unknown = sorted(set(self.value) - set(known))
        if unknown:
            self.refuse(f"unknown key {unknown[0][:40]!r}", f"known are {', '.join(known)}")

    def refuse(self, problem: str, remedy: str = "see the format in visinger.score.formats.json_score") -> NoReturn:
        raise ScoreError(problem, where=f"{self.path}, {self.place}", remedy=remedy)

    def integer(self, key: str, low: int, high: int, *, default: int | None = None) -> int:
        value = self.value.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.refuse(f"{key!r} must be a whole number from {low} to {high}")
        return value

    def fraction(self, key: str, default: Fraction | int) -> Fraction:
        value = self.value.get(key, default)
        text = str(value)
        if isinstance(value, bool) or not _FRACTION.fullmatch(text):
            self.refuse(f'{key!r} must be a number or a fraction such as "5/3"')
        try:
            return Fraction(text)
        except ZeroDivisionError:
            self.refuse(f"{key!r} divides by zero")

    def level(self, key: str) -> float:
        return self.number(key, -LOUDEST_DB, LOUDEST_DB)

    def number(self, key: str, low: float, high: float, *, default: float | None = None) -> float:
        value = self.value.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.refuse(f"{key!r} must be a number from {low:g} to {high:g}")
        return float(value)

    def points(self, key: str) -> list[tuple[int, float | None]]:
        """Pairs of a tick and a number or null, in the order of their ticks."""
        points = []
        for pair in self.entries(key):
            if not isinstance(pair, list) or len(pair) != 2 or isinstance(pair[0], bool) or isinstance(pair[1], bool):
                self.refuse(f"{key!r} must be a list of pairs such as [480, 60.5]")
            tick, value = pair
            if not isinstance(tick, int) or not 0 <= tick <= LATEST_TICK:
                self.refuse(f"the ticks of {key!r} must be whole numbers from 0 to {LATEST_TICK}")
            if not (value is None or (isinstance(value, int | float) and abs(value) <= WIDEST_CENTS)):
                self.refuse(f"the values of {key!r} must be numbers from -{WIDEST_CENTS} to {WIDEST_CENTS}")
            points.append((tick, value))
        if any(b[0] < a[0] for a, b in pairwise(points)):
            self.refuse(f"{key!r} must be in the order of its ticks")
        return points

    def text(self, key: str, default: str = "") -> str:
        value = self.value.get(key, default)
        if not isinstance(value, str):
            self.refuse(f"{key!r} must be text")
        if not whole_characters(value):
            self.refuse(f"{key!r} holds half a character (a lone surrogate)")
        return value

    def flag(self, key: str) -> bool:
        value = self.value.get(key, False)
        if not isinstance(value, bool):
            self.refuse(f"{key!r} must be true or false")
        return value

    def entries(self, key: str) -> list[Any]:
        value = self.value.get(key, [])
        if not isinstance(value, list):
            self.refuse(f"{key!r} must be a list")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        values = self.entries(key)
        if not all(isinstance(value, str) for value in values):
            self.refuse(f"{key!r} must be a list of texts")
        if not all(map(whole_characters, values)):
            self.refuse(f"{key!r} holds half a character (a lone surrogate)")
        return tuple(values)

    def objects(self, key: str, known: Sequence[str]) -> list["_Reader"]:
        entries = enumerate(self.entries(key), start=1)
        return [_Reader(entry, f"{self.place}, {key} {n}", self.path, known) for n, entry in entries]


def _check_rising(ticks: list[int], reader: _Reader, key: str) -> None:
    if ticks and (ticks[0] != 0 or any(b <= a for a, b in pairwise(ticks))):
        reader.refuse(f"{key!r} must start at tick 0 and rise")


def _tempo_map(reader: _Reader) -> TempoMap:
    tempos = []
    for entry in reader.objects("tempos", ("tick", "quarters_per_minute")):
        speed = entry.fraction("quarters_per_minute", 0)
        check_tempo(speed, f"{entry.path}, {entry.place}")
        tempos.append(Tempo(entry.integer("tick", 0, LATEST_TICK), speed))
    _check_rising([tempo.tick for tempo in tempos], reader, "tempos")
    return TempoMap(tuple(tempos)) if tempos else TempoMap()


def _time_signatures(reader: _Reader) -> tuple[TimeSignature, ...]:
    signatures = [
        TimeSignature(
            entry.integer("tick", 0, LATEST_TICK), entry.integer("beats", 1, 1000), entry.integer("beat_unit", 1, 1024)
        )
        for entry in reader.objects("time_signatures", ("tick", "beats", "beat_unit"))
    ]
    _check_rising([signature.tick for signature in signatures], reader, "time_signatures")
    return tuple(signatures) or (TimeSignature(0, 4, 4),)


_NOTE_KEYS = (
    *("tick", "duration", "pitch", "lyric", "syllabic", "phonemes"),
    *("breath_after", "staccato", "bar", "beat"),
    *("tuning_cents", "phoneme_hint", "language", "glide", "vibrato"),
)


def _note(entry: _Reader, bars: Bars) -> Note:
    start = entry.integer("tick", 0, LATEST_TICK)
    bar, beat = bars.place(start)
    syllabic = entry.text("syllabic", "single")
    if syllabic not in SYLLABIC:
        entry.refuse(f"'syllabic' must be one of {', '.join(SYLLABIC)}")
    glide = tuple(_glide_point(point) for point in entry.objects("glide", ("ms", "cents", "shape")))
    if any(b.ms < a.ms for a, b in pairwise(glide)):
        entry.refuse("'glide' must be in the order of its times")
    return Note(
        start_tick=start,
        duration_ticks=entry.integer("duration", 1, LATEST_TICK),
        pitch_midi=entry.integer("pitch", 0, 127),
        lyric=(None if entry.value.get("lyric") is None else entry.text("lyric")) or None,
        syllabic=syllabic,
        phonemes=entry.texts("phonemes"),
        breath_after=entry.flag("breath_after"),
        staccato=entry.flag("staccato"),
        bar=entry.text("bar", str(bar)),
        beat=entry.fraction("beat", beat),
        tuning_cents=entry.number("tuning_cents", -WIDEST_CENTS, WIDEST_CENTS, default=0.0),
        phoneme_hint=entry.texts("phoneme_hint"),
        language=entry.text("language"),
        glide=glide,
        vibrato=_vibrato(entry),
    )


def _glide_point(entry: _Reader) -> GlidePoint:
    shape = entry.text("shape", "linear")
    if shape not in GLIDE_SHAPES:
        entry.refuse(f"'shape' must be one of {', '.join(GLIDE_SHAPES)}")
    ms = entry.number("ms", -LONGEST_GLIDE_MS, LONGEST_GLIDE_MS)
    return GlidePoint(ms, entry.number("cents", -WIDEST_CENTS, WIDEST_CENTS), shape)


def _vibrato(entry: _Reader) -> Vibrato | None:
    if entry.value.get("vibrato") is None:
        return None
    names = ("share", "period_ms", "depth_cents", "fade_in", "fade_out", "phase", "offset_cents")
    wave = _Reader(entry.value["vibrato"], f"{entry.place}, vibrato", entry.path, names)
    return Vibrato(
        share=wave.number("share", 0, 1),
        period_ms=wave.number("period_ms", 1, LONGEST_GLIDE_MS),
        depth_cents=wave.number("depth_cents", 0, WIDEST_CENTS),
        fade_in=wave.number("fade_in", 0, 1, default=0.0),
        fade_out=wave.number("fade_out", 0, 1, default=0.0),
        phase=wave.number("phase", -1, 1, default=0.0),
        offset_cents=wave.number("offset_cents", -WIDEST_CENTS, WIDEST_CENTS, default=0.0),
    )


_PART_KEYS = ("name", "notes", "dynamics", "verses", "language", "pitch_curve", "bend")


def _part(entry: _Reader, bars: Bars) -> Part:
    notes = [_note(note, bars) for note in entry.objects("notes", _NOTE_KEYS)]
    for n, (before, after) in enumerate(pairwise(notes), start=2):
        if after.start_tick < before.end_tick:
            entry.refuse(f"note {n} starts before note {n - 1} ends", "a part is one voice: shorten or reorder them")
    dynamics = [
        LevelPoint(point.integer("tick", 0, LATEST_TICK), point.level("level_db"))
        for point in entry.objects("dynamics", ("tick", "level_db"))
    ]
    if any(b.tick < a.tick for a, b in pairwise(dynamics)):
        entry.refuse("'dynamics' must be in the order of their ticks")
    verses = entry.entries("verses")
    if not all(isinstance(verse, int) and not isinstance(verse, bool) and 0 < verse < 1000 for verse in verses):
        entry.refuse("'verses' must be a list of verse numbers")
    bend = entry.points("bend")
    if any(cents is None for _, cents in bend):
        entry.refuse("'bend' has a number of cents at every tick")
    return Part(
        name=entry.text("name"),
        notes=tuple(notes),
        dynamics=tuple(dynamics),
        verses=tuple(verses),
        language=entry.text("language"),
        pitch_curve=tuple(PitchPoint(tick, pitch) for tick, pitch in entry.points("pitch_curve")),
        bend=tuple(BendPoint(tick, cents) for tick, cents in bend if cents is not None),
    )


def _not_a_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def read_json(path: Path) -> Score:
    """Read a version 1 score; anything unexpected is a `ScoreError` that names its place in the file."""
    try:
        value = json.loads(read_bytes(path).decode("utf-8-sig"), parse_constant=_not_a_number)
    except UnicodeDecodeError:
        raise ScoreError("the file is not UTF-8 text", where=path, remedy="save it as UTF-8") from None
    except json.JSONDecodeError as problem:
        place = f"{path}, line {problem.lineno}"
        raise ScoreError(f"this is not JSON ({problem.msg})", where=place, remedy="correct the line") from None
    except (ValueError, RecursionError):
        raise ScoreError("numbers or nesting beyond reason", where=path, remedy="write the score again") from None
    return from_document(value, path)


def from_document(value: object, path: Path) -> Score:
    """The score of a document, checked; `path` is how complaints name it."""
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        remedy = f'its first key must be "format": "{FORMAT}"'
        raise ScoreError("this JSON is not a visinger score", where=path, remedy=remedy)
    keys = ("format", "version", "title", "language", "tempos", "time_signatures", "length_ticks", "bars")
    reader = _Reader(value, "top level", path, (*keys, "parts", "doubts"))
    if value.get("version") != VERSION:
        reader.refuse("this is another version of the format", f"this program reads version {VERSION}")
    signatures = _time_signatures(reader)
    bars = Bars(signatures)
    parts = tuple(_part(entry, bars) for entry in reader.objects("parts", _PART_KEYS))
    end = max((note.end_tick for part in parts for note in part.notes), default=0)
    length = reader.integer("length_ticks", 0, LATEST_TICK, default=end)
    if length < end:
        reader.refuse("'length_ticks' is before the end of the last note", f"it is at least {end}")
    return checked(
        Score(
            parts=parts,
            tempo_map=_tempo_map(reader),
            time_signatures=signatures,
            length_ticks=length,
            title=reader.text("title"),
            language=reader.text("language"),
            bars=reader.integer("bars", 0, LATEST_TICK, default=bars.count(length)),
            doubts=reader.texts("doubts"),
            path=path,
        )
    )


def _number(value: Fraction) -> int | str:
    return int(value) if value.denominator == 1 else str(value)


def _note_entry(note: Note) -> dict[str, object]:
    entry: dict[str, object] = {"tick": note.start_tick, "duration": note.duration_ticks, "pitch": note.pitch_midi}
    if note.lyric is not None:
        entry["lyric"] = note.lyric
    if note.syllabic != "single":
        entry["syllabic"] = note.syllabic
    if note.phonemes:
        entry["phonemes"] = list(note.phonemes)
    entry |= {key: True for key in ("breath_after", "staccato") if getattr(note, key)}
    entry |= {"bar": note.bar, "beat": _number(note.beat)}
    entry |= {key: getattr(note, key) for key in ("tuning_cents", "language") if getattr(note, key)}
    if note.phoneme_hint:
        entry["phoneme_hint"] = list(note.phoneme_hint)
    if note.glide:
        entry["glide"] = [asdict(point) for point in note.glide]
    if note.vibrato:
        entry["vibrato"] = asdict(note.vibrato)
    return entry


def _part_entry(part: Part) -> dict[str, object]:
    entry: dict[str, object] = {
        "name": part.name,
        "notes": [_note_entry(note) for note in part.notes],
        "dynamics": [{"tick": p.tick, "level_db": p.level_db} for p in part.dynamics],
        "verses": list(part.verses),
    }
    if part.language:
        entry["language"] = part.language
    if part.pitch_curve:
        entry["pitch_curve"] = [[point.tick, point.pitch_midi] for point in part.pitch_curve]
    if part.bend:
        entry["bend"] = [[point.tick, point.cents] for point in part.bend]
    return entry


def document_of(score: Score) -> dict[str, object]:
    """The score as JSON values, of which `from_document` makes an equal one."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "title": score.title,
        "language": score.language,
        "tempos": [
            {"tick": t.tick, "quarters_per_minute": _number(t.quarters_per_minute)} for t in score.tempo_map.tempos
        ],
        "time_signatures": [
            {"tick": s.tick, "beats": s.beats, "beat_unit": s.beat_unit} for s in score.time_signatures
        ],
        "length_ticks": score.length_ticks,
        "bars": score.bars,
        "parts": [_part_entry(part) for part in score.parts],
        "doubts": list(score.doubts),
    }


def write_json(path: str | Path, score: Score) -> None:
    """Write the score so that reading it again gives an equal one; the file appears whole or not at all."""
    write_text(Path(path), json.dumps(document_of(score), ensure_ascii=False, indent=1) + "\n")
