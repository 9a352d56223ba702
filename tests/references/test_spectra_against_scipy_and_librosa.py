"""The fixed spectrogram layers against scipy, librosa and the numpy ones of the signal floor."""

import librosa
import numpy as np
import pytest
import scipy.signal
import torch

from visinger.models.parts.spectrogram import LinearSpectrogram, LogMel
from visinger.signal import mel, spectrogram

N_FFT, HOP, RATE_HZ = 1024, 240, 24_000


@pytest.fixture
def wave() -> np.ndarray:
    """Half a second of a gliding tone in noise."""
    time = np.arange(12_000) / RATE_HZ
    rng = np.random.default_rng(3)
    return (0.4 * np.sin(2 * np.pi * (300 + 500 * time) * time) + 0.02 * rng.standard_normal(12_000)).astype(np.float32)


def test_the_linear_spectrogram_is_scipys_stft(wave: np.ndarray) -> None:
    padded = np.pad(wave, (N_FFT - HOP) // 2, mode="reflect")
    _, _, expected = scipy.signal.stft(
        padded, window="hann", nperseg=N_FFT, noverlap=N_FFT - HOP, boundary=None, padded=False, scaling="spectrum"
    )
    expected = np.abs(expected) * scipy.signal.get_window("hann", N_FFT).sum()
    ours = LinearSpectrogram(N_FFT, HOP)(torch.tensor(wave)[None])[0].numpy()
    assert ours.shape == (513, len(wave) // HOP)
    np.testing.assert_allclose(ours, expected, atol=2e-3)


def test_the_log_mel_is_librosas(wave: np.ndarray) -> None:
    padded = np.pad(wave, (N_FFT - HOP) // 2, mode="reflect")
    expected = librosa.feature.melspectrogram(
        y=padded, sr=RATE_HZ, n_fft=N_FFT, hop_length=HOP, center=False, power=1.0, n_mels=80, fmin=0.0, fmax=12_000.0
    )
    ours = LogMel(RATE_HZ, N_FFT)(LinearSpectrogram(N_FFT, HOP)(torch.tensor(wave)[None]))[0].numpy()
    np.testing.assert_allclose(ours, np.log(np.maximum(expected, 1e-5)), atol=2e-3)


def test_training_and_evaluation_hear_the_same_mel(wave: np.ndarray) -> None:
    ours = LogMel(RATE_HZ, N_FFT)(LinearSpectrogram(N_FFT, HOP)(torch.tensor(wave)[None]))[0].numpy()
    np.testing.assert_allclose(ours, mel.log_mel(wave, RATE_HZ), atol=2e-3)


def test_silence_has_the_smallest_mel_and_a_finite_slope() -> None:
    silence = torch.zeros(1, 2400, requires_grad=True)
    log_mel = LogMel(RATE_HZ, N_FFT)(LinearSpectrogram(N_FFT, HOP)(silence))
    log_mel.sum().backward()
    assert torch.allclose(log_mel, torch.tensor(1e-5).log())
    assert torch.isfinite(silence.grad).all()


def test_a_padded_wave_is_mirrored_at_its_own_end(wave: np.ndarray) -> None:
    short = wave[:4800]
    padded = torch.tensor(np.stack([np.pad(short, (0, 7200)), wave]))
    both = LinearSpectrogram(N_FFT, HOP)(padded, torch.tensor([4800, 12_000]))
    np.testing.assert_allclose(both[0, :, :20].numpy(), spectrogram.linear(short, N_FFT, HOP), atol=2e-3)
    np.testing.assert_allclose(both[1].numpy(), spectrogram.linear(wave, N_FFT, HOP), atol=2e-3)
