"""Japanese: kana and romaji to the phonemes that the PJS corpus labels.

Sung as written: は and へ are ha and he (type わ and え for the particles), を is
o; a text with kanji is read, and its particles are sung wa and e (`kanji.py`).
Inside one note ー, a repeated vowel and the う of おう prolong the vowel; ん
closes the syllable as N, っ as cl. On notes of their own ん is sung as N, ー holds
the vowel before and っ holds it and stops it. ヴ is sung as b, which is how PJS'
language says it. Romaji may be Hepburn or Kunrei: shi = si, chi = ti, fu = hu.
"""

import unicodedata
from collections.abc import Sequence
from functools import cache

from visinger.language import kanji
from visinger.language.syllable import SILENCES, Kind, SpellingError, Syllable
from visinger.language.tongue import Spelled

CLOSED, MORAIC_NASAL = "cl", "N"
CODAS = frozenset((CLOSED, MORAIC_NASAL))

_VOWELS = "a i u e o N"
_VOICED = "b by d g gy j m my n ny r ry w y z"
_UNVOICED = "ch cl f h hy k ky p py s sh t ts"
PHONEMES: dict[str, Kind] = {
    **dict.fromkeys(_VOWELS.split(), "vowel"),
    **dict.fromkeys(_VOICED.split(), "voiced"),
    **dict.fromkeys(_UNVOICED.split(), "unvoiced"),
    **SILENCES,
}

_ROWS = {
    "あいうえお": "",
    "かきくけこ": "k",
    "がぎぐげご": "g",
    "さしすせそ": "s",
    "ざじずぜぞ": "z",
    "たちつてと": "t",
    "だぢづでど": "d",
    "なにぬねの": "n",
    "はひふへほ": "h",
    "ばびぶべぼ": "b",
    "ぱぴぷぺぽ": "p",
    "まみむめも": "m",
    "らりるれろ": "r",
}
_PALATAL = {"k": "ky", "g": "gy", "s": "sh", "z": "j", "t": "ch", "d": "j", "n": "ny", "h": "hy"} | {
    plain: plain + "y" for plain in "bpmr"
}
# Where a row's consonant is another before i or u.
_BEFORE_VOWEL = {"si": "sh", "zi": "j", "ti": "ch", "di": "j", "tu": "ts", "du": "z", "hu": "f"}
_SINGLE = {
    "や": ("y", "a"),
    "ゆ": ("y", "u"),
    "よ": ("y", "o"),
    "わ": ("w", "a"),
    "ゐ": ("", "i"),
    "ゑ": ("", "e"),
    "を": ("", "o"),
    "ゔ": ("b", "u"),
    "ゕ": ("k", "a"),
    "ゖ": ("k", "e"),
    "ゎ": ("w", "a"),
    "ゃ": ("y", "a"),
    "ゅ": ("y", "u"),
    "ょ": ("y", "o"),
}
_SMALL_VOWELS = dict(zip("ぁぃぅぇぉ", "aiueo", strict=True))
# A kana whose consonant takes the small vowel after it: ふぁ てぃ うぇ つぉ ...
_BORROWED = {
    "ふ": ("f",),
    "う": ("w",),
    "ゔ": ("b",),
    "つ": ("ts",),
    "て": ("t",),
    "と": ("t",),
    "で": ("d",),
    "ど": ("d",),
    "す": ("s",),
    "ず": ("z",),
    "し": ("sh",),
    "じ": ("j",),
    "ち": ("ch",),
    "い": ("y",),
    "く": ("k", "w"),
    "ぐ": ("g", "w"),
    "き": ("ky",),
    "ぎ": ("gy",),
    "に": ("ny",),
    "ひ": ("hy",),
    "び": ("by",),
    "ぴ": ("py",),
    "み": ("my",),
    "り": ("ry",),
}
_BORROWED_GLIDES = {"て": ("t", "y"), "で": ("d", "y"), "ふ": ("f", "y"), "ゔ": ("by",), "う": ("w", "y")}
_HOLDS = "ー-~〜～‐‑–—―−_＿"  # however a keyboard writes the prolonging stroke


@cache
def _kana() -> dict[str, Syllable]:
    """Every mora of one or two kana but ん, っ and ー."""
    table: dict[str, Syllable] = {}

    def add(kana: str, onset: tuple[str, ...], vowel: str) -> None:
        table[kana] = Syllable(onset, vowel)

    for row, consonant in _ROWS.items():
        for kana, vowel in zip(row, "aiueo", strict=True):
            sounded = _BEFORE_VOWEL.get(consonant + vowel, consonant)
            add(kana, (sounded,) if sounded else (), vowel)
        if consonant:
            for small, vowel in zip("ゃゅょ", "auo", strict=True):
                add(row[1] + small, (_PALATAL[consonant],), vowel)
    for kana, (consonant, vowel) in _SINGLE.items():
        add(kana, (consonant,) if consonant else (), vowel)
    for small, vowel in _SMALL_VOWELS.items():
        add(small, (), vowel)
        for kana, onset in _BORROWED.items():
            add(kana + small, onset, vowel)
    for kana, onset in _BORROWED_GLIDES.items():
        for small, vowel in zip("ゃゅょ", "auo", strict=True):
            add(kana + small, onset, vowel)
    add("くゎ", ("k", "w"), "a")
    add("ぐゎ", ("g", "w"), "a")
    return table


@cache
def _romaji() -> dict[str, Syllable]:
    """Every open romaji syllable, in Hepburn, Kunrei and the keyboard's spellings."""
    table = {vowel: Syllable((), vowel) for vowel in "aiueo"}
    for consonant in [c for c in _ROWS.values() if c]:
        for vowel in "aiueo":
            table[consonant + vowel] = Syllable((_BEFORE_VOWEL.get(consonant + vowel, consonant),), vowel)
            table[consonant + "y" + vowel] = Syllable((_PALATAL[consonant],), vowel)
    spelled = {"sh": "sh", "ch": "ch", "ts": "ts", "f": "f", "j": "j", "jy": "j", "cy": "ch", "w": "w", "v": "b"}
    spelled |= {"vy": "by", "y": "y", "l": "r", "ly": "ry", "dz": "z"}
    for written, onset in spelled.items():
        for vowel in "aiueo":
            table[written + vowel] = Syllable((onset,), vowel)
    for written, pair in {"kw": ("k", "w"), "gw": ("g", "w"), "fy": ("f", "y"), "wy": ("w", "y")}.items():
        for vowel in "aiueo":
            table[written + vowel] = Syllable(pair, vowel)
    for vowel in "aiueo":  # てぃ でぃ とぅ どぅ すぃ ずぃ as keyboards write them
        table["th" + vowel] = Syllable(("t",) if vowel in "ie" else ("t", "y"), vowel)
        table["dh" + vowel] = Syllable(("d",) if vowel in "ie" else ("d", "y"), vowel)
        table["tw" + vowel] = Syllable(("t",) if vowel == "u" else ("t", "w"), vowel)
        table["dw" + vowel] = Syllable(("d",) if vowel == "u" else ("d", "w"), vowel)
        table["x" + vowel] = Syllable((), vowel)  # ぁ, as keyboards write small kana
        table["xy" + vowel] = Syllable(("y",), vowel)
    table["wo"] = Syllable((), "o")  # を
    return table


_MACRONS = str.maketrans({"ā": "aー", "ī": "iー", "ū": "uー", "ē": "eー", "ō": "oー"} | {
    "â": "aー", "î": "iー", "û": "uー", "ê": "eー", "ô": "oー"})  # fmt: skip


def normal(lyric: str) -> str:
    """One way of writing: composed, full width, hiragana, lower-case romaji, ー for every long stroke."""
    text = lyric.translate({0x309B: 0x3099, 0x309C: 0x309A, 0xFF9E: 0x3099, 0xFF9F: 0x309A})
    text = unicodedata.normalize("NFKC", text).lower().translate(_MACRONS)
    text = "".join("ー" if c in _HOLDS else c for c in text)
    text = "".join(chr(ord(c) - 0x60) if "ァ" <= c <= "ヶ" else c for c in text)
    return "".join(c for c in text if c == "'" or not _passed_over(c)).replace("’", "'")


def _passed_over(character: str) -> bool:
    return character.isspace() or unicodedata.category(character)[0] in "PSC"


def spell_one(lyric: str) -> tuple[Syllable, ...]:
    """The syllables of one note's lyric; raises `SpellingError` where it is not kana or romaji."""
    text = normal(lyric).strip("'")
    if not text:
        raise SpellingError(f"the lyric '{lyric}' holds nothing to sing", remedy="write kana or romaji")
    moras: list[Syllable] = []
    at = 0
    while at < len(text):
        at += _take_mora(text, at, moras, lyric)
    return tuple(moras)


def _take_mora(text: str, at: int, moras: list[Syllable], lyric: str) -> int:
    """Read one mora at `at`, append it to (or merge it into) `moras`; return how many characters it took."""
    here = text[at]
    if here == "'":
        return 1
    if here == "ー":
        if not moras:
            moras.append(Syllable((), ""))
        return 1
    if here == "っ" or text.startswith(("xtsu", "xtu", "ltsu", "ltu"), at):
        _close(moras, CLOSED)
        return 1 if here == "っ" else text.index("u", at) + 1 - at
    if here == "ん":
        _close(moras, MORAIC_NASAL)
        return 1
    for table, longest in ((_kana(), 2), (_romaji(), 3)):
        for length in range(longest, 0, -1):
            mora = table.get(text[at : at + length])
            if mora is not None and len(text) >= at + length:
                _append(moras, mora, text[at : at + length])
                return length
    if here.isascii() and here.isalpha():
        return _take_romaji_consonant(text, at, moras, lyric)
    raise _unspellable(lyric, here)


def _take_romaji_consonant(text: str, at: int, moras: list[Syllable], lyric: str) -> int:
    """A romaji consonant without a vowel: n is ん, m before a lip is ん, a doubled or last one is っ."""
    here, following = text[at], text[at + 1 : at + 2]
    if here == "n" or (here == "m" and following in ("b", "p", "m")):
        _close(moras, MORAIC_NASAL)
        return 2 if following == "'" else 1
    doubled = following == here or text.startswith("tch", at)
    leads = any(vowel in text[at:] for vowel in "aiueo")  # at the start of a note, as UTAU parts しゃった: sha, tta
    if here in "kstpgzdbfcjhr" and ((doubled and (moras or leads)) or (moras and not following)):
        _close(moras, CLOSED)
        return 1
    raise _unspellable(lyric, here)


def _append(moras: list[Syllable], mora: Syllable, written: str) -> None:
    """Add a mora, unless it prolongs the vowel before it in the same note (ああ, おう)."""
    if moras and not mora.onset and not moras[-1].coda and written in "あいうえおぁぃぅぇぉaiueo":
        before = moras[-1].nucleus
        if before == mora.nucleus or (before, mora.nucleus) == ("o", "u"):
            return
    moras.append(mora)


def _close(moras: list[Syllable], coda: str) -> None:
    """Close the last mora with N or cl; alone on its note N is sung and cl closes what was held."""
    if moras:
        last = moras[-1]
        if last.phonemes[-1:] != (coda,):
            moras[-1] = Syllable(last.onset, last.nucleus, (*last.coda, coda))
    elif coda == MORAIC_NASAL:
        moras.append(Syllable((), MORAIC_NASAL))
    else:
        moras.append(Syllable((), "", (CLOSED,)))


def is_kana(character: str) -> bool:
    return "ぁ" <= character <= "ゟ" or "ァ" <= character <= "ヿ" or "ｦ" <= character <= "ﾟ"


def is_hanzi(character: str) -> bool:
    return unicodedata.name(character, "").startswith("CJK ") or character in "々〇"


def _unspellable(lyric: str, character: str) -> SpellingError:
    if is_hanzi(character):
        return SpellingError(f"the kanji '{character}' of the lyric '{lyric}' has no certain reading",
                             remedy=f"write kana, or its reading in brackets: {character}[かな]")  # fmt: skip
    return SpellingError(
        f"the lyric '{lyric}' is neither kana nor romaji at '{character}'", remedy="write kana or romaji"
    )


def readable(word: str) -> bool:
    """True when kana or romaji spell the word."""
    try:
        spell_one(word)
    except SpellingError:
        return False
    return True


def spell_all(lyrics: list[str], wanted: list[int], _notes: Sequence[int]) -> Spelled:
    """Spell the `wanted` lyrics; kanji are read in the context of all of them."""
    read = kanji.in_kana(lyrics) if any(kanji.is_kanji(c) for index in wanted for c in lyrics[index]) else {}
    for index in wanted:
        try:
            yield index, spell_one(read.get(index, lyrics[index]))
        except SpellingError as error:
            raise error.moved(index=index) from None
