"""Scores: `read` a file of any format, or a singing editor's project, into a `Score`; `write` one in another format.

Names are looked up when first used: who reads one format does not wait for the others.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from visinger.score.formats.json_score import write_json
    from visinger.score.formats.midi_writer import write_midi
    from visinger.score.formats.musicxml_writer import write_musicxml
    from visinger.score.lyrics import with_lyrics
    from visinger.score.picture import piano_roll, write_picture
    from visinger.score.reading import read
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
        Vibrato,
    )
    from visinger.score.summary import summarise
    from visinger.score.writing import write

__all__ = [
    "BendPoint",
    "GlidePoint",
    "LevelPoint",
    "Note",
    "Part",
    "PitchPoint",
    "Score",
    "Tempo",
    "TempoMap",
    "TimeSignature",
    "Vibrato",
    "piano_roll",
    "read",
    "summarise",
    "with_lyrics",
    "write",
    "write_json",
    "write_midi",
    "write_musicxml",
    "write_picture",
]

_HOMES = {
    **dict.fromkeys(
        (
            "BendPoint",
            "GlidePoint",
            "LevelPoint",
            "Note",
            "Part",
            "PitchPoint",
            "Score",
            "Tempo",
            "TempoMap",
            "TimeSignature",
            "Vibrato",
        ),
        "visinger.score.score",
    ),
    "piano_roll": "visinger.score.picture",
    "read": "visinger.score.reading",
    "summarise": "visinger.score.summary",
    "with_lyrics": "visinger.score.lyrics",
    "write": "visinger.score.writing",
    "write_json": "visinger.score.formats.json_score",
    "write_midi": "visinger.score.formats.midi_writer",
    "write_musicxml": "visinger.score.formats.musicxml_writer",
    "write_picture": "visinger.score.picture",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'visinger.score' has no attribute '{name}'")
    found = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
