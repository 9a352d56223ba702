"""How editors write a word over several notes: whole on its first note, `+` on those of its other syllables."""

import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from visinger.score.score import Note

NEXT = "+"


def spread_words(notes: Sequence[Note]) -> list[str | None]:
    """One entry per note; syllables in letters that belong together are joined on the first one's note.

    Kana and hanzi stay where they are, each on its own note, and so does a note
    whose phonemes are typed. None holds the syllable before.
    """
    spread = [note.lyric for note in notes]
    word: list[int] = []  # the notes of the word begun
    for k, note in enumerate(notes):
        if note.lyric is None:
            continue
        lettered = note.lyric != NEXT and _lettered(note.lyric) and not note.phonemes
        if not (lettered and word and note.syllabic in ("middle", "end")):
            word = []
        if lettered:
            word.append(k)
        if len(word) > 1:
            spread[word[0]] = f"{spread[word[0]]}{note.lyric}"
            spread[k] = NEXT
        if note.syllabic not in ("begin", "middle"):
            word = []
    return spread


def hyphened(notes: Sequence[Note]) -> list[Note]:
    """The notes with `hel-` and `lo` told to be the first and last syllable of a word; the hyphen is not sung."""
    begun = False  # inside a word whose last syllable ended in a hyphen
    told = []
    for note in notes:
        text = note.lyric
        if not text:
            told.append(note)
            continue
        goes_on = len(text) > 1 and text[-1] == "-" and (text[-2].isalpha() or text[-2] in "'’.")
        syllabic = {(False, False): note.syllabic, (False, True): "begin", (True, True): "middle", (True, False): "end"}
        told.append(replace(note, lyric=text[:-1] if goes_on else text, syllabic=syllabic[begun, goes_on]))
        begun = goes_on
    return told


def _lettered(text: str) -> bool:
    letters = [character for character in text if character.isalpha()]
    return bool(letters) and all(
        unicodedata.name(character, "").startswith(("LATIN", "GREEK", "CYRILLIC")) for character in letters
    )
