import numpy as np
import pytest

from visinger.evaluation import intervals


def test_pooling_is_errors_over_phonemes_and_not_a_mean_of_rates():
    found = intervals.pooled([1.0, 0.0], [1.0, 9.0])
    assert found.value == 0.1
    assert found.low <= 0.1 <= found.high


def test_the_interval_holds_the_truth_about_95_times_in_100():
    rng = np.random.default_rng(0)
    held = 0
    for trial in range(200):
        level = rng.normal(0.3, 0.1, size=60)  # clips differ among themselves
        counts = rng.integers(20, 60, size=60)
        totals = rng.normal(level, 0.2 / np.sqrt(counts)) * counts
        found = intervals.pooled(totals, counts, seed=trial)
        held += found.low <= 0.3 <= found.high
    assert 0.90 <= held / 200 <= 0.985


def test_clips_are_drawn_and_not_frames():
    """A hundred frames of a clip that are all alike tell no more than one."""
    clip_levels = np.random.default_rng(1).normal(size=20)
    few = intervals.pooled(clip_levels, np.ones(20))
    many = intervals.pooled(clip_levels * 100, np.full(20, 100.0))
    assert few.high - few.low == pytest.approx(many.high - many.low)


def test_a_small_difference_shows_when_the_clips_are_paired():
    rng = np.random.default_rng(2)
    difficulty = rng.normal(10.0, 4.0, size=50)
    ours, theirs = difficulty + rng.normal(0, 0.2, 50), difficulty + 0.5 + rng.normal(0, 0.2, 50)
    ones = np.ones(50)
    difference = intervals.paired(ours, ones, theirs, ones)
    assert difference.value == pytest.approx(-0.5, abs=0.15)
    assert difference.high < 0
    alone, other = intervals.pooled(ours, ones), intervals.pooled(theirs, ones)
    assert alone.high > other.low, "unpaired intervals overlap"


def test_pairs_of_unequal_number_are_refused():
    with pytest.raises(ValueError, match="cannot be paired"):
        intervals.paired([1.0], [1.0], [1.0, 2.0], [1.0, 1.0])


def test_a_median_is_over_all_values_of_all_clips():
    found = intervals.statistic([[1.0, 2.0, 3.0], [4.0], []])
    assert found.value == 2.5
    assert 1.0 <= found.low <= found.high <= 4.0


def test_no_clips_are_no_figure():
    assert np.isnan(intervals.pooled([], []).value)
    assert np.isnan(intervals.statistic([]).value)
    assert intervals.paired([], [], [], []).clips == 0
