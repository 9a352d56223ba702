"""The phonemes of a model and their numbers."""

import difflib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from visinger.errors import LyricError

PADDING_ID = 0


class UnknownPhonemeError(LyricError):
    """A phoneme that the voice was not trained on."""


class Vocabulary:
    """Numbers for phonemes: `symbols[k]` is `k + 1`, and 0 pads."""

    def __init__(self, symbols: Sequence[str]) -> None:
        if len(set(symbols)) != len(symbols):
            raise ValueError("a phoneme stands twice in the vocabulary")
        self.symbols = tuple(symbols)
        self._ids = {symbol: k + 1 for k, symbol in enumerate(self.symbols)}

    @property
    def size(self) -> int:
        """Rows that an embedding needs, the padding's included."""
        return len(self.symbols) + 1

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._ids

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and other.symbols == self.symbols

    def __hash__(self) -> int:
        return hash(self.symbols)

    def ids(self, phonemes: Sequence[str]) -> NDArray[np.int64]:
        """(N) the numbers of the phonemes; raises `UnknownPhonemeError` naming the nearest known ones."""
        try:
            return np.array([self._ids[symbol] for symbol in phonemes], dtype=np.int64)
        except KeyError as missing:
            symbol = str(missing.args[0])
            near = difflib.get_close_matches(symbol, self.symbols, 3, 0.4)
            hint = f"near it: {', '.join(near)}" if near else f"it sings {' '.join(self.symbols)}"
            raise UnknownPhonemeError(f"the voice has no phoneme '{symbol}'", remedy=hint) from None

    def phonemes(self, ids: Sequence[int] | NDArray[np.int64]) -> tuple[str, ...]:
        """The symbols of numbers from `ids`; padding is left out."""
        return tuple(self.symbols[int(k) - 1] for k in ids if k != PADDING_ID)
