"""Periodicity: how strongly, and at which lags, a signal repeats itself (Boersma 1993).

Shapes: S samples · T frames · K candidates.

The autocorrelation of a Hann-windowed frame, divided by that of its window, is
symmetric about the frame's centre, so a gliding pitch is not read late. It
shares nothing with WORLD's filters and zero crossings.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.signal.spectrogram import frames, hann

PERIODS_IN_WINDOW = 3  # of the lowest pitch; fewer, and the window's own autocorrelation is lost in rounding
LAG_OVERSAMPLING = 4  # makes the parabola through a peak good to a cent at 1 kHz
CANDIDATES = 7
OCTAVE_COST = 0.01  # of strength for each octave below the ceiling: prefers the shorter of equal periods
_FRAMES_AT_ONCE = 256  # bounds the memory, whatever the signal's length


@dataclass(frozen=True)
class Periodicity:
    """The likeliest periods of each frame, strongest first; strength 1 repeats exactly, 0 not at all."""

    f0_hz: NDArray[np.float64]  # (T, K); 0 where there are fewer candidates
    strength: NDArray[np.float64]  # (T, K); octave cost not yet taken off
    peak: NDArray[np.float64]  # (T) largest sample of the frame, relative to the whole signal's


def analyse(samples: ArrayLike, sample_rate_hz: int, *, hop: int, floor_hz: float, ceiling_hz: float) -> Periodicity:
    """Candidates between `floor_hz` and `ceiling_hz` on the frame grid, T = S // hop."""
    signal = np.asarray(samples, dtype=np.float64)
    size = int(np.ceil(PERIODS_IN_WINDOW * sample_rate_hz / floor_hz))
    size += (size - hop) % 2  # so that the frame's centre is exactly t × hop + hop / 2
    if len(signal) <= size:
        signal = np.pad(signal, (0, size + 1 - len(signal)))
    framed = frames(signal, size=size, hop=hop)[: len(np.asarray(samples)) // hop]
    blocks = [
        _candidates(framed[i : i + _FRAMES_AT_ONCE], sample_rate_hz, floor_hz, ceiling_hz)
        for i in range(0, len(framed), _FRAMES_AT_ONCE)
    ]
    if not blocks:
        return Periodicity(np.zeros((0, CANDIDATES)), np.zeros((0, CANDIDATES)), np.zeros(0))
    f0_hz, strength, peak = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return Periodicity(f0_hz, strength, peak / max(float(np.abs(signal).max()), 1e-12))


def _candidates(
    framed: NDArray[np.float64], sample_rate_hz: int, floor_hz: float, ceiling_hz: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    centred = framed - framed.mean(axis=1, keepdims=True)
    lags = np.arange(int(LAG_OVERSAMPLING * sample_rate_hz / floor_hz) + 2)
    window = hann(framed.shape[1])
    repeats = _autocorrelation(centred * window, len(lags)) / _autocorrelation(window[None], len(lags))

    before, here, after = repeats[:, :-2], repeats[:, 1:-1], repeats[:, 2:]
    bend = (here - before) + (here - after)  # exact where they are near: above 0 at every peak
    is_peak = (here > before) & (here >= after) & (here > 0)
    is_peak[:, : int(LAG_OVERSAMPLING * sample_rate_hz / ceiling_hz) - 1] = False
    shift = np.divide(after - before, 2 * bend, out=np.zeros_like(here), where=is_peak)
    height = here + (after - before) * shift / 4
    f0_hz = LAG_OVERSAMPLING * sample_rate_hz / (lags[1:-1] + shift)
    is_peak &= (f0_hz >= floor_hz) & (f0_hz <= ceiling_hz)
    merit = np.where(is_peak, height - OCTAVE_COST * np.log2(ceiling_hz / f0_hz), -np.inf)
    best = np.argsort(-merit, axis=1)[:, :CANDIDATES]
    found = np.take_along_axis(is_peak, best, axis=1)
    chosen_hz = np.where(found, np.take_along_axis(f0_hz, best, axis=1), 0.0)
    strength = np.where(found, np.minimum(np.take_along_axis(height, best, axis=1), 1.0), 0.0)
    return chosen_hz, strength, np.abs(centred).max(axis=1)


def _autocorrelation(framed: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """The first `count` lags, in steps of 1 / LAG_OVERSAMPLING samples, relative to lag 0."""
    size = 1 << int(framed.shape[1] + count / LAG_OVERSAMPLING).bit_length()
    power = np.square(np.abs(np.fft.rfft(framed, size, axis=1)))
    power[:, -1] /= 2  # the Nyquist bin is split in two by the longer inverse
    repeats = np.fft.irfft(power, size * LAG_OVERSAMPLING, axis=1)[:, :count]
    return repeats / np.maximum(repeats[:, :1], 1e-20)
