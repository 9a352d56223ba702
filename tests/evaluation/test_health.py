import numpy as np
import pytest

from visinger.evaluation import health
from visinger.units import SAMPLE_RATE_HZ

TIME = np.arange(SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ


def sung() -> np.ndarray:
    phase = 2 * np.pi * 180 * TIME
    return 0.05 * sum(np.sin(k * phase) / k for k in range(1, 40))


def test_a_single_wrong_sample_is_a_click_and_the_clean_tone_has_none():
    wave = sung()
    assert len(health.clicks(wave)) == 0
    wave[12_000] += 0.3
    found = health.clicks(wave)
    assert len(found) == 1
    assert abs(found[0] - 12_000) < 24


def test_a_cut_in_the_middle_of_a_wave_is_a_click():
    half = 0.3 * np.sin(2 * np.pi * 200 * TIME[:12_000] + 1.0)
    other = 0.3 * np.sin(2 * np.pi * 200 * TIME[:12_000] - 1.9)
    assert len(health.clicks(np.concatenate([half, other]))) == 1


def test_the_start_of_a_hiss_is_no_click():
    hiss = 0.05 * np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ)
    hiss[: SAMPLE_RATE_HZ // 2] = 0.0
    assert len(health.clicks(hiss)) == 0


def test_direct_current_is_told_in_decibels_below_full_scale():
    assert health.examine(0.01 + 0.1 * np.sin(2 * np.pi * 100 * TIME)).dc_db == pytest.approx(-40.0, abs=0.01)


def test_a_full_scale_sine_peaks_at_zero_and_is_as_loud_as_the_standard_says():
    found = health.examine(np.sin(2 * np.pi * 997 * TIME))
    assert found.peak_db == pytest.approx(0.0, abs=0.01)
    assert found.loudness_lufs == pytest.approx(-3.01, abs=0.05)


def test_white_noise_has_a_third_of_its_power_above_8_khz():
    noise = 0.1 * np.random.default_rng(1).standard_normal(10 * SAMPLE_RATE_HZ)
    assert health.above_hz_db(noise) == pytest.approx(10 * np.log10(1 / 3), abs=0.1)
    assert health.above_hz_db(np.sin(2 * np.pi * 440 * TIME)) < -60
    assert health.above_hz_db(np.zeros(100)) == health.SILENT_DB


def test_a_wave_with_a_hole_in_it_is_refused():
    with pytest.raises(ValueError, match="not a number"):
        health.examine(np.array([0.0, np.nan]))
