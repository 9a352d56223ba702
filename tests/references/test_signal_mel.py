"""Our mel spectrogram beside librosa's."""

import numpy as np
import pytest

from visinger.signal import mel, spectrogram

librosa = pytest.importorskip("librosa")


@pytest.mark.parametrize(
    ("rate", "n_fft", "bands", "high_hz"),
    [(24_000, 1024, 80, 12_000), (44_100, 2048, 128, 16_000), (22_050, 1024, 80, 8000)],
)
def test_our_filterbank_is_slaneys(rate, n_fft, bands, high_hz):
    ours = mel.filterbank(sample_rate_hz=rate, n_fft=n_fft, bands=bands, high_hz=high_hz)
    theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=bands, fmin=0, fmax=high_hz, norm="slaney", htk=False)
    assert np.abs(ours - theirs).max() < 1e-7


def test_our_mel_scale_is_slaneys_both_ways():
    hz = np.linspace(0, 12_000, 500)
    assert np.allclose(mel.mel_from_hz(hz), librosa.hz_to_mel(hz, htk=False))
    assert np.allclose(mel.hz_from_mel(mel.mel_from_hz(hz)), hz)


def test_our_spectrogram_is_the_stft_of_the_mirrored_signal():
    samples = np.random.default_rng(3).normal(0, 0.1, 24_000).astype(np.float32)
    mirrored = np.pad(samples, (392, 392), mode="reflect")
    theirs = np.abs(librosa.stft(mirrored, n_fft=1024, hop_length=240, win_length=1024, center=False))
    ours = spectrogram.linear(samples)
    assert ours.shape == theirs.shape == (513, 100)
    assert np.abs(ours - theirs).max() < 1e-4


def test_our_log_mel_is_librosas_with_hifigans_clamp():
    samples = np.random.default_rng(4).normal(0, 0.1, 24_000).astype(np.float32)
    samples[12_000:] = 0
    mirrored = np.pad(samples, (392, 392), mode="reflect")
    theirs = librosa.feature.melspectrogram(
        y=mirrored, sr=24_000, n_fft=1024, hop_length=240, center=False, power=1.0, n_mels=80, fmin=0, fmax=12_000
    )
    ours = mel.log_mel(samples, 24_000)
    assert ours.dtype == np.float32
    assert np.abs(ours - np.log(np.maximum(theirs, 1e-5))).max() < 1e-3
    assert ours.min() == pytest.approx(np.log(1e-5))


def test_a_band_above_half_the_rate_is_refused():
    with pytest.raises(ValueError, match="do not fit"):
        mel.filterbank(sample_rate_hz=16_000)
