"""Lyrics as text: what continues a syllable, and giving words to a part."""

import re
import unicodedata

_HOLDS = frozenset("-‐‑‒–—−－ーｰ~～〜_＿+＋")  # hyphens, dashes, long-vowel marks, tildes, plus
_VERSE_LABEL = re.compile(r"^\(?\d{1,2}[.．、:：)）]\s*(?=\S)")


def continues(text: str) -> bool:
    """True for the marks that hold the syllable before: `-`, `ー`, `+`, `~` and their kin."""
    return bool(text) and all(character in _HOLDS for character in text)


def cleaned(text: str) -> str:
    """A lyric without the layout around it: spaces, line ends, a verse label such as `1.`; in NFC."""
    flat = " ".join(unicodedata.normalize("NFC", text).split())
    return _VERSE_LABEL.sub("", flat)


def joined(first: str, second: str) -> str:
    """Two syllables on one note: letters keep a space between them, hanzi and kana need none."""
    if not first or not second:
        return first or second
    spaced = any(unicodedata.name(c, "").startswith("LATIN") for c in (first[-1], second[0]))
    return f"{first} {second}" if spaced else first + second
