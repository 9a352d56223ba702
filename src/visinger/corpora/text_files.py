"""The text that corpora keep their annotations in: bounded, decoded, and blamed by file and line."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from visinger.errors import CorpusError

LARGEST_BYTES = 64 << 20
LONGEST_SECONDS = 4 * 3600.0
ENCODINGS = ("utf-8-sig", "cp932")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_NOTE = re.compile(r"([A-Ga-g])([#♯b♭]?)(-?\d)([+-]\d+)?")
RESTS = frozenset(("rest", "REST", "xx", "0"))


def read_text(path: Path, *, encodings: Sequence[str] = ENCODINGS, most_bytes: int = LARGEST_BYTES) -> str:
    """A text file in the first encoding that fits; UTF-16 is known by its mark. CorpusError names the file."""
    try:
        with path.open("rb") as file:
            content = file.read(most_bytes + 1)
    except OSError as error:
        problem = f"cannot be read ({(error.strerror or str(error)).lower()})"
        raise CorpusError(problem, where=path, remedy="give the corpus' own folder") from error
    if len(content) > most_bytes:
        raise CorpusError(f"longer than {most_bytes >> 20} MB", where=path, remedy="split it")
    tried = ("utf-16",) if content[:2] in (b"\xff\xfe", b"\xfe\xff") else tuple(encodings)
    for encoding in tried:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise CorpusError(f"is no text in {' or '.join(tried)}", where=path, remedy="save it as UTF-8")


def read_lines(path: Path) -> list[tuple[int, str]]:
    """The lines that hold something, with their numbers from 1."""
    return [(number, line) for number, line in enumerate(read_text(path).splitlines(), 1) if line.strip()]


def read_json(path: Path) -> Any:
    """What a JSON file holds; CorpusError names file, line and column."""
    text = read_text(path)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        place = f"{path}, line {error.lineno}"
        raise CorpusError(f"is no JSON ({error.msg}, column {error.colno})", where=place) from error
    except (ValueError, RecursionError) as error:
        raise CorpusError("holds numbers or nesting beyond reason", where=path) from error


def seconds_of(text: object, *, where: Path | str) -> float:
    """A time or a length in seconds; CorpusError for anything that is none."""
    try:
        value = float(text)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        value = math.nan
    if isinstance(text, bool) or not 0 <= value <= LONGEST_SECONDS:
        raise CorpusError(f"'{str(text)[:20]}' is no time in seconds", where=where, remedy="mend the number")
    return value


def pitch_of(text: object, *, where: Path | str) -> int:
    """MIDI pitch of 'G#4/Ab4', 'C4', 'A3+12' (cents, rounded), 69 or 'rest' (0); CorpusError for anything else."""
    written = str(text).strip()
    if written in RESTS:
        return 0
    found = _NOTE.fullmatch(written.split("/")[0])
    if found is not None:
        sign = {"#": 1, "♯": 1, "b": -1, "♭": -1, "": 0}[found[2]]
        pitch = 12 * (int(found[3]) + 1) + _STEPS[found[1].upper()] + sign + round(int(found[4] or 0) / 100)
    else:
        try:
            pitch = round(float(written))
        except (ValueError, OverflowError):
            pitch = -1
    if isinstance(text, bool) or not 0 <= pitch <= 127:
        raise CorpusError(f"'{written[:20]}' is no note", where=where, remedy="write C4, F#3, 60 or rest")
    return pitch


def field(record: object, key: str, kind: type | tuple[type, ...], *, where: Path | str) -> Any:
    """`record[key]`, which must be of that kind; CorpusError says what is missing or of the wrong kind."""
    if not isinstance(record, dict):
        raise CorpusError("is no object with named fields", where=where)
    if not isinstance(record.get(key), kind):
        wanted = " or ".join(k.__name__ for k in (kind if isinstance(kind, tuple) else (kind,)))
        found = "is missing" if key not in record else f"is no {wanted}"
        raise CorpusError(f"'{key}' {found}", where=where, remedy="mend the entry")
    return record[key]


def plain_name(*pieces: str) -> str:
    """A file name of letters, digits, - _ and . made from any pieces, joined by a hyphen."""
    plain = ("".join(c if c.isalnum() or c in "-_." else "_" for c in piece) for piece in pieces)
    joined = "-".join(piece.strip("_.-") for piece in plain)
    return joined[:110] or "untitled"


def there(path: Path) -> bool:
    """Whether this is a file; a name from a list that is too long for any file is none."""
    try:
        return path.is_file()
    except OSError:
        return False
