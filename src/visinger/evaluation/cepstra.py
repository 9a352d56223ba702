"""Mel-cepstral distance, the usual definition (Kubichek 1993), on WORLD's spectral envelope.

Shapes: T frames · F bins · K + 1 coefficients of order K.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.evaluation.metrics import Tally, tally
from visinger.signal.f0 import world
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ

ORDER = 24
ALPHA = 0.466  # bilinear warp nearest to the mel scale at 24 kHz
SMALLEST_POWER = 1e-12
_DB_PER_CEPSTRUM = 10 / np.log(10) * np.sqrt(2)


@lru_cache(maxsize=8)
def warping(order: int, length: int, alpha: float) -> NDArray[np.float64]:
    """The matrix (order + 1, length) from a cepstrum on the linear axis to one on the warped axis; read-only.

    Column n holds the power series of ((w + α) / (1 + α w))ⁿ in w, the
    all-pass unit delay: the substitution z⁻¹ → w in Σ c_n z⁻ⁿ.
    """
    matrix = np.zeros((order + 1, length))
    column = np.zeros(order + 1)
    column[0] = 1.0
    for n in range(length):
        matrix[:, n] = column
        shifted = np.concatenate([[0.0], column[:-1]]) + alpha * column  # × (w + α)
        for m in range(1, order + 1):  # ÷ (1 + α w)
            shifted[m] -= alpha * shifted[m - 1]
        column = shifted
    matrix.flags.writeable = False
    return matrix


def mel_cepstrum(power: ArrayLike, *, order: int = ORDER, alpha: float = ALPHA) -> NDArray[np.float64]:
    """Mel-cepstra (T, order + 1) of power spectra (T, F): ln|H(ω)| = Σ c_m cos(m ω̃), ω̃ the warped axis."""
    log_power = np.log(np.maximum(np.asarray(power, np.float64), SMALLEST_POWER))
    cepstrum = np.fft.irfft(log_power, axis=-1)[..., : log_power.shape[-1]]
    cepstrum[..., 0] /= 2  # ln|H|² has twice the cepstrum; the cosine's own factor 2 takes care of the rest
    cepstrum[..., -1] /= 2
    return cepstrum @ warping(order, cepstrum.shape[-1], alpha).T


def mel_cepstral_distance(cepstra: ArrayLike, reference: ArrayLike, counted: ArrayLike | None = None) -> Tally:
    """MCD in dB: mean of (10 / ln 10) √(2 Σ_{m≥1} (c_m − c'_m)²) over frames; c_0 (level) left out, no warping."""
    ours, theirs = np.asarray(cepstra, np.float64), np.asarray(reference, np.float64)
    if ours.shape != theirs.shape:
        raise ValueError(f"shapes {ours.shape} and {theirs.shape} differ: nothing is warped here")
    distances = _DB_PER_CEPSTRUM * np.sqrt(np.square(ours[:, 1:] - theirs[:, 1:]).sum(axis=1))
    return tally(distances if counted is None else distances[np.asarray(counted, bool)])


def world_cepstra(
    samples: ArrayLike, f0_hz: ArrayLike, *, sample_rate_hz: int = SAMPLE_RATE_HZ, hop: int = HOP_SAMPLES
) -> NDArray[np.float64]:
    """Mel-cepstra (T, 25) of a wave: CheapTrick's envelope at our frame centres, given its F0 (T)."""
    f0 = np.ascontiguousarray(f0_hz, np.float64)
    centres = (np.arange(len(f0)) + 0.5) * hop / sample_rate_hz
    signal = np.ascontiguousarray(samples, np.float64)
    return mel_cepstrum(world().cheaptrick(signal, f0, centres, sample_rate_hz))
