"""What a voice says of itself is what its corpus is: level and compass."""

import sys
from pathlib import Path

import numpy as np
import pytest

from visinger.corpora.prepared import Prepared
from visinger.exporting import facts
from visinger.signal.loudness import lufs

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "training"))
made_up = pytest.importorskip("made_up")


def test_the_gain_brings_the_corpus_to_minus_18_lufs(tmp_path: Path) -> None:
    corpus = Prepared.open(made_up.prepared(tmp_path / "corpus"))
    compass = facts.measure(corpus)
    sung = np.concatenate([take.samples for take in corpus.takes(split="train")])
    assert lufs(sung * compass.gain, 24_000) == pytest.approx(-18.0, abs=0.1)


def test_the_natural_range_holds_the_sung_pitches_and_no_rests(tmp_path: Path) -> None:
    compass = facts.measure(Prepared.open(made_up.prepared(tmp_path / "corpus")))
    assert 57 <= compass.lowest_midi < compass.highest_midi <= 69  # made_up draws its notes from 57 … 69
