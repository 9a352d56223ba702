"""Bars and beats: where the bar lines of a row of time signatures fall."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from fractions import Fraction

from visinger.score.score import TimeSignature
from visinger.units import TICKS_PER_QUARTER, round_half_up


def bar_ticks(signature: TimeSignature) -> Fraction:
    """The length of one bar."""
    return Fraction(4 * TICKS_PER_QUARTER * signature.beats, signature.beat_unit)


class Bars:
    """The bar lines of a piece; a signature that comes early cuts the bar before it short."""

    def __init__(self, signatures: Sequence[TimeSignature]) -> None:
        self.signatures = tuple(signatures)
        self._ticks = [signature.tick for signature in signatures]
        self._bars_before = [0]
        for k, signature in enumerate(self.signatures[:-1]):
            span = self._ticks[k + 1] - signature.tick
            self._bars_before.append(self._bars_before[-1] - int(-span // bar_ticks(signature)))

    def place(self, tick: int) -> tuple[int, Fraction]:
        """The 1-based bar and the 1-based beat, in the signature's own beats."""
        k = max(bisect_right(self._ticks, tick) - 1, 0)
        here = self.signatures[k]
        whole = (tick - here.tick) // bar_ticks(here)
        into_bar = tick - here.tick - whole * bar_ticks(here)
        return self._bars_before[k] + int(whole) + 1, 1 + into_bar * here.beat_unit / (4 * TICKS_PER_QUARTER)

    def count(self, length_ticks: int) -> int:
        """How many bars, whole or begun, a piece of this length has."""
        return self.place(length_ticks - 1)[0] if length_ticks > 0 else 0

    def spans(self, length_ticks: int) -> Iterator[tuple[int, int, TimeSignature]]:
        """(first tick, end tick, signature) of every bar that starts before `length_ticks`."""
        for k, signature in enumerate(self.signatures):
            end = self._ticks[k + 1] if k + 1 < len(self._ticks) else length_ticks
            n = 0
            while (start := signature.tick + round_half_up(n * bar_ticks(signature))) < min(end, length_ticks):
                n += 1
                yield start, min(signature.tick + round_half_up(n * bar_ticks(signature)), end), signature

    def whole(self, tick: int) -> int:
        """The first bar line at or after a tick."""
        k = max(bisect_right(self._ticks, tick) - 1, 0)
        here = self.signatures[k]
        line = here.tick + round_half_up(-(-(tick - here.tick) // bar_ticks(here)) * bar_ticks(here))
        return min(line, self._ticks[k + 1]) if k + 1 < len(self._ticks) else line
