"""Mandarin: hanzi, pinyin and bopomofo to the phonemes of Opencpop (VISinger §3.1).

Hanzi are read by pypinyin in the context of their neighbours, corrected by our
own tables (`polyphones.py`); the phonemes are ours (`pinyin.py`). Hanzi and
pinyin may be mixed. 儿 is er on a note of its own; on the note of the hanzi
before, it closes that syllable (erhua), unless the word is one like 女儿. Tones
are not sung.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import groupby

from visinger.language import bopomofo, pinyin
from visinger.language.polyphones import corrected
from visinger.language.syllable import SILENCES, Kind, SpellingError, Syllable
from visinger.language.tongue import Spelled

_VOICED_INITIALS = frozenset(("m", "n", "l", "r", "y", "w"))  # b d g are voiceless and unaspirated

PHONEMES: dict[str, Kind] = {
    **{initial: "voiced" if initial in _VOICED_INITIALS else "unvoiced" for initial in pinyin.INITIALS},
    **dict.fromkeys((*pinyin.FINALS, pinyin.SYLLABIC_NASAL), "vowel"),
    **SILENCES,
}
CODAS: frozenset[str] = frozenset()  # a final holds its own nasal

# Words in which 儿 is a child, and what makes a word with it.
_CHILDREN = tuple(
    [
        "女儿",
        "婴儿",
        "幼儿",
        "孤儿",
        "男儿",
        "健儿",
        "胎儿",
        "少儿",
        "弃儿",
        "宠儿",
        "骄儿",
        "娇儿",
        "混血儿",
        "幸运儿",
        "新生儿",
        "孩儿",
        "妻儿",
        "牧儿",
        "痴儿",
        "产儿",
    ]
)
_OF_CHILDREN = tuple(
    f"{word}儿" for word in ("混血", "幸运", "新生", *"女婴幼孤男健胎少弃宠骄娇孩妻牧痴产")
)  # fmt: skip
_U_WITH_DOTS = re.compile("(?<=[lnLN])[uU]:")  # lu: is lü; elsewhere a colon is punctuation
_HOLDS = frozenset("-+~〜ー‐‑–—―−_")
_LONGEST_CONTEXT = 200  # characters read together
# pypinyin's phrases are in simplified characters: traditional ones of several readings, and what
# stands beside them in their words, are read as their simplified forms.
_SIMPLER = str.maketrans(
    "長樂覺還銀來樣個彈傳處當間發給會幾見將盡強調頭為沒無興應轉載種眾著數說單鬧歡華燈離斷響聲學",
    "长乐觉还银来样个弹传处当间发给会几见将尽强调头为没无兴应转载种众着数说单闹欢华灯离断响声学",
)


def spell_one(lyric: str) -> tuple[Syllable, ...]:
    """The syllables of pinyin or of hanzi without neighbours; raises `SpellingError`."""
    ((_, syllables),) = spell_all([lyric], [0], [1])
    return syllables


def readable(word: str) -> bool:
    """True when the word is pinyin."""
    return pinyin.syllables(word) is not None


def spell_all(lyrics: list[str], wanted: list[int], notes: Sequence[int]) -> Spelled:
    """Spell the `wanted` lyrics, hanzi in the context of all of them; punctuation ends a context."""
    texts = [unicodedata.normalize("NFKC", bopomofo.as_pinyin(lyric)) for lyric in lyrics]
    readings = _readings(texts)
    for index in wanted:
        text = _sung(texts[index])
        if not text and any(c in _HOLDS for c in texts[index]):
            yield index, (Syllable((), ""),)
        elif any(is_hanzi(c) for c in text):
            yield index, _mixed(text, readings[index], lyric=lyrics[index], index=index, notes=notes[index])
        else:
            syllables = pinyin.syllables(text) if text else None
            if syllables is None:
                raise _unspellable(lyrics[index], text, index)
            yield index, syllables


def is_hanzi(character: str) -> bool:
    """True for a Chinese character."""
    return unicodedata.name(character, "").startswith("CJK ") or character == "〇"


def _sung(text: str) -> str:
    """The text without what is not sung: spaces at its ends, punctuation, strokes that prolong."""
    text = _U_WITH_DOTS.sub("v", text)
    kept = "".join(
        c if c in "':" or (unicodedata.category(c)[0] not in "PSC" and c not in _HOLDS) else " " for c in text
    )
    words = [word.strip("':") for word in kept.split()]
    return " ".join(word for word in words if word)


def _mixed(text: str, readings: list[tuple[str, str]], *, lyric: str, index: int, notes: int) -> tuple[Syllable, ...]:
    """Hanzi, with pinyin between them or not; 儿 joins the syllable before where there are too few notes for it."""
    syllables: list[Syllable] = []
    joins = len(readings) > notes
    read, at = iter(readings), 0
    for hanzi, group in groupby(text, is_hanzi):
        piece = "".join(group)
        if not hanzi and piece.strip(" ':"):
            between = pinyin.syllables(piece)
            if between is None:
                raise _unspellable(lyric, text, index)
            syllables.extend(between)
        for k, character in enumerate(piece if hanzi else "", at):
            _, reading = next(read)
            if character == "儿" and joins and syllables and _closes(text, k) and pinyin.takes_erhua(syllables[-1]):
                syllables[-1] = pinyin.rhotacised(syllables[-1])
            else:
                syllables.extend(_from_reading(character, reading, lyric, index))
        at += len(piece)
    return tuple(syllables)


def _closes(text: str, at: int) -> bool:
    """True where 儿 only rounds off the word before it, as in 花儿; not in 女儿 or 儿子."""
    return not text.endswith(_CHILDREN, 0, at + 1) and text[at + 1 : at + 2] not in _OF_CHILDREN


def _from_reading(character: str, read: str, lyric: str, index: int) -> tuple[Syllable, ...]:
    syllables = pinyin.syllables(read) if read.isascii() else None
    if syllables is None:
        problem = f"the character '{character}' of the lyric '{lyric}' has no known reading"
        raise SpellingError(problem, index=index, remedy=f"type its pinyin in brackets: {character}[pin]")
    return syllables


def _unspellable(lyric: str, text: str, index: int) -> SpellingError:
    if not text:
        return SpellingError(f"the lyric '{lyric}' holds nothing to sing", index=index, remedy="write hanzi or pinyin")
    return SpellingError(
        f"the lyric '{lyric}' is neither hanzi nor pinyin",
        index=index,
        remedy="write hanzi or pinyin (zhuang, lü or lv), or what to sing in brackets: [la]",
    )


def _readings(texts: list[str]) -> list[list[tuple[str, str]]]:
    """For each text its hanzi with their toneless pinyin, read in runs that punctuation and other scripts end."""
    readings: list[list[tuple[str, str]]] = [[] for _ in texts]
    run: list[tuple[int, str]] = []

    def flush() -> None:
        for (index, character), read in zip(run, _read("".join(c for _, c in run)), strict=True):
            readings[index].append((character, read))
        run.clear()

    for index, text in enumerate(texts):
        for character in text:
            if is_hanzi(character):
                run.append((index, character))
            elif character not in _HOLDS and not character.isspace():
                flush()
            if len(run) >= _LONGEST_CONTEXT:
                flush()
    flush()
    return readings


def _read(text: str) -> list[str]:
    """Toneless pinyin of each character of a run of hanzi."""
    if not text:
        return []
    from pypinyin import Style, lazy_pinyin  # a second of import: only for hanzi

    text = text.translate(_SIMPLER)
    read: list[str] = lazy_pinyin(text, style=Style.NORMAL, errors=list, v_to_u=False)  # type: ignore[arg-type]
    return corrected(text, read)
