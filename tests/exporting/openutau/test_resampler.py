"""24 kHz to the editor's 44.1 kHz inside the graph, beside libsoxr's."""

import numpy as np
import pytest
import soxr
import torch

from visinger.exporting.openutau.resampler import Resampler


def resampled(wave, from_hz, to_hz=44_100):
    return Resampler(from_hz, to_hz)(torch.from_numpy(wave.astype(np.float32))[None])[0].numpy().astype(np.float64)


def tone(hz, rate_hz, seconds=0.5):
    return np.sin(2 * np.pi * hz * np.arange(round(rate_hz * seconds)) / rate_hz + 0.3)


@pytest.mark.parametrize("hz", [50.0, 440.0, 3000.0, 9000.0, 10_500.0])
def test_a_sine_comes_out_as_the_same_sine_without_delay(hz):
    wanted, inside = tone(hz, 44_100), slice(2000, -2000)
    error = resampled(tone(hz, 24_000), 24_000)[inside] - wanted[inside]
    assert 10 * np.log10(np.mean(error**2) / np.mean(wanted**2)) < -75


def test_noise_in_the_voice_s_band_agrees_with_libsoxr():
    rng = np.random.default_rng(3)
    noise = soxr.resample(rng.standard_normal(6000), 12_000, 24_000, quality="VHQ")  # nothing above 6 kHz
    wanted = soxr.resample(noise, 24_000, 44_100, quality="VHQ")
    error = (resampled(noise, 24_000) - wanted)[1000:-1000]
    assert np.std(error) / np.std(wanted) < 1e-3


def test_a_constant_stays_a_constant_and_nothing_above_the_voice_s_band_appears():
    flat = resampled(np.ones(4800), 24_000)
    assert np.abs(flat[500:-500] - 1.0).max() < 1e-5
    image = resampled(tone(9000.0, 24_000), 24_000)[2000:-2000]
    spectrum = np.abs(np.fft.rfft(image * np.hanning(len(image))))
    above = spectrum[round(13_000 / 44_100 * len(image)) :]
    assert 20 * np.log10(above.max() / spectrum.max()) < -75


@pytest.mark.parametrize(
    ("from_hz", "frame"), [(24_000, 240), (44_100, 441), (48_000, 480), (32_000, 320), (16_000, 160)]
)
def test_a_frame_of_ten_milliseconds_becomes_441_samples_at_any_rate(from_hz, frame):
    assert len(resampled(tone(300.0, from_hz, 0.07), from_hz)) == 7 * 441
    assert len(resampled(np.zeros(frame), from_hz)) == 441
