"""What the concatenative singer sings, measured on the sound."""

import numpy as np
import pytest
from synthetic_speaker import phrase_of

from visinger.concatenation.singer import ConcatenativeSinger, split
from visinger.errors import LyricError
from visinger.phrasing.performance import PhrasePerformance
from visinger.signal import f0, loudness, onsets
from visinger.units import cents_between

INITIALS = ("ch", "t", "g", "d", "b", "f", "c")
SONG = [
    ("SP", 0, 25),
    ("hao", 62, 40),
    ("ma", 66, 30),
    ("-", 67, 30),
    ("shi", 64, 35),
    ("AP", 0, 40),
    ("ni", 60, 25),
    ("ta", 62, 80),
    ("SP", 0, 30),
]


@pytest.fixture(scope="module")
def singer(synthetic):
    return ConcatenativeSinger(synthetic)


@pytest.fixture(scope="module")
def sung(singer):
    performance = singer.perform(phrase_of(SONG), seed=4)
    return performance, singer.render(performance, seed=4).samples


def test_the_wave_has_the_phrases_length_to_the_sample(sung):
    performance, samples = sung
    assert len(samples) == performance.phrase.frames * 240 == 335 * 240
    assert samples.dtype == np.float32
    assert np.abs(samples).max() < 1


def test_silence_is_silent_and_a_breath_is_softer_than_a_voice(sung):
    performance, samples = sung
    starts = np.concatenate([[0], np.cumsum(performance.frames)]) * 240
    span = {n: samples[starts[n] : starts[n + 1]] for n in range(len(performance.frames))}
    symbols = performance.phrase.phonemes
    assert all(not span[n].any() for n, symbol in enumerate(symbols) if symbol == "SP")
    breath = 20 * np.log10(span[symbols.index("AP")].std())
    assert -65 < breath < -35


def test_the_voice_follows_the_curve_by_both_trackers(sung):
    performance, samples = sung
    for tracker in (f0.track, f0.track_independent):
        tracked = tracker(samples)
        both = (tracked > 0) & (performance.f0_hz > 0)
        error_cents = np.abs(cents_between(tracked[both], performance.f0_hz[both]))
        assert both.sum() > 0.93 * (performance.f0_hz > 0).sum()
        assert np.median(error_cents) < 5
        assert np.mean(error_cents < 50) > 0.97


def test_vowels_start_on_their_slots(sung):
    performance, samples = sung
    phrase = performance.phrase
    after_voiceless = [n for n in range(1, len(phrase.phonemes)) if phrase.phonemes[n - 1] in ("h", "sh", "t")]
    slots = phrase.slot_starts[phrase.slot[after_voiceless]] / 100
    assert np.abs(onsets.vowel_onsets(samples, 24_000, slots) - slots).max() < 0.015


def test_no_join_clicks(sung):
    """Above 9 kHz, where this voice has next to nothing, a click would stand out of its surroundings."""
    performance, samples = sung
    spectrum = np.fft.rfft(samples.astype(np.float64))
    spectrum[: int(9000 / 12_000 * len(spectrum))] = 0
    treble = np.abs(np.fft.irfft(spectrum, len(samples)))
    starts = np.cumsum(performance.frames)[:-1] * 240
    symbols = performance.phrase.phonemes
    joins = [s for s, n in zip(starts, symbols[1:], strict=True) if n in ("m", "n", "a")]
    for join in joins:
        near, around = treble[join - 120 : join + 120].max(), treble[join - 1200 : join + 1200]
        assert near < 8 * np.percentile(around, 99)
    assert np.abs(np.diff(samples)).max() < 0.35


def test_the_same_seed_sings_the_same_bytes_and_another_sings_differently(singer):
    phrase = phrase_of(SONG)
    first, again, other = (singer.sing(phrase, seed=seed).samples for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_an_edited_curve_is_sung_and_a_voice_drawn_unvoiced_whispers(singer):
    performance = singer.perform(phrase_of([("SP", 0, 20), ("a", 60, 120), ("SP", 0, 20)]), seed=0)
    flat_hz = np.where(performance.f0_hz > 0, 350.0, 0.0)
    higher = PhrasePerformance(performance.phrase, performance.frames, flat_hz)
    tracked = f0.track_independent(singer.render(higher).samples)
    assert abs(cents_between(np.median(tracked[tracked > 0]), 350.0)) < 5
    whispered = PhrasePerformance(performance.phrase, performance.frames, np.zeros(160))
    samples = singer.render(whispered).samples
    tracked = f0.track_independent(samples, ceiling_hz=600)
    near_the_note = np.abs(cents_between(np.maximum(tracked, 1), np.median(performance.f0_hz[40:120]))) < 100
    assert near_the_note.mean() < 0.05
    assert samples[20 * 240 : 140 * 240].std() > 0.005


def test_a_melisma_is_one_syllable_and_a_phrase_may_begin_inside_one(singer):
    phrase = phrase_of([("an", 60, 50), ("-", 62, 50), ("-", 64, 50), ("a", 60, 40)])
    assert [part.vowels for part in split(phrase)] == [[0, 1, 2], [3]]
    inside = phrase_of([("a", 60, 60), ("ma", 62, 60)])
    inside.slurred[0] = True
    assert np.abs(singer.sing(inside).samples[2400:12_000]).max() > 0.02


def test_a_cut_in_a_held_vowel_is_sung_alike_on_both_sides(singer):
    """A song, and its second half with one syllable of context: where they overlap they are one sound."""
    song = [("SP", 0, 20), ("hao", 62, 60), ("ta", 64, 70), ("shi", 65, 50), ("ba", 62, 200), ("SP", 0, 20)]
    whole = singer.sing(phrase_of(song), seed=2).samples
    cut = phrase_of(song[2:], start_frame=80)
    later = type(cut)(**{**vars(cut), "score_notes": np.where(cut.score_notes >= 0, cut.score_notes + 2, -1)})
    half = singer.sing(later, seed=2).samples
    at = 80 * 240
    held = slice(at + 135 * 240, at + 300 * 240)
    assert np.corrcoef(whole[held], half[held.start - at : held.stop - at])[0, 1] > 0.99


@pytest.mark.parametrize("frames", [1, 2, 3, 7])
def test_notes_of_hardly_any_length_are_sung_without_complaint(singer, frames):
    phrase = phrase_of([("SP", 0, 4), *[(s, 60, frames) for s in ("hao", "ma", "shi", "a", "wo", "ta")], ("AP", 0, 5)])
    samples = singer.sing(phrase).samples
    assert len(samples) == phrase.frames * 240
    assert np.isfinite(samples).all()


def test_a_silent_phrase_is_silent(singer):
    assert not singer.sing(phrase_of([("SP", 0, 50)])).samples.any()


def test_japanese_is_refused(singer):
    phrase = phrase_of([("a", 60, 30)])
    with pytest.raises(LyricError, match="has no 'ts'"):
        singer.sing(type(phrase)(**{**vars(phrase), "phonemes": ("ts",)}))


def test_real_recordings_sing_in_tune_on_time_and_at_minus_twenty_lufs(human):
    singer = ConcatenativeSinger(human)
    words = ["chang", "ting", "wai", "gu", "dao", "bian", "fang", "cao", "li", "lian", "tian"]
    pitches = (62, 59, 62, 67, 64, 67, 62, 57, 59, 62, 60)
    notes = [(word, pitch, 40 if k % 3 else 60) for k, (word, pitch) in enumerate(zip(words, pitches, strict=True))]
    performance = singer.perform(phrase_of([("SP", 0, 30), *notes, ("SP", 0, 30)]), seed=1)
    samples = singer.render(performance, seed=1).samples
    assert loudness.lufs(samples, 24_000) == pytest.approx(-20, abs=2)
    for tracker in (f0.track, f0.track_independent):
        tracked = tracker(samples)
        both = (tracked > 0) & (performance.f0_hz > 0)
        assert np.mean(np.abs(cents_between(tracked[both], performance.f0_hz[both])) < 50) > 0.97
    phrase = performance.phrase
    voiceless = [
        n for n in range(1, len(phrase.phonemes)) if phrase.phonemes[n - 1] in ["ch", "t", "g", "d", "b", "f", "c"]
    ]
    slots = phrase.slot_starts[phrase.slot[voiceless]] / 100
    late_ms = 1000 * (onsets.vowel_onsets(samples, 24_000, slots) - slots)
    assert np.nanmedian(np.abs(late_ms)) < 8
    assert np.isfinite(late_ms).mean() > 0.8
