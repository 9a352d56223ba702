"""The score lock on frames: consonants before the beat, vowels on it, sums exact (docs/paper.md)."""

import time
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sung_lines import note, phrase_of, score_of

from visinger.phrasing import Phrase, lock, spell
from visinger.units import frame_at

bounded = settings(max_examples=150, deadline=None, derandomize=True)

ONSETS = ("", "k*", "s y*", "t s y*")
slots_drawn = st.lists(
    st.tuples(
        st.builds(
            lambda onset, body: onset + body if body not in ("SP", "AP") else body,
            st.sampled_from(ONSETS),
            st.sampled_from(("a", "a N", "o cl", "e N cl", "SP", "AP")),
        ),
        st.integers(0, 120),
    ),
    min_size=1,
    max_size=12,
)


def vowel_starts(phrase: Phrase, frames: np.ndarray) -> list[int]:
    """The frame on which each slot's first sound from the beat on starts."""
    starts = np.cumsum(frames) - frames
    on_beat = np.flatnonzero(~phrase.before_beat)
    firsts = [n for n in on_beat if n == 0 or phrase.slot[n] != phrase.slot[n - 1] or phrase.before_beat[n - 1]]
    return [int(starts[n]) for n in firsts]


def test_a_bar_worked_by_hand() -> None:
    """60 bpm, さ かん ー っ: a rest of a quarter, then quarters; consonants 12, 8 and none long."""
    phrase = phrase_of([("SP", 100), ("s*a", 100), ("k*a", 100), ("a N", 60), ("t*o cl", 40)])
    predicted = [90, 12, 88, 8, 95, 40, 20, 6, 30, 10]
    # SP gives 12 to s; a gives 8 to k; a gives nothing (no consonant); "a N" gives 6 to t and keeps
    # 54, of which N's share is a third, 18; "o cl" has 40, cl's share a quarter, 10.
    assert lock(phrase, predicted).tolist() == [88, 12, 92, 8, 100, 36, 18, 6, 30, 10]


def test_a_long_consonant_leaves_the_sound_before_it_three_tenths() -> None:
    frames = lock(phrase_of([("*a", 50), ("s*a", 50)]), [50, 200, 50])
    assert frames.tolist() == [15, 35, 50]


def test_a_short_vowel_keeps_two_frames_from_the_consonant_after_it() -> None:
    frames = lock(phrase_of([("*a", 40), ("*i", 5), ("s*a", 50)]), [40, 5, 20, 50])
    assert frames.tolist() == [40, 2, 3, 50]


def test_at_time_nought_a_consonant_takes_at_most_half_of_its_own_note() -> None:
    assert lock(phrase_of([("s*a", 60)]), [10, 50]).tolist() == [10, 50]
    assert lock(phrase_of([("s*a", 60)]), [300, 50]).tolist() == [30, 30]


def test_a_grace_note_of_no_frame_borrows_from_the_note_before_and_the_next_stays_on_its_beat() -> None:
    phrase = phrase_of([("*a", 50), ("*i", 0), ("*o", 50)])
    assert lock(phrase, [50, 5, 50]).tolist() == [49, 1, 50]


def test_a_first_note_of_no_frame_borrows_from_the_note_after() -> None:
    assert lock(phrase_of([("*a", 0), ("*o", 50)]), [5, 50]).tolist() == [1, 49]


def test_consonant_inclusive_slots_are_divided_by_largest_remainder() -> None:
    phrase = phrase_of([("s*a", 20), ("k y*o N", 10), ("SP", 7)], convention="consonant-inclusive")
    # 20·(5, 15)/20; 10·(1, 1, 4, 3)/9 = 1.11 1.11 4.44 3.33: floors 1 1 4 3, the frame left goes to 0.44
    assert lock(phrase, [5, 15, 1, 1, 4, 3, 99]).tolist() == [5, 15, 1, 1, 5, 3, 7]


def test_a_consonant_predicted_at_nothing_still_sounds_for_a_frame() -> None:
    assert lock(phrase_of([("*a", 50), ("s*a", 50)]), [50, 0.0, 50]).tolist() == [49, 1, 50]
    inclusive = phrase_of([("s*a", 50)], convention="consonant-inclusive")
    assert lock(inclusive, [0.0, 50]).tolist() == [1, 49]


def test_a_coda_takes_at_most_half_of_what_is_left() -> None:
    assert lock(phrase_of([("*a N", 40)]), [1, 1000]).tolist() == [20, 20]
    assert lock(phrase_of([("*a N", 1000)]), [1, 1000]).tolist() == [900, 100]


@bounded
@given(slots_drawn, st.integers(0, 2**31), st.sampled_from(["vowel-anchored", "consonant-inclusive"]))
def test_a_locked_phrase_has_the_scores_length_and_every_phoneme_sounds(
    slots: list[tuple[str, int]], seed: int, convention: str
) -> None:
    phrase = phrase_of(slots, convention=convention)
    predicted = np.random.default_rng(seed).gamma(1.0, 15.0, len(phrase.phonemes))
    frames = lock(phrase, predicted)
    assert frames.sum() == phrase.frames
    assert (frames >= 0).all()
    if phrase.frames >= len(phrase.phonemes):
        assert (frames >= 1).all()
    assert np.array_equal(frames, lock(phrase, predicted))


@bounded
@given(slots_drawn, st.integers(0, 2**31))
def test_every_vowel_starts_on_its_slot_where_the_notes_hold_their_phonemes(
    slots: list[tuple[str, int]], seed: int
) -> None:
    roomy = [(text if k else text.rpartition("*")[2], 12 + length) for k, (text, length) in enumerate(slots)]
    phrase = phrase_of(roomy)
    predicted = np.random.default_rng(seed).gamma(1.0, 15.0, len(phrase.phonemes))
    frames = lock(phrase, predicted)
    assert vowel_starts(phrase, frames) == phrase.slot_starts[:-1].tolist()
    assert (frames >= 1).all()
    for k in range(len(roomy)):  # the consonants after a slot leave it three tenths
        own = frames[(phrase.slot == k) & ~phrase.before_beat].sum()
        bodies = int(((phrase.slot == k) & ~phrase.before_beat).sum())
        length = 12 + slots[k][1]
        assert own >= min(max(2 * bodies, 0.3 * length), length)


@bounded
@given(slots_drawn, st.integers(0, 2**31), st.integers(0, 30))
def test_a_longer_prediction_never_shortens_the_consonants_before_a_beat(
    slots: list[tuple[str, int]], seed: int, more: int
) -> None:
    phrase = phrase_of([("*a", 60), *((text, 12 + length) for text, length in slots), ("k*a", 60)])
    predicted = np.random.default_rng(seed).gamma(1.0, 10.0, len(phrase.phonemes))
    longer = predicted.copy()
    longer[-2] += more
    assert lock(phrase, longer)[-2] >= lock(phrase, predicted)[-2]


@bounded
@given(slots_drawn, st.integers(0, 2**31))
def test_more_phonemes_than_frames_still_fill_the_frames(slots: list[tuple[str, int]], seed: int) -> None:
    phrase = phrase_of([(text, length % 2) for text, length in slots])
    frames = lock(phrase, np.random.default_rng(seed).gamma(1.0, 15.0, len(phrase.phonemes)))
    assert frames.sum() == phrase.frames and (frames >= 0).all()


def test_an_hour_does_not_drift() -> None:
    """A tempo that fits no frame grid: 97 bpm. Slot k starts where its exact second says."""
    lyrics = ["さ", "く", "ら", "ん", "かっ"]
    beats = 97 * 60
    song = spell(score_of([note(k, 1, lyrics[k % 5]) for k in range(beats)], bpm=97))
    assert song.samples == 24_000 * 3600
    heard: dict[int, int] = {}
    rng = np.random.default_rng(0)
    for phrase in song.phrases:
        frames = lock(phrase, rng.gamma(1.0, 15.0, len(phrase.phonemes)))
        starts = np.cumsum(frames) - frames
        for n in np.flatnonzero(~phrase.before_beat):
            first = n == 0 or phrase.before_beat[n - 1] or phrase.slot[n] != phrase.slot[n - 1]
            if first and phrase.kept.start < starts[n] < phrase.kept.stop:
                heard[int(phrase.score_notes[phrase.slot[n]])] = phrase.start_frame + int(starts[n])
    assert set(range(1, beats)) <= heard.keys()
    assert all(heard[k] == frame_at(Fraction(60 * k, 97)) for k in range(1, beats))


def test_the_lock_is_fast() -> None:
    phrase = phrase_of([("k*a", 30), ("s y*o N", 40)] * 10_000)
    predicted = np.full(len(phrase.phonemes), 9.0)
    began = time.perf_counter()
    lock(phrase, predicted)
    assert len(phrase.phonemes) / (time.perf_counter() - began) > 20_000


@pytest.mark.parametrize("predicted", [[1.0], [1.0, float("nan")], [1.0, float("inf")], [[1.0, 2.0]]])
def test_predictions_that_are_no_lengths_are_refused(predicted: list[float]) -> None:
    with pytest.raises(ValueError, match="predicted"):
        lock(phrase_of([("k*a", 30)]), predicted)
