"""Log-mel spectrograms: the reconstruction target of the decoder (VISinger §2.2).

Shapes: S samples · T frames · F bins · M bands.

The scale is Slaney's (linear below 1 kHz, logarithmic above) and every
triangle has unit area, as in HiFi-GAN and VITS.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.signal.spectrogram import FFT_SIZE, linear
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ

BANDS = 80
LOW_HZ, HIGH_HZ = 0.0, 12_000.0
SMALLEST_MAGNITUDE = 1e-5

# Slaney's Auditory Toolbox: 200/3 Hz a mel up to 1 kHz (15 mel), then 27 steps for a factor of 6.4
_LINEAR_HZ = 200.0 / 3.0
_CORNER_HZ = 1000.0
_CORNER_MEL = _CORNER_HZ / _LINEAR_HZ
_LOG_STEP = np.log(6.4) / 27.0


def mel_from_hz(frequency_hz: ArrayLike) -> NDArray[np.float64]:
    """Slaney's mel scale."""
    hz = np.asarray(frequency_hz, dtype=np.float64)
    above = _CORNER_MEL + np.log(np.maximum(hz, _CORNER_HZ) / _CORNER_HZ) / _LOG_STEP
    return np.where(hz < _CORNER_HZ, hz / _LINEAR_HZ, above)


def hz_from_mel(mel: ArrayLike) -> NDArray[np.float64]:
    """The inverse of `mel_from_hz`."""
    value = np.asarray(mel, dtype=np.float64)
    above = _CORNER_HZ * np.exp(_LOG_STEP * (np.maximum(value, _CORNER_MEL) - _CORNER_MEL))
    return np.where(value < _CORNER_MEL, value * _LINEAR_HZ, above)


@lru_cache(maxsize=16)
def filterbank(
    *,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    n_fft: int = FFT_SIZE,
    bands: int = BANDS,
    low_hz: float = LOW_HZ,
    high_hz: float = HIGH_HZ,
) -> NDArray[np.float32]:
    """Weights (M, F) that turn linear magnitudes into mel magnitudes; read-only.

    Raises ValueError when the band does not fit under half the sample rate.
    """
    if not 0 <= low_hz < high_hz <= sample_rate_hz / 2:
        raise ValueError(f"mel bands from {low_hz:g} to {high_hz:g} Hz do not fit a rate of {sample_rate_hz} Hz")
    bins_hz = np.linspace(0.0, sample_rate_hz / 2, n_fft // 2 + 1)
    edges_hz = hz_from_mel(np.linspace(mel_from_hz(low_hz), mel_from_hz(high_hz), bands + 2))
    widths_hz = np.diff(edges_hz)
    rising = (bins_hz[None] - edges_hz[:-2, None]) / widths_hz[:-1, None]
    falling = (edges_hz[2:, None] - bins_hz[None]) / widths_hz[1:, None]
    triangles = np.clip(np.minimum(rising, falling), 0.0, None)
    weights = (triangles * (2.0 / (edges_hz[2:] - edges_hz[:-2]))[:, None]).astype(np.float32)
    weights.flags.writeable = False
    return weights


def log_mel(
    samples: ArrayLike,
    sample_rate_hz: int = SAMPLE_RATE_HZ,
    *,
    n_fft: int = FFT_SIZE,
    hop: int = HOP_SAMPLES,
    bands: int = BANDS,
    high_hz: float = HIGH_HZ,
) -> NDArray[np.float32]:
    """Natural logarithm (M, T) of the mel magnitudes, clamped at 1e-5 from below."""
    weights = filterbank(sample_rate_hz=sample_rate_hz, n_fft=n_fft, bands=bands, high_hz=high_hz)
    magnitudes = linear(np.asarray(samples, dtype=np.float32), n_fft, hop)
    return np.log(np.maximum(weights @ magnitudes, SMALLEST_MAGNITUDE)).astype(np.float32)
