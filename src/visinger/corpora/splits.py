"""Which takes are for training, validation and test.

`by="song"` keeps songs whole, so that no melody is heard in two sets: the
honest split for words and pitch; songs that the corpus' makers set apart are
its test. `by="paper"` draws segments at random in the
numbers of VISinger §3.1: of 2616, 2496 train, 16 validate, 104 test.
The drawing is by hash of the names: it does not depend on order or machine.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from visinger.errors import CorpusError

By = Literal["song", "paper"]
Part = Literal["train", "validation", "test"]
PARTS: tuple[Part, ...] = ("train", "validation", "test")

PAPER_SEGMENTS, PAPER_VALIDATION, PAPER_TEST = 2616, 16, 104  # VISinger §3.1
TEST_SONGS, VALIDATION_SONGS = 11 / 94, 4 / 94  # of PJS' 94 songs
FEWEST_TEST_PHONEMES = 600  # so that an error rate over them means something


@dataclass(frozen=True)
class Counted:
    """What a split needs to know of a take."""

    name: str
    song: str
    phonemes: int  # sung ones
    set_apart: bool = False  # the corpus' makers keep it for test


def divide(takes: Sequence[Counted], by: By) -> dict[Part, tuple[str, ...]]:
    """The names of each part's takes, in the corpus' order; together they are all of them."""
    if by == "song":
        chosen = _by_song(takes)
    elif by == "paper":
        chosen = _by_paper(takes)
    else:
        raise CorpusError(f"no split is called '{by}'", remedy="split by song or by paper")
    return {part: tuple(take.name for take in takes if chosen[take.name] == part) for part in PARTS}


def folds(takes: Sequence[Counted], count: int) -> list[tuple[str, ...]]:
    """`count` groups of whole songs for cross-validation, nearly equal in phonemes: the names of their takes."""
    weight = _weights(takes)
    if not 2 <= count <= len(weight):
        raise CorpusError(
            f"{len(weight)} songs cannot make {count} folds", remedy="ask for 2 up to as many as there are songs"
        )
    loads = [0] * count
    home: dict[str, int] = {}
    for song in sorted(_drawn(weight, "folds"), key=lambda song: -weight[song]):
        home[song] = loads.index(min(loads))
        loads[home[song]] += weight[song]
    return [tuple(take.name for take in takes if home[take.song] == k) for k in range(count)]


def _by_song(takes: Sequence[Counted]) -> Mapping[str, Part]:
    weight = _weights(takes)
    songs = _drawn(weight, "song")
    if len(songs) < 3:
        raise CorpusError(f"{len(songs)} songs cannot be split three ways", remedy="split by paper")
    validation = max(1, round(VALIDATION_SONGS * len(songs)))
    apart = {take.song for take in takes if take.set_apart}
    if apart:
        songs = sorted(songs, key=lambda song: song not in apart)  # a stable sort: those first
        test = most = len(apart)
    else:
        test = max(1, round(TEST_SONGS * len(songs)))
        most = max(test, len(songs) // 4)  # never starve the training for the test's sake
    while test < most and sum(weight[song] for song in songs[:test]) < FEWEST_TEST_PHONEMES:
        test += 1
    part: dict[str, Part] = dict.fromkeys(songs, "train")
    part |= dict.fromkeys(songs[:test], "test")
    part |= dict.fromkeys(songs[test : test + validation], "validation")
    return {take.name: part[take.song] for take in takes}


def _by_paper(takes: Sequence[Counted]) -> Mapping[str, Part]:
    names = _drawn((take.name for take in takes), "paper")
    if len(names) < 3:
        raise CorpusError(f"{len(names)} takes cannot be split three ways", remedy="prepare more")
    validation = max(1, round(PAPER_VALIDATION * len(names) / PAPER_SEGMENTS))
    test = max(1, round(PAPER_TEST * len(names) / PAPER_SEGMENTS))
    part: dict[str, Part] = dict.fromkeys(names, "train")
    part |= dict.fromkeys(names[:test], "test")
    part |= dict.fromkeys(names[test : test + validation], "validation")
    return part


def _weights(takes: Sequence[Counted]) -> dict[str, int]:
    weight: dict[str, int] = {}
    for take in takes:
        weight[take.song] = weight.get(take.song, 0) + take.phonemes
    return weight


def _drawn(names: Iterable[str], purpose: str) -> list[str]:
    """The names in an order that looks random and never changes."""
    return sorted(names, key=lambda name: hashlib.sha256(f"{purpose}/{name}".encode()).digest())
