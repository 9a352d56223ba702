"""Edit distance between phoneme sequences (Levenshtein 1966), the count behind an error rate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Edits:
    """The cheapest way from what was meant to what was heard; `phonemes` were meant."""

    substitutions: int
    deletions: int
    insertions: int
    phonemes: int

    @property
    def errors(self) -> int:
        return self.substitutions + self.deletions + self.insertions

    @property
    def rate(self) -> float:
        """Phoneme error rate: errors over phonemes meant; may exceed 1."""
        return self.errors / self.phonemes if self.phonemes else float("nan")

    def __add__(self, other: "Edits") -> "Edits":
        return Edits(
            self.substitutions + other.substitutions,
            self.deletions + other.deletions,
            self.insertions + other.insertions,
            self.phonemes + other.phonemes,
        )


def edits(heard: Sequence[str], meant: Sequence[str]) -> Edits:
    """Count substitutions, deletions (meant, not heard) and insertions (heard, not meant) of unit cost."""
    rows, columns = len(meant), len(heard)
    cost = np.zeros((rows + 1, columns + 1), dtype=np.int64)
    cost[:, 0], cost[0] = np.arange(rows + 1), np.arange(columns + 1)
    for i, wanted in enumerate(meant, start=1):
        for j, found in enumerate(heard, start=1):
            cost[i, j] = min(cost[i - 1, j] + 1, cost[i, j - 1] + 1, cost[i - 1, j - 1] + (wanted != found))
    i, j = rows, columns
    substituted = deleted = inserted = 0
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (meant[i - 1] != heard[j - 1]):
            substituted += meant[i - 1] != heard[j - 1]
            i, j = i - 1, j - 1
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            deleted, i = deleted + 1, i - 1
        else:
            inserted, j = inserted + 1, j - 1
    return Edits(int(substituted), deleted, inserted, rows)
