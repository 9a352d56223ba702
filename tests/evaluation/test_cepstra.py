import numpy as np
import pytest

from visinger.evaluation import cepstra
from visinger.signal import f0
from visinger.units import SAMPLE_RATE_HZ

BINS = 513


def smooth_power(seed: int, frames: int = 4) -> np.ndarray:
    """Random spectra of 20 cepstral coefficients."""
    rng = np.random.default_rng(seed)
    coefficients = rng.normal(size=(frames, 20)) / (1 + np.arange(20))
    omega = np.linspace(0, np.pi, BINS)
    return np.exp(2 * coefficients @ np.cos(np.outer(np.arange(20), omega)))


def warped(omega: np.ndarray, alpha: float) -> np.ndarray:
    """Phase of the all-pass: the warped frequency of a linear one, in closed form."""
    return omega + 2 * np.arctan(alpha * np.sin(omega) / (1 - alpha * np.cos(omega)))


def test_a_mel_cepstrum_of_high_order_describes_the_spectrum_it_came_from():
    power = smooth_power(0)
    cepstrum = cepstra.mel_cepstrum(power, order=200, alpha=cepstra.ALPHA)
    omega = np.linspace(0, np.pi, BINS)
    drawn = cepstrum @ np.cos(np.outer(np.arange(201), warped(omega, cepstra.ALPHA)))
    np.testing.assert_allclose(drawn, 0.5 * np.log(power), atol=1e-6)


def test_it_is_the_cosine_series_on_the_warped_axis():
    power = smooth_power(1)
    grid = np.linspace(0, np.pi, 4001)  # of the warped axis
    omega = warped(grid, -cepstra.ALPHA)  # warping back is warping by −α
    fine = np.linspace(0, np.pi, BINS)
    log_amplitude = np.array([np.interp(omega, fine, row) for row in 0.5 * np.log(power)])
    ours = cepstra.mel_cepstrum(power)
    for m in range(1, cepstra.ORDER + 1):
        integral = np.trapezoid(log_amplitude * np.cos(m * grid), grid, axis=1) * 2 / np.pi
        np.testing.assert_allclose(ours[:, m], integral, atol=2e-4)


def test_without_warping_it_is_the_plain_cepstrum():
    power = smooth_power(2)
    plain = np.fft.irfft(np.log(power), axis=1)[:, : cepstra.ORDER + 1]
    plain[:, 0] /= 2
    np.testing.assert_allclose(cepstra.mel_cepstrum(power, alpha=0.0), plain, atol=1e-12)


def test_warping_there_and_back_changes_nothing():
    there = cepstra.warping(300, 25, cepstra.ALPHA)
    back = cepstra.warping(24, 301, -cepstra.ALPHA)
    np.testing.assert_allclose(back @ there, np.eye(25), atol=1e-9)


def test_loudness_alone_is_no_mel_cepstral_distance():
    power = smooth_power(3)
    ours, louder = cepstra.mel_cepstrum(power), cepstra.mel_cepstrum(4 * power)
    np.testing.assert_allclose(louder[:, 0] - ours[:, 0], np.log(2))
    assert cepstra.mel_cepstral_distance(louder, ours).mean == pytest.approx(0.0, abs=1e-9)
    assert cepstra.mel_cepstral_distance(ours, ours).mean == 0.0


def test_one_coefficient_a_unit_apart_is_6_14_decibels():
    flat = np.zeros((3, 25))
    apart = flat.copy()
    apart[:, 7] = 1.0
    expected = 10 / np.log(10) * np.sqrt(2)
    assert expected == pytest.approx(6.1419, abs=1e-4)
    assert cepstra.mel_cepstral_distance(apart, flat).mean == pytest.approx(expected)


def test_the_distance_approaches_the_rms_log_spectral_distance_on_the_warped_axis():
    ours, theirs = smooth_power(4), smooth_power(5)
    theirs *= np.exp(2 * (cepstra.mel_cepstrum(ours)[:, :1] - cepstra.mel_cepstrum(theirs)[:, :1]))  # same c0
    grid = np.linspace(0, np.pi, 2001)
    omega, fine = warped(grid, -cepstra.ALPHA), np.linspace(0, np.pi, BINS)
    decibels = 10 * np.log10(ours / theirs)
    on_grid = np.array([np.interp(omega, fine, row) for row in decibels])
    rms = np.sqrt(np.trapezoid(on_grid**2, grid, axis=1) / np.pi)
    distance = [
        cepstra.mel_cepstral_distance(a[None], b[None]).mean
        for a, b in zip(cepstra.mel_cepstrum(ours, order=200), cepstra.mel_cepstrum(theirs, order=200), strict=True)
    ]
    # dB of power = 20 log10 of amplitude, and Parseval's ½ meets the formula's √2
    np.testing.assert_allclose(distance, rms, rtol=1e-3)


def test_the_same_vowel_at_another_pitch_is_nearer_than_another_vowel():
    pytest.importorskip("pyworld")

    def vowel(pitch_hz: float, formants_hz: tuple[float, ...]) -> np.ndarray:
        time = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
        wave = np.zeros(len(time))
        for k in range(1, int(11_000 / pitch_hz)):
            gain = sum(1 / (1 + ((k * pitch_hz - f) / 90) ** 2) for f in formants_hz)
            wave += gain * np.sin(2 * np.pi * k * pitch_hz * time)
        return 0.05 * wave

    def listen(pitch_hz: float, formants_hz: tuple[float, ...]) -> np.ndarray:
        wave = vowel(pitch_hz, formants_hz)
        return cepstra.world_cepstra(wave, f0.track(wave))[5:-5]

    a, a_higher, i = listen(200, (800, 1200, 2500)), listen(235, (800, 1200, 2500)), listen(200, (300, 2300, 3000))
    same = cepstra.mel_cepstral_distance(a_higher, a).mean
    other = cepstra.mel_cepstral_distance(i, a).mean
    assert same < 0.5 * other
