from functools import lru_cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visinger.alignment.editing import Edits, edits


def test_kitten_becomes_sitting_by_two_substitutions_and_one_insertion():
    found = edits("sitting", "kitten")
    assert (found.substitutions, found.deletions, found.insertions) == (2, 0, 1)
    assert found.rate == 0.5


def test_what_is_not_heard_is_a_deletion_and_what_was_not_meant_an_insertion():
    assert edits([], ["k", "a"]) == Edits(0, 2, 0, 2)
    assert edits(["k", "a"], ["a"]) == Edits(0, 0, 1, 1)


def test_babble_can_be_worse_than_silence():
    assert edits(["a"] * 9, ["k", "i"]).rate > 1.0


@given(st.text("aki", max_size=6), st.text("aki", max_size=6))
def test_the_count_is_the_fewest_edits_there_are(heard: str, meant: str):
    @lru_cache
    def fewest(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(fewest(i - 1, j) + 1, fewest(i, j - 1) + 1, fewest(i - 1, j - 1) + (meant[i - 1] != heard[j - 1]))

    found = edits(heard, meant)
    assert found.errors == fewest(len(meant), len(heard))
    assert len(meant) - found.deletions + found.insertions == len(heard)


def test_rates_of_several_clips_pool_by_their_phonemes():
    pooled = edits("a", "a") + edits("", "kikiki")
    assert pooled.rate == pytest.approx(6 / 7)
