"""Writing a score in the format that a file's suffix names, and saying what that format cannot hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from visinger.errors import OutputError
from visinger.score.formats.json_score import write_json
from visinger.score.formats.midi_writer import write_midi
from visinger.score.formats.musicxml_writer import write_musicxml
from visinger.score.formats.ust_writer import write_ust
from visinger.score.formats.ustx_writer import write_ustx
from visinger.score.score import Note, Part, Score

MUSICXML, MIDI, JSON = "MusicXML", "MIDI", "our JSON"
USTX, UST = "OpenUtau's project", "UTAU's sequence"
WRITTEN: dict[str, str] = {
    ".json": JSON,
    ".musicxml": MUSICXML,
    ".xml": MUSICXML,
    ".mxl": MUSICXML,
    ".mid": MIDI,
    ".midi": MIDI,
    ".ustx": USTX,
    ".ust": UST,
}
HOLDS_PITCH = (".json", ".ustx", ".ust")


@dataclass(frozen=True)
class _Feature:
    """Something that notes or parts may have and not every format can say."""

    name: str
    held_by: tuple[str, ...]
    of_note: Callable[[Note], bool] = lambda _note: False
    of_part: Callable[[Part], bool] = lambda _part: False


_FEATURES = (
    _Feature("vibrato", (USTX, UST), lambda note: note.vibrato is not None),
    _Feature("glides", (USTX, UST), lambda note: any(point.cents for point in note.glide)),
    _Feature("tuning off the semitone", (USTX, UST), lambda note: note.tuning_cents != 0),
    _Feature("the drawn pitch", (USTX, UST), of_part=lambda part: bool(part.pitch_curve)),
    _Feature("the drawn bend", (USTX, UST), of_part=lambda part: bool(part.bend)),
    _Feature("typed phonemes", (USTX, UST), lambda note: bool(note.phonemes)),
    _Feature("hints of phonemes", (USTX,), lambda note: bool(note.phoneme_hint)),
    _Feature("the language of single notes", (), lambda note: bool(note.language)),
    _Feature("breaths", (MUSICXML, UST), lambda note: note.breath_after),
    _Feature("staccato", (MUSICXML,), lambda note: note.staccato),
)


def write(path: str | Path, score: Score) -> tuple[str, ...]:
    """Write a score; the suffix tells the format. Returns what was lost on the way, with counts.

    Raises OutputError for a suffix that no score is written in, or when the disk refuses.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in WRITTEN:
        shown = f"in the format '{suffix}'" if suffix else "without a suffix"
        raise OutputError(f"no score is written {shown}", where=target, remedy=f"use one of {' '.join(WRITTEN)}")
    kind = WRITTEN[suffix]
    lost = tuple(losses(score, kind))
    if kind in (USTX, UST):
        return (*lost, *(write_ustx if kind == USTX else write_ust)(target, score))
    writers: dict[str, Callable[[Path, Score], None]] = {MUSICXML: write_musicxml, MIDI: write_midi, JSON: write_json}
    writers[kind](target, score)
    return lost


def losses(score: Score, kind: str) -> Iterator[str]:
    """What the format cannot hold of this score, one line for each kind of thing."""
    if kind == JSON:
        return
    for feature in _FEATURES:
        if kind in feature.held_by:
            continue
        notes = sum(feature.of_note(note) for part in score.parts for note in part.notes)
        parts = [part.name for part in score.parts if feature.of_part(part)]
        if notes:
            counted = "1 note" if notes == 1 else f"{notes} notes"
            yield f"{kind} cannot hold {feature.name}: lost on {counted}"
        if parts:
            yield f"{kind} cannot hold {feature.name}: lost in {', '.join(parts)}"
