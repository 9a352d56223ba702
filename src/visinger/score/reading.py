"""Reading a score file, whatever its format; of the readers only the one that is needed is imported."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from visinger.errors import ScoreError
from visinger.score.score import Score

MUSICXML_SUFFIXES = (".musicxml", ".xml", ".mxl")
MIDI_SUFFIXES = (".mid", ".midi", ".kar")
JSON_SUFFIXES = (".json",)
EDITORS: dict[str, str] = {  # suffix → module below `formats`, which has a function `read_` and its own name
    ".ustx": "ustx",  # OpenUtau
    ".ust": "ust",  # UTAU
    ".ds": "ds",  # DiffSinger
    ".svp": "svp",  # Synthesizer V Studio
    ".s5p": "s5p",  # the first Synthesizer V
    ".ufdata": "ufdata",  # UtaFormatix
    ".vsq": "vsq",  # VOCALOID 2
    ".vsqx": "vsqx",  # VOCALOID 3 and 4
    ".vpr": "vpr",  # VOCALOID 5 and 6
    ".ccs": "ccs",  # CeVIO
    ".ccst": "ccs",
    ".tssln": "tssln",  # VoiSona
    ".dv": "dv",  # DeepVocal
    ".vvproj": "vvproj",  # VOICEVOX
}


def read(path: str | Path, *, verse: int | None = None) -> Score:
    """Read a score; the suffix tells the format.

    `verse` chooses one of several verses (MusicXML); None sings verse k on the
    k-th round of a repeat. Parts with words come first, so part 0 is the one to
    sing. Every fault of the file is a `ScoreError` with its place and remedy;
    what the reader mended or passed over is in `Score.doubts`.
    """
    source = Path(path)
    suffix = source.suffix.lower()
    if suffix in MUSICXML_SUFFIXES:
        from visinger.score.formats.musicxml import read_musicxml

        return read_musicxml(source, verse=verse)
    if suffix in MIDI_SUFFIXES:
        return _only_verse(_midi(source), verse)
    if suffix in JSON_SUFFIXES:
        from visinger.score.formats.json_score import read_json

        return _only_verse(read_json(source), verse)
    if suffix in EDITORS:
        return _only_verse(_editor_reader(suffix)(source), verse)
    kind = f"of the kind {suffix!r}" if suffix else "without a suffix"
    known = ", ".join((*MUSICXML_SUFFIXES, *MIDI_SUFFIXES, *JSON_SUFFIXES, *EDITORS))
    remedy = f"known are {known}; other editors' projects can be turned into .ufdata or .mid"
    raise ScoreError(f"scores {kind} are not read", where=source, remedy=remedy)


def _midi(source: Path) -> Score:
    """A MIDI file, which VOCALOID 2 calls its projects too."""
    from visinger.score.formats.vsq import holds_vsq, read_vsq

    if holds_vsq(source):
        return read_vsq(source)
    from visinger.score.formats.midi import read_midi

    return read_midi(source)


def _editor_reader(suffix: str) -> Callable[[Path], Score]:
    name = EDITORS[suffix]
    reader: Callable[[Path], Score] = getattr(import_module(f"visinger.score.formats.{name}"), f"read_{name}")
    return reader


def _only_verse(score: Score, verse: int | None) -> Score:
    """Only MusicXML holds several verses; asking for another is a mistake."""
    if verse not in (None, 1):
        raise ScoreError(f"there is no verse {verse}", where=score.path or "", remedy="this format holds one verse")
    return score
