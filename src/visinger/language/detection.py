"""Which language lyrics are in."""

import unicodedata
from collections.abc import Sequence

from visinger.errors import LyricError
from visinger.language import bopomofo, english, japanese
from visinger.language.speller import spell
from visinger.language.syllable import SpellingError

_BY_SYLLABLES = ("zh", "ja")


def detect(lyrics: Sequence[str]) -> str:
    """`"zh"`, `"ja"` or `"en"`.

    Any kana means Japanese, else any hanzi or bopomofo Mandarin. Latin letters go to
    whichever of these two spells more of the lyrics, then to the one that needs
    fewer syllables for them (`hao` is one in pinyin, two in romaji), then to
    Mandarin; but to English where its dictionaries know more than half of the
    words, and more than either could spell, or as many in fewer syllables, most
    of them common ones (`love me`). A language that spells less than half of
    them is not theirs.
    """
    text = unicodedata.normalize("NFKC", "".join(lyrics))
    if any(japanese.is_kana(c) and c != "ー" for c in text):
        return "ja"
    if any(japanese.is_hanzi(c) for c in text) or bopomofo.written(text):
        return "zh"
    words = {lyric for lyric in lyrics if any(c.isalpha() for c in lyric)}
    scores = {language: _latin_score(lyrics, language) for language in _BY_SYLLABLES}
    best = max(scores, key=lambda language: scores[language])  # the first of equals: zh
    if _is_english(words, scores[best]):
        return "en"
    if 2 * scores[best][0] < max(1, len(words)):
        shown = " ".join(lyrics[:5])
        raise LyricError(f"the language of the lyrics '{shown}' is unknown", remedy="say --language zh, ja or en")
    return best


def _is_english(words: set[str], rival: tuple[int, int]) -> bool:
    known = [word for word in words if english.known(word)]
    if 2 * len(known) <= len(words) or len(known) != rival[0]:
        return 2 * len(known) > len(words) and len(known) > rival[0]
    common = [word for word in known if all(each in english.common_words() for each in english.words_of(word))]
    return 2 * len(common) > len(known) and sum(len(english.spell_one(word)) for word in known) < -rival[1]


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
