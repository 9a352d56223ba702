"""Level and loudness against the definitions."""

import numpy as np
import pytest

from visinger.signal import level, loudness, spectrogram


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000])
def test_a_full_scale_sine_of_997_hz_reads_minus_3_01_lufs(rate):
    """ITU-R BS.1770-4, annex 1."""
    sine = np.sin(2 * np.pi * 997 * np.arange(5 * rate) / rate)
    assert loudness.lufs(sine, rate) == pytest.approx(-3.01, abs=0.05)


def test_pauses_do_not_make_a_song_softer():
    """EBU Tech 3341, case 3: the relative gate leaves the soft stretches out."""
    rate, rms = 48_000, 10 ** (-20 / 20)
    clock = np.arange(10 * rate) / rate
    tone = np.sqrt(2) * rms * np.sin(2 * np.pi * 1000 * clock)
    both = np.concatenate([tone * 10 ** (-13 / 20), tone, np.zeros(10 * rate)])
    assert loudness.lufs(both, rate) == pytest.approx(loudness.lufs(tone, rate), abs=0.15)


def test_silence_has_no_loudness():
    assert loudness.lufs(np.zeros(48_000), 24_000) == -np.inf
    assert loudness.lufs(np.zeros(0), 24_000) == -np.inf


def test_k_weighting_is_the_filter_of_the_recommendation():
    """BS.1770-4, tables 1 and 2, at 48 kHz, run by another filter implementation."""
    signal = pytest.importorskip("scipy.signal")
    x = np.random.default_rng(0).normal(size=48_000)
    shelf = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241, 0.73248077421585])
    high_pass = ([1.0, -2.0, 1.0], [1, -1.99004745483398, 0.99007225036621])
    expected = signal.lfilter(*high_pass, signal.lfilter(*shelf, x))
    assert np.abs(loudness.k_weighted(x, 48_000) - expected).max() < 1e-6


def test_the_level_of_a_sine_is_three_decibels_under_its_peak():
    sine = 0.5 * np.sin(2 * np.pi * 440 * np.arange(24_000) / 24_000)
    frames_db = level.rms_db(sine)
    assert len(frames_db) == 100
    assert np.abs(frames_db[3:-3] - (20 * np.log10(0.5) - 3.01)).max() < 0.1
    assert (level.rms_db(np.zeros(2400)) == level.SILENCE_DB).all()


@pytest.mark.parametrize(("n_fft", "hop"), [(1024, 240), (2048, 441), (960, 240)])
def test_a_click_falls_into_the_frame_whose_centre_is_nearest(n_fft, hop):
    samples = np.zeros(40 * hop)
    samples[17 * hop + hop // 2] = 1.0
    magnitudes = spectrogram.linear(samples, n_fft, hop)
    assert magnitudes.shape == (n_fft // 2 + 1, 40)
    assert magnitudes.sum(axis=0).argmax() == 17
    assert np.allclose(magnitudes[:, 16].sum(), magnitudes[:, 18].sum(), rtol=0.03)


def test_a_signal_too_short_to_mirror_is_refused():
    with pytest.raises(ValueError, match="too few"):
        spectrogram.linear(np.zeros(300))
    with pytest.raises(ValueError, match="mono"):
        spectrogram.linear(np.zeros((2, 3000)))
