"""Notes that a voice never learnt: sung as the nearest it knows, and where they lie."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
from tiny import FACTS, kana_score
from visinger.phrasing.performance import Performance
from visinger.voices.voice import Voice

TOP, BOTTOM = FACTS.highest_midi, FACTS.lowest_midi


def performed(voice: Voice, *pitches: int) -> Performance:
    words = "さくらやまなみ"
    return voice.perform(kana_score(*((words[k % 7], pitch, 480) for k, pitch in enumerate(pitches))))


@pytest.fixture(scope="module")
def voice(tiny_voice: Path) -> Voice:
    return Voice.load(tiny_voice)


@pytest.mark.parametrize(("known", "far"), [(TOP, TOP + 12), (BOTTOM, BOTTOM - 12), (TOP, TOP + 1)])
def test_a_tune_beyond_the_range_is_the_nearest_known_one_moved(voice, known, far):
    near, moved = performed(voice, known, known, known), performed(voice, far, far, far)
    assert [p.frames.tolist() for p in near.phrases] == [p.frames.tolist() for p in moved.phrases]
    one, other = near.f0_hz(), moved.f0_hz()
    assert np.array_equal(one > 0, other > 0)
    np.testing.assert_allclose(other[one > 0] / one[one > 0], 2 ** ((far - known) / 12), rtol=1e-4)


def test_two_notes_beyond_the_range_are_as_far_apart_as_written_and_joined_by_a_glide(voice):
    performance = performed(voice, TOP + 2, TOP + 2, TOP + 9, TOP + 9)
    semitones = 12 * np.log2(performance.f0_hz().clip(min=1) / performed(voice, TOP, TOP, TOP, TOP).f0_hz().clip(min=1))
    assert semitones[10] == pytest.approx(2, abs=1e-3)
    assert semitones[190] == pytest.approx(9, abs=1e-3)
    steps = np.abs(np.diff(semitones[performance.f0_hz() > 0]))
    assert 0.1 < steps.max() < 3.5, "no jump of seven semitones from one frame to the next"


def test_within_the_range_nothing_is_moved(voice):
    pitches = np.array([BOTTOM, 60, 0, TOP])
    ids, lengths = np.array([3, 4, 1, 5]), np.array([20, 20, 20, 20])
    text, _ = voice.graphs.rhythm(ids, pitches, lengths)
    raw = voice.graphs._graphs["rhythm"].run(
        {"phonemes": ids[None], "pitches": pitches[None], "note_frames": lengths[None]}
    )
    assert np.array_equal(text, raw["text"])
