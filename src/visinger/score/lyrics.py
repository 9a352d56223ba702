"""Lyrics as text: what continues a syllable, and giving words to a part."""

import re
import unicodedata
from dataclasses import replace

from visinger.errors import ScoreError, at_bar
from visinger.score.score import Score

_HOLDS = frozenset("-‐‑‒–—−－ーｰ~～〜_＿")  # hyphens, dashes, long-vowel marks, tildes
NEXT_SYLLABLE = "+"  # of the word on the notes before
_INVISIBLE = dict.fromkeys([0xAD, 0x200B, 0x200E, 0x200F, 0x2060, 0xFEFF])  # soft hyphen, zero-width space …
_VERSE_LABEL = re.compile(r"^\(?\d{1,2}[.．、:：)）]\s*(?=\S)")


def continues(text: str) -> bool:
    """True for the marks that hold the syllable before: `-`, `ー`, `~` and their kin."""
    return bool(text) and all(character in _HOLDS for character in text)


def cleaned(text: str) -> str:
    """A lyric without the layout around it: spaces, line ends, invisible marks, a verse label such as `1.`; in NFC."""
    flat = " ".join(unicodedata.normalize("NFC", text).translate(_INVISIBLE).split())
    return _VERSE_LABEL.sub("", flat)


def joined(first: str, second: str) -> str:
    """Two syllables on one note: letters keep a space between them, hanzi and kana need none."""
    if not first or not second:
        return first or second
    spaced = any(unicodedata.name(c, "").startswith("LATIN") for c in (first[-1], second[0]))
    return f"{first} {second}" if spaced else first + second


# -- giving words to a part ------------------------------------------------------------------------

_SMALL_KANA = frozenset("ぁぃぅぇぉゃゅょゎっァィゥェォャュョヮッ")
_OPENING, _CLOSING = "([（［〔", ")]）］〕"


def _kind(character: str) -> str:
    """How a character makes tokens: hanzi and kana alone, letters in runs, punctuation not at all."""
    name = unicodedata.name(character, "")
    if name.startswith(("CJK UNIFIED", "CJK COMPATIBILITY IDEOGRAPH")) or character in "々〇":
        return "hanzi"
    if name.startswith(("HIRAGANA", "KATAKANA LETTER")):
        return "kana"
    if unicodedata.category(character)[0] in "LMN" or character in "'’":
        return "letter"
    return "mark"


def tokens(text: str) -> list[str | None]:
    """The syllables of a text in singing order; None continues the one before.

    Hanzi stand alone, kana by mora (small kana and っ go with the kana before
    unless a space parts them), letters run until a space or a hyphen between
    them; `-` and `ー` alone hold the syllable, `+` sings the next one of the
    word before. What stands in brackets, as in
    `长(chang)`, stays with its character. Punctuation is not sung.
    """
    found: list[str | None] = []
    for chunk in unicodedata.normalize("NFC", text).split():
        found.extend(_chunk_tokens(chunk))
    return found


def _chunk_tokens(chunk: str) -> list[str | None]:
    found: list[str | None] = []
    last = ""  # the kind of the character before
    k = 0
    while k < len(chunk):
        character = chunk[k]
        kind = _kind(character)
        if character in _OPENING and found and found[-1]:
            closing = next((n for n in range(k, len(chunk)) if chunk[n] in _CLOSING), len(chunk))
            found[-1] += f"({chunk[k + 1 : closing]})"
            k, last = closing + 1, "bracket"
            continue
        # Between letters a hyphen parts syllables; everywhere else it holds the one before.
        parting = last == "letter" and k + 1 < len(chunk) and _kind(chunk[k + 1]) == "letter"
        attached = kind == last == "letter" or (character in _SMALL_KANA and last == "kana")
        if unicodedata.normalize("NFKC", character) == NEXT_SYLLABLE:
            found.append(NEXT_SYLLABLE)
        elif character in _HOLDS:
            found.extend([] if parting else [None])
        elif attached and found and found[-1]:
            found[-1] += character
        elif kind != "mark":
            found.append(character)
        k, last = k + 1, "hold" if character in _HOLDS else kind
    return found


def with_lyrics(score: Score, text: str, *, part: int = 0) -> Score:
    """The score with the words of `text` under the notes of one part, one token a note.

    Refuses too few or too many words, naming the counts and the bar where they
    run out, and a text that begins by holding a syllable.
    """
    where = str(score.path or "score")
    if not 0 <= part < len(score.parts):
        raise ScoreError(f"there is no part {part}", where=where, remedy=f"the score has {len(score.parts)}, from 0 on")
    notes, words = score.parts[part].notes, tokens(text)
    counts = f"{len(words)} words for {len(notes)} notes"
    if len(words) < len(notes):
        place = at_bar(score.path, notes[len(words)].bar, notes[len(words)].beat)
        remedy = "add words there, or `-` where a syllable is held"
        raise ScoreError(f"{counts}: here they run out", where=place, remedy=remedy)
    if len(words) > len(notes):
        shown = " ".join(word or "-" for word in words[len(notes) : len(notes) + 8])
        last = notes[-1].bar if notes else "1"
        remedy = "take them out, or check that no note is missing"
        problem = f"{counts}: left over after the last note are {shown[:60]!r}"
        raise ScoreError(problem, where=f"{where}, bar {last}", remedy=remedy)
    if words and words[0] is None:
        raise ScoreError("the words begin with a hold", where=where, remedy="begin with a syllable")
    worded = tuple(
        replace(note, lyric=word, syllabic="single", phonemes=()) for note, word in zip(notes, words, strict=True)
    )
    parts = list(score.parts)
    parts[part] = replace(parts[part], notes=worded, verses=(1,))
    return replace(score, parts=tuple(parts))
