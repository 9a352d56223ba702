"""Any readable score in, any written format out: what `visinger convert` does, for programs too.

Labels need a performance, so a voice performs the score for them; where a voice
is asked for, its pitch goes into the formats that hold one.
"""

from dataclasses import dataclass, replace
from pathlib import Path

from visinger import score as scores
from visinger.errors import LyricError, OutputError, ScoreError
from visinger.language import Dictionary, read_dictionary
from visinger.phrasing.drawing import with_sung_pitch
from visinger.phrasing.ds_writer import write_ds
from visinger.phrasing.labels import LABELS, write_labels
from visinger.phrasing.performance import Performance
from visinger.phrasing.spelling import spell
from visinger.score.intonation import draws_pitch
from visinger.score.score import Score
from visinger.score.writing import HOLDS_PITCH, WRITTEN, write
from visinger.voices import compass, embedded, singing
from visinger.voices.compass import Transposition
from visinger.voices.voice import Voice

SCRIPT = ".ds"
SUFFIXES = (*WRITTEN, SCRIPT, *LABELS)


@dataclass(frozen=True)
class Wishes:
    """How a score is to be written; every field is an option of `visinger convert`."""

    voice: str | Path = ""  # empty: none, unless labels are wanted
    singer: str = ""
    part: str = ""  # a part's name or number; "all"; empty: all of a score, the first with words of a performance
    language: str = ""
    dictionary: Path | None = None  # of the words that a voice sings
    verse: int | None = None
    transpose: Transposition = 0
    seconds: bool = False  # .lab: times in seconds
    force: bool = False  # write over what is there


@dataclass(frozen=True)
class _Singer:
    """A voice, and the dictionary that it sings by."""

    voice: Voice
    dictionary: Dictionary | None

    def perform(self, score: Score, part: int) -> Performance:
        return self.voice.perform(score, part=part, dictionary=self.dictionary)


def convert(source: Path, target: Path, wishes: Wishes) -> tuple[str, ...]:
    """Write `source` as `target` says; returns warnings: what was lost, and what the performance was doubtful of.

    Raises OutputError where there is something already, or for a suffix that is
    not written; ScoreError and LyricError as singing would.
    """
    suffix = target.suffix.lower()
    if suffix not in SUFFIXES:
        shown = f"in the format '{suffix}'" if suffix else "without a suffix"
        raise OutputError(f"nothing is written {shown}", where=target, remedy=f"use one of {' '.join(SUFFIXES)}")
    if target.exists() and not wishes.force:
        raise OutputError("is there already", where=target, remedy="choose another name, or write over it with --force")
    score = scores.read(source, verse=wishes.verse)
    if wishes.language:
        score = replace(score, language=wishes.language)
    name = wishes.voice or (embedded.DEFAULT if suffix in LABELS else "")
    singer = None
    if name:
        dictionary = read_dictionary(wishes.dictionary) if wishes.dictionary is not None else None
        singer = _Singer(Voice.load(name, singer=wishes.singer or None), dictionary)
    elif wishes.dictionary is not None:
        remedy = "give --voice too, or leave the dictionary out"
        raise LyricError("a dictionary is for singing, and nobody sings", where=wishes.dictionary, remedy=remedy)
    score = _transposed(score, singer, wishes)
    if suffix in LABELS or suffix == SCRIPT:
        return _one_line(target, score, singer, wishes)
    if wishes.part and wishes.part != singing.ALL_PARTS:
        score = replace(score, parts=(score.parts[singing.part_index(score, wishes.part)],))
    warnings: tuple[str, ...] = ()
    if singer is not None:
        if suffix not in HOLDS_PITCH:
            warnings = (f"{WRITTEN[suffix]} cannot hold a pitch curve: the voice's is not written",)
        else:
            score, warnings = _with_pitch(score, singer)
    return (*warnings, *write(target, score))


def _one_line(target: Path, score: Score, singer: _Singer | None, wishes: Wishes) -> tuple[str, ...]:
    """Labels and scripts hold one singer's line."""
    if wishes.part == singing.ALL_PARTS:
        raise OutputError("this format holds one part", where=target, remedy="name it with --part")
    (part,) = singing.chosen_parts(score, wishes.part)
    performance = singer.perform(score, part) if singer is not None else None
    others = [p.name for k, p in enumerate(score.parts) if p.sung and k != part]
    warnings = performance.warnings if performance is not None else score.doubts
    if others and not wishes.part:
        warnings = (
            *warnings,
            f"wrote part '{score.parts[part].name}'; others with words: {', '.join(others)} (--part)",
        )
    if target.suffix.lower() == SCRIPT:
        return (*warnings, *_script(target, score, part, performance))
    assert performance is not None  # labels always have a voice
    write_labels(target, performance, score.parts[part], in_seconds=wishes.seconds)
    return warnings


def _script(target: Path, score: Score, part: int, performance: Performance | None) -> tuple[str, ...]:
    write_ds(target, score, part=part, performance=performance)
    lost = ["DiffSinger's script has neither bars nor tempo: times are in seconds"]
    if performance is None:
        lacking = "no durations of phonemes" if draws_pitch(score.parts[part]) else "neither durations nor a pitch"
        lost.append(f"nobody has performed it: the script has {lacking} (--voice)")
    if score.parts[part].dynamics:
        lost.append("DiffSinger's script cannot hold dynamics: lost")
    return tuple(lost)


def _with_pitch(score: Score, singer: _Singer) -> tuple[Score, tuple[str, ...]]:
    """Every part that has words, with the voice's pitch."""
    warnings: list[str] = []
    for part in singing.chosen_parts(score, singing.ALL_PARTS):
        performance = singer.perform(score, part)
        score = with_sung_pitch(score, performance, part=part)
        warnings += [warning for warning in performance.warnings if warning not in warnings]
    return score, tuple(warnings)


def _transposed(score: Score, singer: _Singer | None, wishes: Wishes) -> Score:
    """The score moved by semitones, or so that the chosen part fits the voice."""
    semitones = wishes.transpose
    if semitones == "auto":
        if singer is None:
            raise ScoreError("there is no voice to fit the melody to", remedy="give --voice, or a number of semitones")
        wanted = "" if wishes.part == singing.ALL_PARTS else wishes.part
        part = singing.chosen_parts(score, wanted)[0]
        song = spell(score, part=part, language=score.language or None, dictionary=singer.dictionary)
        described = singer.voice.for_language(song.language).description
        semitones = compass.fitting(song, described.lowest_midi, described.highest_midi)
    pitches = [note.pitch_midi + semitones for part in score.parts for note in part.notes]
    if semitones and not (min(pitches, default=60) >= 1 and max(pitches, default=60) <= compass.HIGHEST_MIDI):
        problem = f"transposed by {semitones:+d} semitones it leaves the range of MIDI pitches"
        raise ScoreError(problem, where=score.path or "score", remedy="transpose less, or choose a --part")
    return score.transposed(semitones) if semitones else score
