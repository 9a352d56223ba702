"""Loudness by rule: what it says, and what is heard of it."""

from dataclasses import replace

import numpy as np
import pytest
from synthetic_speaker import phrase_of

from visinger.concatenation import contour, dynamics, inventory
from visinger.concatenation.dynamics import Dynamics
from visinger.concatenation.singer import ConcatenativeSinger
from visinger.signal import level, loudness

CERTAIN = Dynamics(chance_db=0.0)
FLAT = Dynamics(
    db_per_semitone=0.0, db_per_doubling=0.0, last_db=0.0, last_decay_db_per_second=0.0, chance_db=0.0
)  # fmt: skip


def drawn(sung, *, seed=0, rule=CERTAIN, middle_midi=62.0):
    phrase = phrase_of(sung)
    return dynamics.curve(phrase, np.diff(phrase.slot_starts), seed=seed, dynamics=rule, middle_midi=middle_midi)


def test_a_higher_note_is_louder_by_the_slope():
    curve = drawn([("a", 60, 60), ("a", 64, 60), ("a", 60, 60)])
    assert curve[90] - curve[30] == pytest.approx(4 * CERTAIN.db_per_semitone)
    assert curve[30] == pytest.approx(-2 * CERTAIN.db_per_semitone + 0.74 * np.log2(0.6 / 0.4))


def test_a_note_far_above_the_singers_middle_is_louder_by_no_more_than_the_most():
    curve = drawn([("a", 62, 40), ("a", 90, 40), ("a", 30, 40), ("a", 62, 40)])
    assert curve[60] - curve[20] == pytest.approx(CERTAIN.most_of_pitch_db)
    assert curve[100] - curve[20] == pytest.approx(-CERTAIN.most_of_pitch_db)


def test_a_longer_note_is_louder_by_the_accent():
    curve = drawn([("a", 62, 40), ("a", 62, 80), ("a", 62, 40)])
    assert curve[80] - curve[20] == pytest.approx(CERTAIN.db_per_doubling)


def test_a_phrases_last_note_dies_away_and_those_before_it_do_not():
    curve = drawn([("a", 62, 100), ("a", 62, 100), ("SP", 0, 30), ("a", 62, 100), ("SP", 0, 30)])
    assert np.ptp(curve[10:90]) < 1e-9
    for end in (200, 330):
        rate = (curve[end - 20] - curve[end - 70]) / 0.5
        assert rate == pytest.approx(-CERTAIN.last_decay_db_per_second, abs=0.01)
    assert curve[237] == pytest.approx(curve[50])  # the next phrase starts as loud as the one before it did
    assert (np.abs(np.diff(curve)) < 1.0).all()


def test_a_consonant_is_as_loud_as_the_note_it_leads_to():
    phrase = phrase_of([("a", 60, 60), ("ta", 66, 60), ("a", 60, 40)])
    frames = np.array([52, 8, 60, 40])  # the t takes 80 ms of the first note
    curve = dynamics.curve(phrase, frames, seed=0, dynamics=CERTAIN, middle_midi=62.0)
    assert curve[57] == pytest.approx(curve[90])
    assert curve[40] == pytest.approx(curve[20])


def test_notes_differ_by_chance_of_the_song_and_alike_for_the_same_seed():
    song = [("a", 62, 40)] * 40
    first, again, other = (drawn(song, seed=s, rule=Dynamics()) for s in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.std(first[20::40][:-1]) == pytest.approx(1.5, abs=0.6)


def test_silence_and_nothing_have_no_loudness():
    assert not drawn([("SP", 0, 50)]).any()


@pytest.mark.parametrize("rule", [CERTAIN, FLAT])
def test_what_the_rule_says_is_heard(synthetic, rule):
    phrase = phrase_of([("SP", 0, 20), ("a", 58, 60), ("a", 66, 60), ("a", 58, 60), ("a", 58, 150), ("SP", 0, 20)])
    even, moved = (
        ConcatenativeSinger(synthetic, manner=replace(contour.Manner(), dynamics=chosen)) for chosen in (FLAT, rule)
    )
    performance = even.perform(phrase, seed=3)
    flat_db, heard_db = (level.rms_db(one.render(performance, seed=3).samples) for one in (even, moved))
    asked = dynamics.curve(phrase, performance.frames, seed=3, dynamics=rule, middle_midi=moved._middle_midi)
    sounding = flat_db > -50
    assert sounding.sum() > 300
    assert np.abs((heard_db - flat_db - asked)[sounding]).max() < 1


def test_a_breath_lies_twelve_to_twenty_decibels_under_the_vowels(human, synthetic):
    for units in (human, synthetic):
        singer = ConcatenativeSinger(units)
        if singer._breath is None:
            continue
        phrase = phrase_of([("AP", 0, 60), ("a" if units is synthetic else "li", 62, 80), ("SP", 0, 20)])
        performance = singer.perform(phrase, seed=1)
        level_db = level.rms_db(singer.render(performance, seed=1).samples)
        breath = level_db[20:48][level_db[20:48] > -60]
        vowel = np.median(level_db[75:110])
        assert 9 < vowel - 10 * np.log10(np.mean(10 ** (breath / 10))) < 22


def test_a_voiced_initial_is_hardly_softer_than_its_vowel(synthetic):
    singer = ConcatenativeSinger(synthetic, manner=contour.Manner(dynamics=FLAT))
    phrase = phrase_of([("SP", 0, 20), ("a", 62, 50), ("wo", 62, 60), ("lu", 62, 60), ("a", 62, 60), ("SP", 0, 20)])
    performance = singer.perform(phrase, seed=0)
    level_db = level.rms_db(singer.render(performance, seed=0).samples)
    starts = np.concatenate([[0], np.cumsum(performance.frames)])
    for n, symbol in enumerate(phrase.phonemes):
        if symbol in ("w", "l"):
            vowel = np.median(level_db[starts[n + 1] : starts[n + 2]])
            assert level_db[starts[n] + 1 : starts[n + 1]].mean() > vowel - 6


def test_two_takes_of_a_syllable_differ_in_their_consonant_and_are_the_same_for_the_same_chance(human):
    taken = [inventory.choose(human, "t", "ian", np.random.default_rng(k)) for k in range(40)]
    assert len({id(one.consonant) for one in taken}) >= 3  # tian1, tian4, and ting's
    assert all(one.consonant.initial == "t" and one.consonant.final in ("ian", "ing") for one in taken)
    assert all(one.vowel.final == "ian" for one in taken)
    again = [inventory.choose(human, "t", "ian", np.random.default_rng(k)) for k in range(40)]
    assert [id(one.consonant) for one in taken] == [id(one.consonant) for one in again]


def test_loud_singing_does_not_clip(human):
    song = [("li", 70, 60), ("gu", 70, 60), ("dao", 70, 80), ("cao", 69, 60)]
    samples = ConcatenativeSinger(human).sing(phrase_of([("SP", 0, 20), *song, ("SP", 0, 20)]), seed=2).samples
    assert np.abs(samples).max() < 1
    assert np.mean(np.abs(samples) > 0.8) < 1e-3
    assert -22 < loudness.lufs(samples, 24_000) < -11
