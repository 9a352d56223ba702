"""The names of phonemes on the wire, and ours.

VOICEVOX writes a pause `pau`, the devoiced vowels in capitals, and kw, gw, ty and dy
as one phoneme where our Japanese has two. What a voice itself names is its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from visinger.language import phoneme_set
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.phrasing.vocabulary import Vocabulary

PAUSE = "pau"
_PAUSES = (PAUSE, "sil", SILENCE, BREATH)
_JOINED = {("k", "w"): "kw", ("g", "w"): "gw", ("t", "y"): "ty", ("d", "y"): "dy"}
_PARTED = {name: pair for pair, name in _JOINED.items()} | {"v": ("b",)}
_DEVOICED = {"A": "a", "I": "i", "U": "u", "E": "e", "O": "o"}
_CLOSING = ("cl",)  # Japanese っ: never opens a syllable


@dataclass(frozen=True)
class Sounding:
    """What a phoneme of the wire is to us; no symbols: a pause."""

    symbols: tuple[str, ...] = ()
    held: bool = False  # a vowel, or a consonant sung like one
    closing: bool = False
    devoiced: bool = False


def joined(symbols: Sequence[str], language: str) -> list[tuple[str, int]]:
    """Our phonemes as the wire names them, each with how many of ours it stands for."""
    named: list[tuple[str, int]] = []
    at = 0
    while at < len(symbols):
        pair = _JOINED.get(tuple(symbols[at : at + 2])) if language == "ja" else None  # type: ignore[arg-type]
        named.append((pair, 2) if pair else (symbols[at], 1))
        at += named[-1][1]
    return named


def understood(name: str, vocabulary: Vocabulary, language: str) -> Sounding:
    """What a name of the wire means to a voice; LyricError with the nearest phonemes where it has no such sound."""
    if name in _PAUSES:
        return Sounding()
    symbols: tuple[str, ...] = (name,)
    devoiced = name not in vocabulary and name in _DEVOICED
    if devoiced:
        symbols = (_DEVOICED[name],)
    elif name not in vocabulary:
        symbols = _PARTED.get(name, symbols)
    if vocabulary.missing(symbols):
        vocabulary.ids(symbols, language=language)  # refuses, naming those near it
    held = phoneme_set(language).get(symbols[-1]) == "vowel"
    return Sounding(symbols, held=held, closing=symbols[-1] in _CLOSING, devoiced=devoiced)
