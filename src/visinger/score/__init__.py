"""Scores: `read` a MusicXML, MIDI or JSON file into a `Score`; `write_json` keeps one."""

from pathlib import Path

from visinger.errors import ScoreError
from visinger.score.formats.json_score import read_json, write_json
from visinger.score.formats.midi_writer import write_midi
from visinger.score.formats.musicxml import read_musicxml
from visinger.score.score import LevelPoint, Note, Part, Score, Tempo, TempoMap, TimeSignature

MUSICXML_SUFFIXES = (".musicxml", ".xml", ".mxl")
JSON_SUFFIXES = (".json",)


def read(path: str | Path, *, verse: int | None = None) -> Score:
    """Read a score; the suffix tells the format.

    `verse` chooses one of several verses (MusicXML); None sings verse k on the
    k-th round of a repeat. Every fault of the file is a `ScoreError` with its
    place and remedy; what the reader mended is in `Score.doubts`.
    """
    source = Path(path)
    suffix = source.suffix.lower()
    if suffix in MUSICXML_SUFFIXES:
        return read_musicxml(source, verse=verse)
    if suffix in JSON_SUFFIXES:
        return _only_verse(read_json(source), verse)
    known = ", ".join((*MUSICXML_SUFFIXES, *JSON_SUFFIXES))
    raise ScoreError(
        f"scores of the kind {suffix or 'without suffix'!r} are not read", where=source, remedy=f"known are {known}"
    )


def _only_verse(score: Score, verse: int | None) -> Score:
    """MIDI and JSON hold one verse; asking for another is a mistake."""
    if verse not in (None, 1):
        raise ScoreError(f"there is no verse {verse}", where=score.path or "", remedy="this format holds one verse")
    return score


__all__ = [
    *("LevelPoint", "Note", "Part", "Score", "Tempo", "TempoMap", "TimeSignature"),
    *("read", "write_json", "write_midi"),
]
