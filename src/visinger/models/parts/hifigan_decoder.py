"""Decoder: HiFi-GAN V1's generator on the latent z (VISinger §2.2, §3.2, as in VITS).

Shapes: B phrases · C latent channels · T frames · S samples, S = T × hop.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from visinger.models.parts.rectifier import leaky_relu
from visinger.models.parts.source import Source
from visinger.models.parts.weight_norm import normed

SLOPE = 0.1  # of the leaky rectifiers
LAST_SLOPE = 0.01  # before the last convolution


@dataclass(frozen=True)
class HiFiGANConfig:
    """HiFi-GAN V1, its rates chosen so that their product is the hop (docs/paper.md, "decoder")."""

    channels: int = 512  # V1
    rates: tuple[int, ...] = (6, 10, 2, 2)  # V1 has 8·8·2·2 for a hop of 256
    kernels: tuple[int, ...] = (12, 20, 4, 4)  # twice the rates, as in V1
    block_kernels: tuple[int, ...] = (3, 7, 11)  # V1
    dilations: tuple[int, ...] = (1, 3, 5)  # V1

    def __post_init__(self) -> None:
        if len(self.rates) != len(self.kernels):
            raise ValueError("rates and kernels must be as many")
        if any((kernel - rate) % 2 or kernel < rate for rate, kernel in zip(self.rates, self.kernels, strict=True)):
            raise ValueError("each kernel must exceed its rate by an even number")


class ResidualBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair added to its input."""

    def __init__(self, channels: int, kernel_size: int, dilations: Sequence[int]) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(
            normed(nn.Conv1d(channels, channels, kernel_size, dilation=d, padding=d * (kernel_size // 2)))
            for d in dilations
        )
        self.plain = nn.ModuleList(
            normed(nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2)) for _ in dilations
        )
        for convolution in [*self.dilated, *self.plain]:
            nn.init.normal_(convolution.parametrizations.weight.original1, 0.0, 0.01)
        self.reach = sum((d + 1) * (kernel_size // 2) for d in dilations)

    def forward(self, x: Float[Tensor, "B C S"]) -> Float[Tensor, "B C S"]:
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            hidden = dilated(leaky_relu(x, SLOPE))
            x = x + plain(leaky_relu(hidden, SLOPE))
        return x


class HiFiGANDecoder(nn.Module):
    """Transposed convolutions up to the sample rate, residual blocks of several kernels averaged after each."""

    excited = False  # it takes no F0

    def __init__(
        self, latent_channels: int, config: HiFiGANConfig, *, hop_samples: int = 240, sample_rate_hz: int = 24_000
    ) -> None:
        super().__init__()
        if math.prod(config.rates) != hop_samples:
            raise ValueError(f"rates {config.rates} make {math.prod(config.rates)} samples a frame, not {hop_samples}")
        self.hop_samples, self.sample_rate_hz = hop_samples, sample_rate_hz
        self.enter = normed(nn.Conv1d(latent_channels, config.channels, 7, padding=3))
        self.rises, self.blocks = nn.ModuleList(), nn.ModuleList()
        width = config.channels
        for rate, kernel in zip(config.rates, config.kernels, strict=True):
            rise = nn.ConvTranspose1d(width, width // 2, kernel, stride=rate, padding=(kernel - rate) // 2)
            self.rises.append(normed(rise))
            width //= 2
            self.blocks.append(
                nn.ModuleList(ResidualBlock(width, size, config.dilations) for size in config.block_kernels)
            )
        self.out = normed(nn.Conv1d(width, 1, 7, padding=3))
        for convolution in [*self.rises, self.out]:
            nn.init.normal_(convolution.parametrizations.weight.original1, 0.0, 0.01)
        self.context_frames = self._context(config)

    def _context(self, config: HiFiGANConfig) -> int:
        """How many frames to each side a frame of the wave hears: its samples, followed back through the layers."""
        first, last = -3, self.hop_samples - 1 + 3
        for rate, kernel, blocks in reversed(list(zip(config.rates, config.kernels, self.blocks, strict=True))):
            reach = max(block.reach for block in blocks)
            padding = (kernel - rate) // 2
            first = -((kernel - 1 - padding - first + reach) // rate)  # ⌈(first − reach + padding − kernel + 1) / rate⌉
            last = (last + reach + padding) // rate
        return max(3 - first, 3 + last)

    def forward(self, z: Float[Tensor, "B C T"], source: Source | None = None) -> Float[Tensor, "B 1 S"]:  # noqa: ARG002
        """ŷ of eq. 2, within ±1. `source` is accepted so that decoders can stand in for each other."""
        x = self.enter(z)
        for rise, blocks in zip(self.rises, self.blocks, strict=True):
            x = rise(leaky_relu(x, SLOPE))
            x = torch.stack([block(x) for block in blocks]).mean(dim=0)
        return torch.tanh(self.out(leaky_relu(x, LAST_SLOPE)))
