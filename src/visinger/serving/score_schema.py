"""The score document as a JSON schema, for the API's documentation; `score/formats/json_score.py` is what checks it."""

from typing import Any

from visinger.score.formats.json_score import (
    FORMAT,
    LATEST_TICK,
    LONGEST_GLIDE_MS,
    LOUDEST_DB,
    SYLLABIC,
    VERSION,
    WIDEST_CENTS,
)
from visinger.score.score import FASTEST_BPM, GLIDE_SHAPES, SLOWEST_BPM

Schema = dict[str, Any]


def _number(low: float, high: float, said: str = "") -> Schema:
    return {"type": "number", "minimum": low, "maximum": high, **({"description": said} if said else {})}


def _whole(low: int, high: int, said: str = "") -> Schema:
    return _number(low, high, said) | {"type": "integer"}


def _text(said: str = "") -> Schema:
    return {"type": "string", **({"description": said} if said else {})}


def _list(items: Schema, said: str = "") -> Schema:
    return {"type": "array", "items": items, **({"description": said} if said else {})}


def _object(properties: dict[str, Schema], *required: str) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _pairs(value: Schema, said: str) -> Schema:
    """Pairs of a tick and a value."""
    return _list({"type": "array", "prefixItems": [_TICK, value], "minItems": 2, "maxItems": 2}, said)


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


_TICK = _whole(0, LATEST_TICK, "480 to the quarter note")
_FRACTION: Schema = {
    "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d{1,12}(/\d{1,12}|\.\d{1,12})?$"}]
}
_GLIDE_POINT = _object(
    {
        "ms": _number(-LONGEST_GLIDE_MS, LONGEST_GLIDE_MS, "from the note's onset"),
        "cents": _number(-WIDEST_CENTS, WIDEST_CENTS, "from the note's pitch"),
        "shape": {"enum": list(GLIDE_SHAPES)},
    },
    "ms",
    "cents",
)
_VIBRATO = _object(
    {
        "share": _number(0, 1, "of the note, at its end"),
        "period_ms": _number(1, LONGEST_GLIDE_MS),
        "depth_cents": _number(0, WIDEST_CENTS),
        "fade_in": _number(0, 1),
        "fade_out": _number(0, 1),
        "phase": _number(-1, 1, "in periods"),
        "offset_cents": _number(-WIDEST_CENTS, WIDEST_CENTS),
    },
    "share",
    "period_ms",
    "depth_cents",
)
_NOTE = _object(
    {
        "tick": _TICK,
        "duration": _whole(1, LATEST_TICK, "in ticks"),
        "pitch": _whole(0, 127, "MIDI"),
        "lyric": _or_null(_text("a syllable; absent or null: the one before goes on; +: the word's next")),
        "syllabic": {"enum": list(SYLLABIC)},
        "phonemes": _list(_text(), "instead of the lyric's spelling"),
        "breath_after": {"type": "boolean"},
        "staccato": {"type": "boolean"},
        "bar": _text("as printed"),
        "beat": _FRACTION,
        "tuning_cents": _number(-WIDEST_CENTS, WIDEST_CENTS),
        "phoneme_hint": _list(_text()),
        "language": _text(),
        "glide": _list(_GLIDE_POINT, "the pitch on its way into the note, in the order of times"),
        "vibrato": _or_null(_VIBRATO),
    },
    "tick",
    "duration",
    "pitch",
)
_PART = _object(
    {
        "name": _text(),
        "notes": _list(_NOTE, "one voice: in time order, none overlapping"),
        "dynamics": _list(
            _object({"tick": _TICK, "level_db": _number(-LOUDEST_DB, LOUDEST_DB)}, "tick", "level_db"),
            "straight between the points; 0 dB is mf",
        ),
        "verses": _list(_whole(1, 999)),
        "language": _text(),
        "pitch_curve": _pairs(_or_null(_number(-WIDEST_CENTS, WIDEST_CENTS)), "MIDI pitch as drawn; null ends it"),
        "bend": _pairs(_number(-WIDEST_CENTS, WIDEST_CENTS), "cents added to the notes"),
    },
    "notes",
)
SCORE_SCHEMA = _object(
    {
        "format": {"const": FORMAT},
        "version": {"const": VERSION},
        "title": _text(),
        "language": _text("of the words: zh, ja, en; empty: told from them"),
        "tempos": _list(
            _object(
                {"tick": _TICK, "quarters_per_minute": {"anyOf": [_number(SLOWEST_BPM, FASTEST_BPM), _FRACTION]}},
                "tick",
                "quarters_per_minute",
            ),
            "the first at tick 0; none: 120",
        ),
        "time_signatures": _list(
            _object(
                {"tick": _TICK, "beats": _whole(1, 1000), "beat_unit": _whole(1, 1024)}, "tick", "beats", "beat_unit"
            )
        ),
        "length_ticks": _whole(0, LATEST_TICK, "none: the end of the last note"),
        "bars": _whole(0, LATEST_TICK),
        "parts": _list(_PART),
        "doubts": _list(_text()),
    },
    "format",
    "version",
    "parts",
)
