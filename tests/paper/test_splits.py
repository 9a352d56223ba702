"""The paper's split (VISinger §3.1): of 2616 segments 2496 train, 16 validate, 104 test."""

import random

import pytest

from visinger.corpora.splits import Counted, divide, folds
from visinger.errors import CorpusError


def corpus(takes: int, *, songs: int, phonemes: int = 40) -> list[Counted]:
    return [Counted(f"s{k % songs:03d}-{k:04d}", f"s{k % songs:03d}", phonemes) for k in range(takes)]


def test_2616_segments_are_split_as_in_the_paper():
    split = divide(corpus(2616, songs=100), "paper")
    assert {part: len(names) for part, names in split.items()} == {"train": 2496, "validation": 16, "test": 104}


@pytest.mark.parametrize("takes", [3, 50, 229, 1000, 2615, 2617, 5000])
@pytest.mark.parametrize("by", ["song", "paper"])
def test_every_take_is_in_exactly_one_part(takes, by):
    everything = corpus(takes, songs=min(takes, 94))
    split = divide(everything, by)
    together = [name for names in split.values() for name in names]
    assert sorted(together) == sorted(take.name for take in everything)
    assert all(split.values())


def test_other_sizes_keep_the_papers_proportions():
    split = divide(corpus(1308, songs=50), "paper")
    assert {part: len(names) for part, names in split.items()} == {"train": 1248, "validation": 8, "test": 52}


def test_a_split_does_not_depend_on_the_order_of_the_takes():
    everything = corpus(229, songs=94)
    shuffled = random.Random(1).sample(everything, len(everything))
    for by in ("song", "paper"):
        ordered = {part: set(names) for part, names in divide(everything, by).items()}
        assert ordered == {part: set(names) for part, names in divide(shuffled, by).items()}


def test_94_songs_give_11_test_songs_and_4_for_validation_none_shared():
    everything = corpus(229, songs=94)
    song = {take.name: take.song for take in everything}
    songs = {part: {song[name] for name in names} for part, names in divide(everything, "song").items()}
    assert {part: len(names) for part, names in songs.items()} == {"train": 79, "validation": 4, "test": 11}
    assert not songs["test"] & songs["train"]
    assert not songs["test"] & songs["validation"]
    assert not songs["train"] & songs["validation"]


def test_short_songs_are_added_until_the_test_holds_600_phonemes():
    everything = corpus(94, songs=94, phonemes=40)
    assert len(divide(everything, "song")["test"]) == 15


def test_songs_that_the_makers_set_apart_are_the_test():
    everything = [Counted(t.name, t.song, t.phonemes, t.song in ("s003", "s007")) for t in corpus(100, songs=10)]
    song = {take.name: take.song for take in everything}
    assert {song[name] for name in divide(everything, "song")["test"]} == {"s003", "s007"}


def test_folds_hold_whole_songs_and_nearly_equal_phonemes():
    everything = [Counted(t.name, t.song, 20 + 7 * (k % 11)) for k, t in enumerate(corpus(229, songs=94))]
    groups = folds(everything, 5)
    assert sorted(name for group in groups for name in group) == sorted(take.name for take in everything)
    of = {take.name: take for take in everything}
    songs = [{of[name].song for name in group} for group in groups]
    assert sum(len(group) for group in songs) == 94
    loads = [sum(of[name].phonemes for name in group) for group in groups]
    assert max(loads) < 1.1 * min(loads)


def test_a_corpus_too_small_to_split_says_so():
    with pytest.raises(CorpusError, match="split by paper"):
        divide(corpus(10, songs=2), "song")
    with pytest.raises(CorpusError, match="prepare more"):
        divide(corpus(2, songs=2), "paper")
