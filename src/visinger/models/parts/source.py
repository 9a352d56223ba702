"""Harmonic-plus-noise excitation driven by the F0 contour (beyond the paper; docs/paper.md).

The harmonic source is the sum of all cosines under Nyquist in closed form,
Σ cos kφ = sin((K+½)φ) / (2 sin(φ/2)) − ½, with its phase counted in cycles and
summed per frame in float64: a float32 sum is 386 cents off after five minutes.

Shapes: B phrases · T frames · S samples, S = T × hop.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


@dataclass(frozen=True)
class Source:
    """What excites an F0-driven decoder."""

    f0_hz: Float[Tensor, "B T"]  # 0 where unvoiced
    start_phase: Float[Tensor, "B"]  # float64, cycles at the first frame's first sample
    noise: Float[Tensor, "B S"]  # white, unit variance


def frame_phases(f0_hz: Tensor, start_phase: Tensor, hop_samples: int, sample_rate_hz: int) -> Tensor:
    """(B, T + 1) float64 phase in cycles, modulo 1, at the start of each frame and after the last.

    A frame advances by its own F0 alone, so any frame's phase can start a chunk.
    """
    cycles = f0_hz.double() * hop_samples / sample_rate_hz  # whole numbers: an exported graph rounds others to float32
    # zero-length-safe exclusive sum: the start phase stands first
    return torch.cat([start_phase[:, None], cycles], dim=1).cumsum(dim=1) % 1.0


def harmonics(f0_hz: Tensor, start_phase: Tensor, hop_samples: int, sample_rate_hz: int) -> tuple[Tensor, Tensor]:
    """The harmonic source (B, S), about unit power where voiced and 0 elsewhere, and its frame phases (B, T + 1).

    Inside a frame the pitch moves in a straight line whose slope is taken from
    the neighbours and whose mean is the frame's F0: the phase is quadratic.
    """
    phases = frame_phases(f0_hz, start_phase, hop_samples, sample_rate_hz)
    voiced = (f0_hz > 0).to(f0_hz.dtype)
    f0 = f0_hz.clamp(min=1.0)
    slope = _slope(f0_hz)  # Hz a frame
    # sample centres in the frame's own time, 0 … 1, and the parabola that vanishes at both ends
    time = (torch.arange(hop_samples, device=f0.device, dtype=f0.dtype) + 0.5) / hop_samples
    seconds = hop_samples / sample_rate_hz
    bend = (time * time - time) * 0.5 * seconds
    phase = phases[:, :-1, None].to(f0.dtype) + f0[..., None] * (time * seconds) + slope[..., None] * bend
    phase = phase - torch.round(phase)  # (B, T, hop) in −½ … ½
    count = (sample_rate_hz / 2 / f0 - 1.0).clamp(min=1.0)  # harmonics, with a fraction for the one fading in
    whole = torch.floor(count)
    wave = _cosines(phase, whole[..., None])
    wave = wave + (count - whole)[..., None] * torch.cos((2 * math.pi) * (whole[..., None] + 1.0) * phase)
    wave = wave * (voiced * torch.sqrt(2.0 / count))[..., None]
    return wave.reshape(wave.shape[0], -1), phases


def _slope(f0_hz: Tensor) -> Tensor:
    """(B, T) central difference of F0 in Hz a frame; 0 beside unvoiced frames and at the ends."""
    voiced = f0_hz > 0
    edge = torch.zeros_like(f0_hz[:, :1])
    before = torch.cat([edge, f0_hz[:, :-1]], dim=1)
    after = torch.cat([f0_hz[:, 1:], edge], dim=1)
    return torch.where(voiced & (before > 0) & (after > 0), (after - before) * 0.5, torch.zeros_like(f0_hz))


def _cosines(phase: Tensor, count: Tensor) -> Tensor:
    """Σ_{k=1…K} cos 2πkp in closed form; at p → 0 the sum is K."""
    near_zero = phase.abs() < 1e-5
    safe = torch.where(near_zero, torch.full_like(phase, 0.25), phase)
    ratio = torch.sin(math.pi * (2 * count + 1) * safe) / (2 * torch.sin(math.pi * safe)) - 0.5
    return torch.where(near_zero, count.expand_as(phase), ratio)
