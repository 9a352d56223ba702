"""A syllable as a singer needs it: what comes before the beat, what is held, what closes it."""

from dataclasses import dataclass
from typing import Literal

from visinger.errors import LyricError

Kind = Literal["vowel", "voiced", "unvoiced", "silence"]

SILENCES: dict[str, Kind] = {"SP": "silence", "AP": "silence"}  # a pause, a breath


@dataclass(frozen=True)
class Syllable:
    """One syllable in the phonemes of its language.

    `nucleus` is the phoneme that a note holds. An empty nucleus means "hold the
    one before": a lyric of ー alone, or of っ alone (held, then closed by cl).
    """

    onset: tuple[str, ...]
    nucleus: str
    coda: tuple[str, ...] = ()

    @property
    def continues(self) -> bool:
        """True when the syllable prolongs the vowel of the one before it."""
        return not self.nucleus

    @property
    def phonemes(self) -> tuple[str, ...]:
        """Onset, nucleus, coda; without a nucleus of its own, the coda alone."""
        return (*self.onset, *((self.nucleus,) if self.nucleus else ()), *self.coda)


class SpellingError(LyricError):
    """A lyric that its language cannot spell; `index` is its position among the lyrics."""

    def __init__(self, problem: str, *, index: int = 0, where: str = "", remedy: str = "") -> None:
        super().__init__(problem, where=where, remedy=remedy)
        self.index = index

    def moved(self, *, index: int | None = None, where: str | None = None) -> "SpellingError":
        """The same complaint at another place."""
        return SpellingError(
            self.problem,
            index=self.index if index is None else index,
            where=self.where if where is None else where,
            remedy=self.remedy,
        )


def group(phonemes: tuple[str, ...], kinds: dict[str, Kind], codas: frozenset[str]) -> tuple[Syllable, ...]:
    """Phonemes typed by hand, gathered into syllables around their vowels.

    A phoneme of `codas` closes the vowel before it; other consonants open the
    next vowel, or close the last one where no vowel follows. Without a vowel at
    all the last consonant is held if it is voiced (m, n), except one of `codas`, which closes the
    syllable sung before.
    """
    syllables: list[Syllable] = []
    onset: list[str] = []
    for symbol in phonemes:
        follows_vowel = bool(syllables) and not onset
        if symbol in codas and follows_vowel:
            last = syllables[-1]
            syllables[-1] = Syllable(last.onset, last.nucleus, (*last.coda, symbol))
        elif kinds[symbol] in ("vowel", "silence"):
            syllables.append(Syllable(tuple(onset), symbol))
            onset = []
        else:
            onset.append(symbol)
    if not onset:
        return tuple(syllables)
    if syllables:
        last = syllables[-1]
        syllables[-1] = Syllable(last.onset, last.nucleus, (*last.coda, *onset))
        return tuple(syllables)
    if onset[-1] in codas:
        return (Syllable((), "", tuple(onset)),)
    if kinds[onset[-1]] != "voiced":
        raise SpellingError(f"'{' '.join(phonemes)}' holds no sound that can be sung on a note", remedy="add a vowel")
    return (Syllable(tuple(onset[:-1]), onset[-1]),)
