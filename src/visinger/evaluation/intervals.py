"""Intervals: how far a figure might lie elsewhere had other clips been sung (Efron 1979).

Clips are drawn with replacement, never frames: frames of one clip resemble
each other, and an interval that forgets it is too narrow.

Shapes: C clips.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

RESAMPLES = 2000
LEVEL = 0.95
MOST_EXACT_CLIPS = 12
FLIPS = 10_000


@dataclass(frozen=True)
class Interval:
    """A figure and the bounds of its bootstrap interval; `clips` were measured."""

    value: float
    low: float
    high: float
    clips: int

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"


def _draws(clips: int, seed: int) -> NDArray[np.int64]:
    return np.random.default_rng(seed).integers(0, clips, size=(RESAMPLES, clips))


def _bounds(value: float, drawn: NDArray[np.float64], clips: int) -> Interval:
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn):
        return Interval(value, np.nan, np.nan, clips)
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(value, float(low), float(high), clips)


def _ratio(totals: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(totals, counts, out=np.full(np.shape(totals), np.nan), where=counts > 0)


def pooled(totals: ArrayLike, counts: ArrayLike, *, seed: int = 0) -> Interval:
    """Σ totals / Σ counts over clips (C), such as errors over phonemes, with its 95 % interval.

    Percentile bootstrap; NaN when nothing was counted.
    """
    totals, counts = np.asarray(totals, np.float64), np.asarray(counts, np.float64)
    if not len(totals):
        return Interval(np.nan, np.nan, np.nan, 0)
    rows = _draws(len(totals), seed)
    drawn = _ratio(totals[rows].sum(axis=1), counts[rows].sum(axis=1))
    return _bounds(float(_ratio(totals.sum(), counts.sum())), drawn, len(totals))


def paired(
    totals: ArrayLike, counts: ArrayLike, other_totals: ArrayLike, other_counts: ArrayLike, *, seed: int = 0
) -> Interval:
    """One system's pooled figure minus another's on the same clips (C), each draw taking the same clips of both.

    Zero outside the interval: the difference is not the choice of clips.
    Raises ValueError when the two were not measured on equally many clips.
    """
    ours = np.asarray(totals, np.float64), np.asarray(counts, np.float64)
    theirs = np.asarray(other_totals, np.float64), np.asarray(other_counts, np.float64)
    if len(ours[0]) != len(theirs[0]):
        raise ValueError(f"{len(ours[0])} clips cannot be paired with {len(theirs[0])}")
    if not len(ours[0]):
        return Interval(np.nan, np.nan, np.nan, 0)
    rows = _draws(len(ours[0]), seed)
    drawn = _ratio(ours[0][rows].sum(axis=1), ours[1][rows].sum(axis=1))
    drawn = drawn - _ratio(theirs[0][rows].sum(axis=1), theirs[1][rows].sum(axis=1))
    value = _ratio(ours[0].sum(), ours[1].sum()) - _ratio(theirs[0].sum(), theirs[1].sum())
    return _bounds(float(value), drawn, len(ours[0]))


def paired_ratio(
    totals: ArrayLike, counts: ArrayLike, other_totals: ArrayLike, other_counts: ArrayLike, *, seed: int = 0
) -> Interval:
    """One system's pooled figure over another's on the same clips (C), each draw taking the same clips of both.

    NaN where the other's figure is 0. Raises ValueError when the two were not
    measured on equally many clips.
    """
    columns = np.stack([np.asarray(c, np.float64) for c in (totals, counts, other_totals, other_counts)])
    if not columns.shape[1]:
        return Interval(np.nan, np.nan, np.nan, 0)
    drawn = columns[:, _draws(columns.shape[1], seed)].sum(axis=2)
    whole = columns.sum(axis=1)
    value = _ratio(_ratio(whole[0], whole[1]), _ratio(whole[2], whole[3]))
    return _bounds(float(value), _ratio(_ratio(drawn[0], drawn[1]), _ratio(drawn[2], drawn[3])), columns.shape[1])


def paired_statistic(
    values: Sequence[ArrayLike],
    others: Sequence[ArrayLike],
    figure: Callable[[NDArray[np.float64]], float] = np.median,
    *,
    seed: int = 0,
) -> Interval:
    """Any figure of the clips' values joined minus the same of another system's, the clips drawn alike for both.

    Raises ValueError when the two were not measured on equally many clips.
    """
    if len(values) != len(others):
        raise ValueError(f"{len(values)} clips cannot be paired with {len(others)}")

    def apart(rows: Sequence[int]) -> float:
        sides = [np.concatenate([np.asarray(side[i], np.float64) for i in rows]) for side in (values, others)]
        return float(figure(sides[0]) - figure(sides[1])) if all(map(len, sides)) else float("nan")

    if not len(values):
        return Interval(np.nan, np.nan, np.nan, 0)
    drawn = np.array([apart(row) for row in _draws(len(values), seed)[: RESAMPLES // 4]])
    return _bounds(apart(range(len(values))), drawn, len(values))


def sign_flip_p_value(
    totals: ArrayLike, counts: ArrayLike, other_totals: ArrayLike, other_counts: ArrayLike, *, seed: int = 0
) -> float:
    """How often two pooled figures would differ as much were the systems exchanged at random, clip by clip.

    Paired permutation test, two-sided: exact up to `MOST_EXACT_CLIPS` clips
    (C), else `FLIPS` random exchanges, the observed one counted among them.
    Raises ValueError when the two were not measured on equally many clips.
    """
    columns = np.stack([np.asarray(c, np.float64) for c in (totals, counts, other_totals, other_counts)])
    clips = columns.shape[1]
    if not clips:
        return float("nan")
    if clips <= MOST_EXACT_CLIPS:
        flips = (np.arange(2**clips)[:, None] >> np.arange(clips)) % 2 == 1
    else:
        flips = np.random.default_rng(seed).random((FLIPS, clips)) < 0.5
        flips[0] = False
    ours, ours_n, theirs, theirs_n = columns
    swapped = flips.astype(np.float64)
    ours_drawn = _ratio(ours.sum() + swapped @ (theirs - ours), ours_n.sum() + swapped @ (theirs_n - ours_n))
    theirs_drawn = _ratio(theirs.sum() - swapped @ (theirs - ours), theirs_n.sum() - swapped @ (theirs_n - ours_n))
    drawn = np.abs(ours_drawn - theirs_drawn)
    return float(np.mean(drawn >= drawn[0] * (1 - 1e-9) - 1e-15))


def holm(p_values: ArrayLike) -> NDArray[np.float64]:
    """P-values corrected for being several (Holm 1979): each below α holds with family-wise error α."""
    p = np.asarray(p_values, np.float64)
    order = np.argsort(p)
    raised = np.maximum.accumulate(np.minimum(p[order] * (len(p) - np.arange(len(p))), 1.0))
    corrected = np.empty_like(p)
    corrected[order] = raised
    return corrected


def statistic(
    values: Sequence[ArrayLike], figure: Callable[[NDArray[np.float64]], float] = np.median, *, seed: int = 0
) -> Interval:
    """Any figure (a median, a quantile) of the clips' values joined, with its 95 % interval."""
    clips = [np.asarray(v, np.float64) for v in values]
    joined = np.concatenate(clips) if clips else np.zeros(0)
    if not len(joined):
        return Interval(np.nan, np.nan, np.nan, len(clips))
    drawn = []
    for row in _draws(len(clips), seed)[: RESAMPLES // 4]:
        picked = np.concatenate([clips[i] for i in row])
        drawn.append(float(figure(picked)) if len(picked) else np.nan)
    return _bounds(float(figure(joined)), np.array(drawn), len(clips))
