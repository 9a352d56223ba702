"""Bopomofo (注音, ㄋㄧˇ) as pinyin: pypinyin's own conversion, the other way round."""

import re
from functools import cache

from visinger.language import pinyin

_LETTERS = "\u3105-\u312f\u31a0-\u31bf"
_TONES = "\u02c9\u02ca\u02c7\u02cb\u02d9"  # first to fourth, and the light one, which may stand first
_WRITTEN = re.compile(f"[{_TONES}]?[{_LETTERS}]+[{_TONES}]?")
_LONGEST = 4  # letters of a syllable, and more than any has


def written(text: str) -> bool:
    """True where there is a letter of bopomofo."""
    return re.search(f"[{_LETTERS}]", text) is not None


def as_pinyin(text: str) -> str:
    """The text with its bopomofo as pinyin without tones, a space between syllables; what is no syllable is left."""
    return _WRITTEN.sub(_syllables, text) if written(text) else text


def _syllables(found: re.Match[str]) -> str:
    letters = found.group().strip(_TONES)
    table = _table()
    read: list[str] = []
    while letters:
        size = next((n for n in range(min(_LONGEST, len(letters)), 0, -1) if letters[:n] in table), 0)
        if not size:
            return found.group()
        read.append(table[letters[:size]])
        letters = letters[size:]
    return " " + " ".join(read) + " "


@cache
def _table() -> dict[str, str]:
    """Bopomofo → pinyin of every syllable; of several spellings of one sound the first, which is the usual one."""
    from pypinyin.style.bopomofo import BopomofoConverter  # a second of import: only for bopomofo

    converter = BopomofoConverter()
    table: dict[str, str] = {}
    for syllable in pinyin.table():
        table.setdefault(converter.to_bopomofo(syllable.replace("v", "ü")).strip(_TONES), syllable)
    return table
