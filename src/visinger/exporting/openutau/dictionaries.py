"""dsdict.yaml: what may be typed on a note, and the voice's phonemes for it.

The editor looks a lyric up letter for letter. Its Mandarin phonemizer makes
pinyin of hanzi first, its Japanese one romaji of kana; the plain one takes what
is typed. So pinyin, kana of both kinds and romaji are all listed, each in every
spelling that our own singer reads.
"""

import json
from collections.abc import Callable, Iterator
from itertools import product

from visinger.language import japanese, phoneme_set, pinyin
from visinger.language.syllable import SILENCES, SpellingError, Syllable

Entries = dict[str, tuple[str, ...]]  # what is typed → phonemes

# What the editor distinguishes is vowels, and "semivowel" and "liquid", which it lets stand on the beat before
# their vowel; our singers lay them before it. The other words are for those who read the file.
_TYPES = {
    **dict.fromkeys(["m", "my", "n", "ny", "ng", "em", "en"], "nasal"),
    **dict.fromkeys(["b", "by", "d", "g", "gy", "k", "ky", "p", "py", "t", "cl", "dx"], "stop"),
    **dict.fromkeys(["c", "ch", "j", "jh", "q", "ts", "z", "zh"], "affricate"),
    **dict.fromkeys(["dh", "f", "h", "hh", "hy", "s", "sh", "th", "v", "x"], "fricative"),
}
_OTHERS = "approximant"

_SMALL = "ゃゅょぁぃぅぇぉゎ"
_LETTERS = "bcdfghjklmnprstvwxyz"
_CLUSTERS = "sh ch ts th dh tw dw kw gw dz jy xy ly fy vy wy cy"
_TO_KATAKANA = 0x60


def entries(language: str, symbols: tuple[str, ...]) -> Entries:
    """What may be typed for a voice with these phonemes; only the phonemes themselves in languages without a list."""
    listed: Entries = {symbol: (symbol,) for symbol in SILENCES if symbol in symbols}
    for typed, syllable in _LISTS.get(language, _nothing)():
        if typed not in listed and set(syllable.phonemes) <= set(symbols):
            listed[typed] = syllable.phonemes
    return listed


def dictionary_text(language: str, symbols: tuple[str, ...]) -> str:
    """The file: every phoneme with its type, every entry; raises LyricError for a language that is not built in."""
    kinds = phoneme_set(language)
    lines = ["symbols:"]
    for symbol in symbols:
        vowel = kinds.get(symbol) in ("vowel", "silence")
        lines.append(f"- {{symbol: {_quoted(symbol)}, type: {'vowel' if vowel else _TYPES.get(symbol, _OTHERS)}}}")
    lines.append("entries:")
    for typed, phonemes in entries(language, symbols).items():
        listed = ", ".join(map(_quoted, phonemes))
        lines.append(f"- {{grapheme: {_quoted(typed)}, phonemes: [{listed}]}}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Quoted as JSON, which YAML reads: `no` and `y` are truth values to some readers."""
    return json.dumps(text, ensure_ascii=False)


def _mandarin() -> Iterator[tuple[str, Syllable]]:
    known = pinyin.table()
    variants = ("lue", "nue", "lyu", "nyu", "lyue", "nyue", "r", "eh")
    with_er = (f"{typed}r" for typed, syllable in known.items() if pinyin.takes_erhua(syllable))
    for typed in (*variants, *known, *with_er):
        found = pinyin.syllables(typed)  # reads a few spellings otherwise than the table
        if found is not None and len(found) == 1:
            yield typed, found[0]
            if "v" in typed:
                yield typed.replace("v", "ü"), found[0]
                yield typed.replace("v", "u:"), found[0]


def _japanese() -> Iterator[tuple[str, Syllable]]:
    moras = list(_spelled([*_kana(), *_romaji()]))
    yield "N", Syllable((), japanese.MORAIC_NASAL)  # what the editor's Japanese phonemizer makes of ん
    yield "ン", Syllable((), japanese.MORAIC_NASAL)
    for typed in ("っ", "ッ", "cl"):
        yield typed, Syllable((), "", (japanese.CLOSED,))
    yield from moras
    closed = [f"{typed}{mark}" for typed, _ in moras for mark in ("n" if typed.isascii() else "んっ")]
    for typed, syllable in _spelled(closed):
        yield typed, syllable
    for typed in [*_kana(), *closed]:
        if not typed.isascii():
            katakana = "".join(chr(ord(c) + _TO_KATAKANA) for c in typed)
            yield from ((katakana, syllable) for _, syllable in _spelled([typed]))


def _kana() -> Iterator[str]:
    singles = [chr(code) for code in range(ord("ぁ"), ord("ゖ") + 1) if chr(code) != "っ"]
    yield from singles
    yield from (kana + small for kana, small in product(singles, _SMALL) if kana not in _SMALL)


def _romaji() -> Iterator[str]:
    onsets = ["", *_LETTERS, *(f"{letter}y" for letter in _LETTERS), *_CLUSTERS.split()]
    yield from (onset + vowel for onset, vowel in product(dict.fromkeys(onsets), "aiueo"))
    yield "n"


def _spelled(typed: list[str]) -> Iterator[tuple[str, Syllable]]:
    """Those that our own singer reads as one syllable."""
    for each in typed:
        try:
            syllables = japanese.spell_one(each)
        except SpellingError:
            continue
        if len(syllables) == 1 and not syllables[0].continues:
            yield each, syllables[0]


def _nothing() -> Iterator[tuple[str, Syllable]]:
    yield from ()


_LISTS: dict[str, Callable[[], Iterator[tuple[str, Syllable]]]] = {"zh": _mandarin, "ja": _japanese}
