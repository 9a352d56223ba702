"""Loudness after ITU-R BS.1770-4 (integrated, gated, mono)."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

BLOCK_SECONDS, STEP_SECONDS = 0.4, 0.1
ABSOLUTE_GATE_LUFS = -70.0
RELATIVE_GATE_LU = -10.0
_OFFSET_DB = -0.691  # BS.1770: makes a 997 Hz sine of 0 dBFS read −3.01


def lufs(samples: ArrayLike, sample_rate_hz: int) -> float:
    """Integrated loudness in LUFS; −inf for silence.

    A signal shorter than one block of 400 ms is measured as a single block.
    """
    weighted = k_weighted(samples, sample_rate_hz)
    block = min(round(BLOCK_SECONDS * sample_rate_hz), len(weighted))
    if block == 0:
        return -np.inf
    step = round(STEP_SECONDS * sample_rate_hz)
    energy = np.concatenate([[0.0], np.cumsum(np.square(weighted))])
    starts = np.arange(0, len(weighted) - block + 1, step)
    power = np.maximum((energy[starts + block] - energy[starts]) / block, 1e-30)
    loud = power[_lufs(power) > ABSOLUTE_GATE_LUFS]
    if not len(loud):
        return -np.inf
    louder = loud[_lufs(loud) > _lufs(loud.mean()) + RELATIVE_GATE_LU]
    return float(_lufs(louder.mean()))


def _lufs(power: ArrayLike) -> NDArray[np.float64]:
    return _OFFSET_DB + 10 * np.log10(power)


def k_weighted(samples: ArrayLike, sample_rate_hz: int) -> NDArray[np.float64]:
    """The signal through BS.1770's two filters: the head's high shelf, then a high pass.

    Applied in the frequency domain (zero-padded by a second, in which the high
    pass of 38 Hz has died away), so no filter library is needed.
    """
    signal = np.asarray(samples, dtype=np.float64)
    size = len(signal) + sample_rate_hz
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)  # z⁻¹ on the unit circle
    response = np.ones(len(delay), dtype=np.complex128)
    for numerator, denominator in (_shelf(sample_rate_hz), _high_pass(sample_rate_hz)):
        response *= np.polyval(numerator[::-1], delay) / np.polyval(denominator[::-1], delay)
    return np.fft.irfft(np.fft.rfft(signal, size) * response, size)[: len(signal)]


def _shelf(sample_rate_hz: int) -> tuple[list[float], list[float]]:
    """+4 dB above 1.7 kHz: the analogue prototype behind BS.1770's table, for any rate."""
    k = np.tan(np.pi * 1681.974450955533 / sample_rate_hz)
    q = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    band = high**0.4996667741545416
    a0 = 1 + k / q + k * k
    numerator = [(high + band * k / q + k * k) / a0, 2 * (k * k - high) / a0, (high - band * k / q + k * k) / a0]
    return numerator, [1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]


def _high_pass(sample_rate_hz: int) -> tuple[list[float], list[float]]:
    k = np.tan(np.pi * 38.13547087602444 / sample_rate_hz)
    q = 0.5003270373238773
    a0 = 1 + k / q + k * k
    return [1.0, -2.0, 1.0], [1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
