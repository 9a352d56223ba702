"""What a score may hold: the bounds that every reader checks before it hands a score on."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from visinger.errors import ScoreError, at_bar
from visinger.score.score import (
    FASTEST_BPM,
    LONGEST_NOTE_SECONDS,
    LONGEST_SCORE_SECONDS,
    SLOWEST_BPM,
    Note,
    Part,
    Score,
    TempoMap,
)

LONGEST_FILE_BYTES = 64 * 2**20
LOWEST_PITCH, HIGHEST_PITCH = 0, 127


def read_bytes(path: Path, *, most_bytes: int = LONGEST_FILE_BYTES) -> bytes:
    """The file's content; refuses what is missing, is no file or is longer than `most_bytes`."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except FileNotFoundError:
        raise ScoreError("there is no such file", where=path, remedy="check the path") from None
    except IsADirectoryError:
        raise ScoreError("this is a folder, not a score", where=path, remedy="name a score file in it") from None
    except OSError as problem:
        reason = (problem.strerror or "unknown reason").lower()
        raise ScoreError(f"the file cannot be read ({reason})", where=path, remedy="check its permissions") from None
    if len(content) > most_bytes:
        size = f"{most_bytes / 2**20:g} MB"
        raise ScoreError(f"the file is longer than {size}", where=path, remedy="split the score into shorter ones")
    return content


def check_tempo(quarters_per_minute: object, place: str) -> None:
    """Refuse a tempo at which nothing can be sung; the number is in quarter notes per minute."""
    if not SLOWEST_BPM <= quarters_per_minute <= FASTEST_BPM:  # type: ignore[operator]
        raise ScoreError(
            f"a tempo of {float(quarters_per_minute):g} quarter notes per minute",  # type: ignore[arg-type]
            where=place,
            remedy=f"tempos run from {SLOWEST_BPM} to {FASTEST_BPM}",
        )


def within_tempos(quarters_per_minute: Fraction) -> tuple[Fraction, str]:
    """The nearest tempo that can be sung, and what to say of it; nothing where it is the tempo itself."""
    taken = min(max(quarters_per_minute, Fraction(SLOWEST_BPM)), Fraction(FASTEST_BPM))
    if taken == quarters_per_minute:
        return taken, ""
    said = f"a tempo of {float(quarters_per_minute):g} quarter notes per minute is sung at {int(taken)}"
    return taken, f"{said}: tempos run from {SLOWEST_BPM} to {FASTEST_BPM}"


def check_pitch(pitch_midi: int, place: str) -> None:
    """Refuse a pitch that MIDI cannot name."""
    if not LOWEST_PITCH <= pitch_midi <= HIGHEST_PITCH:
        raise ScoreError(
            f"a pitch outside MIDI's {LOWEST_PITCH} to {HIGHEST_PITCH} ({pitch_midi})",
            where=place,
            remedy="correct the octave or the transposition",
        )


def _check_notes(notes: Sequence[Note], tempo_map: TempoMap, path: Path | None) -> None:
    for note in notes:
        check_pitch(note.pitch_midi, at_bar(path, note.bar, note.beat))
        if tempo_map.seconds(note.end_tick) - tempo_map.seconds(note.start_tick) > LONGEST_NOTE_SECONDS:
            raise ScoreError(
                f"a note longer than {LONGEST_NOTE_SECONDS // 60} minutes",
                where=at_bar(path, note.bar, note.beat),
                remedy="shorten it or put a rest in it",
            )


def checked(score: Score) -> Score:
    """The score itself, once it is within every bound; otherwise the `ScoreError` that says where it is not."""
    where = str(score.path or "score")
    if not any(part.notes for part in score.parts):
        raise ScoreError("no part has a note to sing", where=where, remedy="write a melody, or name another file")
    if score.seconds > LONGEST_SCORE_SECONDS:
        hours = float(score.seconds) / 3600
        limit = LONGEST_SCORE_SECONDS // 3600
        raise ScoreError(f"a score of {hours:.1f} hours", where=where, remedy=f"split it: {limit} hours is the longest")
    for part in score.parts:
        _check_notes(part.notes, score.tempo_map, score.path)
    return score


def in_singing_order(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Parts with words first, each group in the source's order; so part 0 is the one to sing."""
    return tuple(sorted(parts, key=lambda part: not part.sung))
