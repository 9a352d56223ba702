"""Which note sings which labelled phoneme: spelled phonemes laid along labels by edit distance."""

from collections.abc import Sequence
from dataclasses import dataclass

SUBSTITUTED, LEFT_OUT, OPTIONAL_LEFT_OUT = 1.4, 1.0, 0.2
COST_OF_A_SECOND = 0.3  # decides between equal symbols ("o o" for おおー); never outweighs a mismatch
FARTHEST_SECONDS = 1.0


@dataclass(frozen=True)
class Spelled:
    """A phoneme that the lyrics ask for, and the time the score gives its note."""

    symbol: str
    seconds: float
    optional: bool = False  # a held vowel: labels may or may not write it again


def match(spelled: Sequence[Spelled], labelled: Sequence[tuple[str, float]]) -> list[tuple[int | None, int | None]]:
    """Pairs (index in spelled, index in labelled) of the cheapest alignment, in order.

    None on one side: only the other has this phoneme. `labelled` holds symbols
    and their start in seconds. Symbols that differ may be paired.
    """
    rows, columns = len(spelled), len(labelled)
    cost = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    step = [[""] * (columns + 1) for _ in range(rows + 1)]
    for j in range(1, columns + 1):
        cost[0][j], step[0][j] = j * LEFT_OUT, "labelled"
    for i in range(1, rows + 1):
        wanted = spelled[i - 1]
        skip = OPTIONAL_LEFT_OUT if wanted.optional else LEFT_OUT
        cost[i][0], step[i][0] = cost[i - 1][0] + skip, "spelled"
        for j in range(1, columns + 1):
            symbol, seconds = labelled[j - 1]
            apart = COST_OF_A_SECOND * min(abs(seconds - wanted.seconds), FARTHEST_SECONDS)
            paired = 0.0 if symbol == wanted.symbol else SUBSTITUTED
            choices = (
                (cost[i - 1][j - 1] + paired + apart, "both"),
                (cost[i][j - 1] + LEFT_OUT, "labelled"),
                (cost[i - 1][j] + skip, "spelled"),
            )
            cost[i][j], step[i][j] = min(choices, key=lambda choice: choice[0])
    pairs: list[tuple[int | None, int | None]] = []
    i, j = rows, columns
    while i or j:
        taken = step[i][j]
        i, j = i - (taken != "labelled"), j - (taken != "spelled")
        pairs.append((i if taken != "labelled" else None, j if taken != "spelled" else None))
    return pairs[::-1]
