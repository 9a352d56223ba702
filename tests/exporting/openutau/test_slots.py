"""The score condition found again in phonemes, lengths and pitch; and the score lock inside the graph."""

import numpy as np
import pytest
import torch

from tiny import SYMBOLS, kana_score
from visinger.exporting.openutau.duration import locked
from visinger.exporting.openutau.syllables import (
    Kinds,
    Slots,
    held_log_f0,
    note_frames,
    pitch_ids,
    placed,
    slots,
    sung_pitches,
)
from visinger.models.parts import f0_predictor, length_regulator
from visinger.phrasing.lock import lock
from visinger.phrasing.spelling import spell
from visinger.units import hz_from_midi

KINDS = Kinds(SYMBOLS, "ja")
SONG = (("", 0, 480), ("さ", 60, 480), ("く", 64, 480), ("ら", 67, 960), ("き", 62, 240), ("ん", 59, 480), ("", 0, 300))


def ids(symbols):
    return torch.tensor([SYMBOLS.index(symbol) + 1 for symbol in symbols])


def sung(*notes):
    """The only phrase of a song, its lengths locked from random predictions."""
    (phrase,) = spell(kana_score(*notes)).phrases
    return phrase, lock(phrase, np.random.default_rng(5).uniform(3, 15, len(phrase.phonemes)))


def test_notes_are_told_from_phonemes_their_lengths_and_the_pitch():
    phrase, frames = sung(*SONG)
    tokens, lengths = ids(phrase.phonemes), torch.from_numpy(frames)
    curve = np.repeat(hz_from_midi(np.maximum(phrase.pitches, 50)), frames)
    wobble = 1 + 0.01 * np.sin(np.arange(len(curve)) / 4)  # a vibrato of 17 cents
    f0 = torch.from_numpy((curve * wobble).astype(np.float32))
    found = slots(KINDS, tokens)
    assert found.onset.tolist() == phrase.before_beat.tolist()
    sings = phrase.pitches > 0
    told = note_frames(found, found.group_sums(lengths.float())).numpy()
    assert told[sings].tolist() == phrase.note_frames[sings].tolist()
    assert sung_pitches(found, placed(lengths, f0), f0).tolist() == phrase.pitches.tolist()


def test_a_glide_at_a_vowel_s_ends_does_not_move_its_note():
    lengths = torch.tensor([8, 40, 8])
    midi = np.full(56, 60.0)
    midi[8:20] = np.linspace(55, 60, 12)  # from a fourth below
    f0 = torch.from_numpy(hz_from_midi(midi).astype(np.float32))
    found = slots(KINDS, ids(["SP", "a", "SP"]))
    assert sung_pitches(found, placed(lengths, f0), f0).tolist() == [0, 60, 0]


def test_what_closes_a_syllable_stays_with_its_vowel():
    found = slots(KINDS, ids(["SP", "k", "a", "cl", "t", "a", "s", "SP"]))
    assert found.onset.tolist() == [False, True, False, False, True, False, False, False]
    assert found.slot.tolist() == [0, 1, 1, 1, 2, 2, 2, 3]


def test_words_of_the_editor_may_hold_several_vowels():
    """か+ん typed on one note: N is a vowel to the editor, yet starts no word."""
    symbols = ["SP", "k", "a", "N", "t", "o"]
    starts = torch.tensor([True, False, True, False, False, True])
    found = slots(KINDS, ids(symbols), starts)
    assert found.slot.tolist() == [0, 1, 1, 1, 2, 2]
    midi = torch.tensor([0.0, 0, 60, 60, 60, 62])
    assert pitch_ids(found, midi).tolist() == [0, 60, 60, 60, 62, 62]


def test_pauses_at_the_ends_count_as_half_a_second():
    found = slots(KINDS, ids(["SP", "k", "a", "AP", "o", "SP"]))
    assert note_frames(found, torch.tensor([8.0, 30, 20, 40, 8, 0])).tolist() == [50, 30, 30, 20, 40, 50]


@pytest.mark.parametrize("lengths", [[3, 0, 5, 1], [1], [7, 2, 2]])
def test_frames_find_their_phonemes_as_the_length_regulator_does(lengths):
    frames = torch.tensor(lengths)
    found = placed(frames, torch.zeros(int(frames.sum())))
    owner, position = length_regulator.owners(frames[None], int(frames.sum()))
    assert torch.equal(found.owner[None], owner)
    assert torch.allclose(found.position[None], position)


@pytest.mark.parametrize("pitches", [[0, 0, 60, 0, 62, 0], [0, 0], [50], [0, 71]])
def test_rests_hold_the_notes_that_the_network_was_taught_with(pitches):
    ours = held_log_f0(torch.tensor(pitches))
    assert torch.allclose(ours, f0_predictor.note_log_f0(torch.tensor([pitches]))[0], atol=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_lengths_are_locked_as_our_own_performances_are(seed):
    """Random songs and predictions, slots longer than their phonemes: within a frame of ours, vowels exactly."""
    rng = np.random.default_rng(seed)
    words = rng.choice(["さ", "きゃ", "く", "ん", "お", "かっ", "とん", "べ"], 5)
    notes = [("", 0, 300), *((str(word), 60, int(rng.integers(130, 420))) for word in words), ("", 0, 300)]
    (phrase,) = spell(kana_score(*notes)).phrases
    predicted = rng.uniform(0.5, 40.0, len(phrase.phonemes))
    wanted = np.cumsum(lock(phrase, predicted))
    first = np.concatenate([[True], np.diff(phrase.slot) > 0]) & ~phrase.before_beat
    anchors = torch.from_numpy(first | (~phrase.before_beat & np.concatenate([[True], phrase.before_beat[:-1]])))
    found = Slots(
        anchors,
        torch.from_numpy(phrase.before_beat),
        torch.from_numpy(phrase.slot),
        torch.from_numpy(phrase.pitches == 0),
    )
    sums = torch.zeros(len(predicted))
    sums[: len(phrase.slot_starts) - 1] = torch.from_numpy(np.diff(phrase.slot_starts)).float()
    got = np.cumsum(locked(found, torch.from_numpy(predicted).float(), sums).numpy())
    starts = phrase.before_beat[1:]  # the end of one is the start of the next
    assert np.abs(got - wanted).max() <= 1.0
    assert np.abs((got - wanted)[:-1][~starts & ~np.isin(phrase.phonemes[1:], ["N", "cl"])]).max() < 0.01
