"""Forced alignment: where each phoneme of a known text lies (Viterbi over the CTC lattice).

Shapes: U steps · N phonemes · V phonemes of the recogniser + blank.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BLANK = 0


@dataclass(frozen=True)
class Alignment:
    """`starts` and `ends` (N) are steps, end exclusive; `log_probability` is the best path's."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    log_probability: float


def force_align(log_probabilities: NDArray[np.floating], phonemes: Sequence[int]) -> Alignment:
    """The most probable CTC path through `log_probabilities` (U, V) that spells `phonemes` (N ids).

    A path visits every phoneme in order, each for at least one step, with
    blanks between them at will; between two equal neighbours one blank is
    compulsory. Raises ValueError when U steps are too few for that.
    """
    if not len(phonemes):
        return Alignment(np.zeros(0, np.int64), np.zeros(0, np.int64), float(log_probabilities[:, BLANK].sum()))
    states = np.full(2 * len(phonemes) + 1, BLANK, dtype=np.int64)
    states[1::2] = phonemes
    repeated = np.count_nonzero(np.diff(np.asarray(phonemes)) == 0)
    steps = len(log_probabilities)
    if steps < len(phonemes) + repeated:
        raise ValueError(f"{steps} steps are too few for {len(phonemes)} phonemes, {repeated} of them repeated")
    may_skip = np.zeros(len(states), dtype=bool)  # from the phoneme before, past the blank between
    may_skip[3::2] = states[3::2] != states[1:-2:2]
    emitted = log_probabilities[:, states]  # (U, 2N + 1)
    best = np.full(len(states), -np.inf)
    best[:2] = emitted[0, :2]
    came_from = np.zeros((steps, len(states)), dtype=np.int8)  # 0 stay, 1 the state before, 2 the phoneme before
    for u in range(1, steps):
        stay = best
        move = np.concatenate([[-np.inf], best[:-1]])
        skip = np.where(may_skip, np.concatenate([[-np.inf, -np.inf], best[:-2]]), -np.inf)
        choices = np.stack([stay, move, skip])
        came_from[u] = choices.argmax(axis=0)
        best = choices.max(axis=0) + emitted[u]
    state = len(states) - 1 if best[-1] >= best[-2] else len(states) - 2
    total = float(best[state])
    path = np.empty(steps, dtype=np.int64)
    for u in range(steps - 1, -1, -1):
        path[u] = state
        state -= int(came_from[u, state])
    visited = 2 * np.arange(len(phonemes)) + 1
    starts = np.searchsorted(path, visited, side="left")
    ends = np.searchsorted(path, visited, side="right")
    return Alignment(starts, ends, total)
