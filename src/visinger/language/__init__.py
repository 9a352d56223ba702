"""Lyrics to phonemes: Mandarin (`zh`) and Japanese (`ja`).

One lyric per note, in order; what a note sings may also be typed in brackets,
as a reading (`长[chang]`, `長[なが]`) or as phonemes (`[ch ang]`, `[n a g a]`).
"""

import difflib
import re
import unicodedata
from collections.abc import Sequence
from types import ModuleType

from visinger.errors import LyricError
from visinger.language import japanese, mandarin
from visinger.language.syllable import SILENCES, Kind, SpellingError, Syllable, group

__all__ = ["LANGUAGES", "Kind", "SpellingError", "Syllable", "detect", "from_phonemes", "phoneme_set", "spell"]

LANGUAGES = {"zh": "Mandarin", "ja": "Japanese"}
_MODULES: dict[str, ModuleType] = {"zh": mandarin, "ja": japanese}
_BRACKETED = re.compile(r"^(?P<text>[^\[(]*)[\[(](?P<typed>[^\])]*)[\])][^\[(]*$")
_LONGEST_LYRIC = 200  # characters on one note


def phoneme_set(language: str) -> dict[str, Kind]:
    """Every phoneme of a language with its kind, SP (pause) and AP (breath) included."""
    return dict(_module(language).PHONEMES)


def spell(lyrics: Sequence[str], language: str) -> list[tuple[Syllable, ...]]:
    """The syllables of each lyric, one entry per note.

    Neighbouring lyrics decide between readings, so give a whole verse at once.
    A lyric that only prolongs (`ー`, `-`) gives a syllable that `continues`. Raises
    `SpellingError`, whose `index` is the lyric's position.
    """
    module = _module(language)
    spelled: list[tuple[Syllable, ...] | None] = []
    plain: list[str] = []
    for index, lyric in enumerate(lyrics):
        try:
            text, typed = _hint(lyric)
            plain.append(text)
            spelled.append(None if typed is None else _typed(typed, language))
        except SpellingError as error:
            raise error.moved(index=index) from None
    for index, syllables in module.spell_all(plain, [index for index, known in enumerate(spelled) if known is None]):
        spelled[index] = syllables
    return [syllables or () for syllables in spelled]


def from_phonemes(phonemes: Sequence[str], language: str) -> tuple[Syllable, ...]:
    """Phonemes typed by the user, gathered into syllables; unknown ones are named with their nearest."""
    module = _module(language)
    for symbol in phonemes:
        if symbol not in module.PHONEMES:
            near = difflib.get_close_matches(symbol, module.PHONEMES, 3, 0.4)
            known = ", ".join(near) if near else " ".join(module.PHONEMES)
            raise SpellingError(f"{LANGUAGES[language]} has no phoneme '{symbol}'", remedy=f"near it: {known}")
    return group(tuple(phonemes), module.PHONEMES, module.CODAS)


def detect(lyrics: Sequence[str]) -> str:
    """`"zh"` or `"ja"`.

    Any kana means Japanese, else any hanzi Mandarin. Latin letters go to the
    language that spells more of the lyrics, then to the one that needs fewer
    syllables for them (`hao` is one in pinyin, two in romaji), then to Mandarin;
    a language that spells less than half of them is not theirs.
    """
    text = unicodedata.normalize("NFKC", "".join(lyrics))
    if any(japanese.is_kana(c) and c != "ー" for c in text):
        return "ja"
    if any(japanese.is_hanzi(c) for c in text):
        return "zh"
    scores = {language: _latin_score(lyrics, language) for language in LANGUAGES}
    best = max(scores, key=lambda language: scores[language])  # the first of equals: zh
    if 2 * scores[best][0] < max(1, len({lyric for lyric in lyrics if any(c.isalpha() for c in lyric)})):
        shown = " ".join(lyrics[:5])
        raise LyricError(f"the language of the lyrics '{shown}' is unknown", remedy="say --language zh or ja")
    return best


def _latin_score(lyrics: Sequence[str], language: str) -> tuple[int, int]:
    spelled = syllables = 0
    for lyric in sorted(set(lyrics)):
        try:
            (found,) = spell([lyric], language)
        except SpellingError:
            continue
        if any(not syllable.continues for syllable in found):
            spelled += 1
            syllables += len(found)
    return spelled, -syllables


def _module(language: str) -> ModuleType:
    if language not in _MODULES:
        known = ", ".join(f"{code} ({name})" for code, name in LANGUAGES.items())
        raise LyricError(f"the language '{language}' is not known", remedy=f"choose one of {known}")
    return _MODULES[language]


def _hint(lyric: str) -> tuple[str, str | None]:
    """The lyric without its brackets, and what they hold."""
    if len(lyric) > _LONGEST_LYRIC:
        problem = f"a lyric of {len(lyric)} characters on one note ('{lyric[:12]}…')"
        raise SpellingError(problem, remedy=f"give at most {_LONGEST_LYRIC}, one syllable per note")
    if lyric.strip() in SILENCES:
        return "", lyric.strip()
    folded = unicodedata.normalize("NFKC", lyric).translate(str.maketrans("【〔〖】〕〗", "[[[]]]"))
    match = _BRACKETED.match(folded)
    if match is None or not match["typed"].strip():
        return lyric, None
    return match["text"] or match["typed"], match["typed"].strip()


def _typed(typed: str, language: str) -> tuple[Syllable, ...]:
    """What brackets hold: phonemes when all of it are, and some can be held; else readings."""
    module = _module(language)
    words = typed.replace(",", " ").split()
    phonemes = [word for word in words if word in module.PHONEMES]
    if len(phonemes) == len(words) and (len(words) > 1 or typed in SILENCES or not module.readable(typed)):
        return from_phonemes(words, language)
    syllables: list[Syllable] = []
    for word in words:
        syllables.extend(module.spell_one(word))
    return tuple(syllables)
