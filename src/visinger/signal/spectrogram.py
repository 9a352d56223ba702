"""Linear spectrograms on the frame grid of the posterior encoder (VISinger §2.1).

Shapes: S samples · T frames · F bins.

Frame t is centred on sample t × hop + hop / 2: the signal is mirrored by
(n_fft − hop) / 2 at both ends, so S samples make exactly S / hop frames. Every
other frame-wise quantity of the package (F0, level, durations) sits on the
same grid.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.units import HOP_SAMPLES

FFT_SIZE = 1024  # docs/paper.md, "hop and window"


def frames(samples: ArrayLike, *, size: int = FFT_SIZE, hop: int = HOP_SAMPLES) -> NDArray[np.floating]:
    """Overlapping frames (T, size) of a mono signal (S), T = S // hop, mirrored at its ends.

    Raises ValueError when the signal is not one-dimensional or too short to be mirrored.
    """
    signal = np.asarray(samples)
    if signal.ndim != 1:
        raise ValueError(f"mono samples expected, not an array of shape {signal.shape}")
    before = (size - hop) // 2
    after = size - hop - before
    if len(signal) <= max(before, after):
        raise ValueError(f"{len(signal)} samples are too few for frames of {size}")
    padded = np.pad(signal, (before, after), mode="reflect")
    return np.lib.stride_tricks.sliding_window_view(padded, size)[: len(signal) // hop * hop : hop]


def linear(
    samples: ArrayLike, n_fft: int = FFT_SIZE, hop: int = HOP_SAMPLES, window: int | None = None
) -> NDArray[np.floating]:
    """Magnitudes (F, T) of the short-time Fourier transform, F = n_fft / 2 + 1, T = S // hop.

    The window is a periodic Hann of `window` samples (n_fft when None), centred
    in the frame; the precision (float32 or float64) is that of the samples.
    """
    window = n_fft if window is None else window
    taper = np.zeros(n_fft)
    start = (n_fft - window) // 2
    taper[start : start + window] = hann(window)
    framed = frames(samples, size=n_fft, hop=hop)
    dtype = framed.dtype if framed.dtype in (np.float32, np.float64) else np.dtype(np.float64)
    return np.abs(np.fft.rfft(framed * taper.astype(dtype), axis=1)).T.astype(dtype)


def hann(size: int) -> NDArray[np.float64]:
    """The periodic Hann window, the one of the STFT."""
    return 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
