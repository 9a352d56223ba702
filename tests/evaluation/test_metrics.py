import numpy as np
import pytest

from visinger.evaluation import metrics
from visinger.evaluation.metrics import Tally
from visinger.signal import f0
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ, hz_from_midi


def tone(f0_hz: np.ndarray) -> np.ndarray:
    """Ten falling harmonics of a pitch curve given frame by frame."""
    per_sample = np.repeat(f0_hz, HOP_SAMPLES)
    phase = 2 * np.pi * np.cumsum(per_sample) / SAMPLE_RATE_HZ
    return 0.1 * sum(np.sin(k * phase) / k for k in range(1, 11)) * (per_sample > 0)


def test_a_semitone_is_a_hundred_cents_and_six_percent_of_its_pitch():
    reference = np.full(50, 220.0)
    higher = reference * 2 ** (1 / 12)
    assert metrics.f0_mae_cents(higher, reference).mean == pytest.approx(100.0)
    assert metrics.f0_mae_hz(higher, reference).mean == pytest.approx(220 * (2 ** (1 / 12) - 1))
    assert np.sqrt(metrics.log_f0_squares(higher, reference).mean) == pytest.approx(np.log(2) / 12)


def test_pitch_is_compared_only_where_both_are_voiced():
    ours = np.array([0.0, 440.0, 440.0, 0.0])
    theirs = np.array([440.0, 0.0, 220.0, 0.0])
    assert metrics.f0_mae_cents(ours, theirs) == Tally(pytest.approx(1200.0), 1.0)
    assert metrics.voicing_error(ours, theirs).mean == 0.5


def test_forty_cents_off_is_the_right_semitone_and_sixty_cents_off_is_the_next():
    reference = hz_from_midi(np.full(10, 60))
    assert metrics.semitone_accuracy(reference * 2 ** (40 / 1200), reference).mean == 1.0
    assert metrics.semitone_accuracy(reference * 2 ** (60 / 1200), reference).mean == 0.0


def test_nothing_voiced_in_both_is_no_figure_rather_than_a_perfect_one():
    assert np.isnan(metrics.f0_mae_hz(np.zeros(5), np.full(5, 100.0)).mean)


def test_unequal_lengths_are_refused_and_not_cut():
    with pytest.raises(ValueError, match="nothing is warped"):
        metrics.f0_mae_hz(np.ones(5), np.ones(6))
    with pytest.raises(ValueError, match="nothing is warped"):
        metrics.mel_distance(np.ones((80, 5)), np.ones((80, 6)))


def test_duration_error_leaves_out_what_is_not_counted():
    error = metrics.duration_mae_frames([10, 30, 5], [12, 20, 5], counted=[True, False, True])
    assert error == Tally(2.0, 2.0)
    assert metrics.MS_PER_FRAME == 10.0


def test_twice_the_amplitude_is_a_mel_distance_of_ln_two():
    mel = np.log(np.random.default_rng(0).uniform(0.01, 1.0, size=(80, 30)))
    assert metrics.mel_distance(mel + np.log(2), mel).mean == pytest.approx(np.log(2))
    assert metrics.mel_distance(mel, mel).mean == 0.0


def test_pooled_tallies_weigh_clips_by_what_they_hold():
    assert (Tally(1.0, 1.0) + Tally(0.0, 3.0)).mean == 0.25


def test_frames_on_the_note_are_counted_against_the_score_and_rests_are_not():
    note = np.array([69, 69, 69, 0, 69])
    pitch = np.array([440.0, 440.0 * 2 ** (49 / 1200), 440.0 * 2 ** (51 / 1200), 440.0, 0.0])
    within = metrics.note_frames_within(pitch, note)
    assert within == Tally(2.0, 3.0)


def test_a_tone_sung_as_drawn_is_followed_and_one_sung_a_semitone_sharp_is_not():
    curve = 220.0 * 2 ** (0.4 / 12 * np.sin(2 * np.pi * 5.5 * np.arange(150) / 100))
    vowel = np.zeros(150, bool)
    vowel[10:140] = True
    heard = f0.track_independent(tone(curve), SAMPLE_RATE_HZ)
    true = metrics.pitch_following(heard, curve, vowel)
    assert true.within.mean == 1.0
    assert true.median_cents < 5.0
    sharp = metrics.pitch_following(f0.track_independent(tone(curve * 2 ** (1 / 12)), SAMPLE_RATE_HZ), curve, vowel)
    assert sharp.within.mean == 0.0
    assert sharp.median_cents == pytest.approx(100.0, abs=5.0)


def test_a_vowel_that_falls_silent_is_missed_and_not_forgiven():
    curve = np.full(100, 220.0)
    sung = curve.copy()
    sung[50:] = 0.0
    heard = f0.track_independent(tone(sung), SAMPLE_RATE_HZ)
    found = metrics.pitch_following(heard, curve, np.ones(100, bool))
    assert found.within.mean == pytest.approx(0.5, abs=0.05)
    assert found.heard.mean == pytest.approx(0.5, abs=0.05)
    assert found.median_cents < 2.0


def test_a_detector_that_is_always_late_has_a_bias_and_no_spread():
    deviations = metrics.onset_deviations_ms([12.0, 22.0, np.nan, 42.0], [10, 20, 30, 40])
    timing = metrics.onset_timing(deviations, meant=4)
    assert (timing.bias_ms, timing.spread_ms, timing.p90_ms) == (20.0, 0.0, 0.0)
    assert (timing.heard, timing.meant) == (3, 4)


def test_spread_is_the_median_distance_from_the_bias():
    normal = np.random.default_rng(1).normal(7.0, 10.0, size=20_000)
    timing = metrics.onset_timing(normal, meant=len(normal))
    assert timing.bias_ms == pytest.approx(7.0, abs=0.3)
    assert timing.spread_ms == pytest.approx(6.745, abs=0.2)  # quartile of the normal distribution
    assert timing.p90_ms == pytest.approx(16.45, abs=0.4)
