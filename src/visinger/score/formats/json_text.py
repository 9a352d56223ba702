"""JSON as editors write it: bounded in its values, and perhaps with a NUL or other leavings after its last brace."""

import json
import re
from pathlib import Path

from visinger.errors import ScoreError
from visinger.score.bounds import LONGEST_FILE_BYTES, read_bytes

MOST_VALUES = 2_000_000  # up to 200 bytes each once read; an hour of drawn pitch has half a million
_SEPARATORS = b",[{"
_HALF = re.compile(  # of a pair of escapes: a first half without a second, or a second without a first
    r"\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|(?<!\\u[dD][89abAB]..\\u.)[c-fC-F][0-9a-fA-F]{2})"
)


def read_json_text(path: Path) -> object:
    """What a JSON file holds; every fault is a `ScoreError` with its line."""
    return parsed_json(read_bytes(path, most_bytes=LONGEST_FILE_BYTES), path)


def whole_characters(text: str) -> bool:
    """Whether no half of a surrogate pair stands alone in the text; such a half can be neither written nor printed."""
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)


def parsed_json(content: bytes, path: Path) -> object:
    """What JSON text holds. Numbers that JSON does not know (NaN) are read as nothing."""
    if sum(content.count(bytes([separator])) for separator in _SEPARATORS) > MOST_VALUES:
        raise ScoreError(f"more than {MOST_VALUES:,} values", where=path, remedy="split the project")
    try:
        text = content.decode(json.detect_encoding(content)).lstrip("\ufeff \t\r\n")
    except UnicodeDecodeError:
        raise ScoreError("the file is not UTF-8 text", where=path, remedy="save it as UTF-8") from None
    text = _HALF.sub(r"\\ufffd", text) if "\\ud" in text or "\\uD" in text else text
    try:
        value, end = json.JSONDecoder(parse_constant=lambda _: None).raw_decode(text)
    except json.JSONDecodeError as problem:
        place = f"{path}, line {problem.lineno}, column {problem.colno}"
        raise ScoreError(f"this is not JSON ({problem.msg})", where=place, remedy="export the project again") from None
    except (ValueError, RecursionError):
        problem_text = "numbers or nesting beyond reason"
        raise ScoreError(problem_text, where=path, remedy="export the project again") from None
    if any(character in "{[" for character in text[end:].strip("\x00 \t\r\n")[:1]):
        line = text.count("\n", 0, end) + 1
        raise ScoreError("a second JSON text follows the first", where=f"{path}, line {line}", remedy="split the file")
    return value
