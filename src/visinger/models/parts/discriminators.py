"""Discriminators: HiFi-GAN's multi-period and multi-scale (VISinger §2.2).

Shapes: B segments · S samples · L scores of one discriminator.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm, weight_norm

from visinger.models.parts.rectifier import leaky_relu
from visinger.models.parts.spectrogram_discriminator import MultiResolutionDiscriminator

SLOPE = 0.1  # of the leaky rectifiers
CHANNEL_STEP = 16  # widths are multiples of the largest group count

Judge = Callable[[Tensor], tuple[Tensor, Sequence[Tensor]]]  # a wave (B, 1, S) → scores (B, L) and feature maps


@dataclass(frozen=True)
class DiscriminatorConfig:
    """Which discriminators judge, and how wide they are."""

    periods: tuple[int, ...] = (2, 3, 5, 7, 11)  # HiFi-GAN: 41.1 M
    scales: int = 3  # HiFi-GAN: 29.6 M; VITS has one
    width: float = 1.0  # factor on all channels of both
    resolutions: tuple[int, ...] = ()  # window sizes of thin spectrogram discriminators (beyond the paper)
    resolution_channels: int = 16

    def __post_init__(self) -> None:
        if not (self.periods or self.scales or self.resolutions):
            raise ValueError("no discriminator is left: give periods, scales or resolutions")


@dataclass(frozen=True)
class Judgement:
    """Scores (B, L) and feature maps of each discriminator, for the real and the generated wave."""

    real_scores: tuple[Tensor, ...]
    fake_scores: tuple[Tensor, ...]
    real_features: tuple[tuple[Tensor, ...], ...]
    fake_features: tuple[tuple[Tensor, ...], ...]


def _scaled(channels: int, width: float) -> int:
    return max(CHANNEL_STEP, round(channels * width / CHANNEL_STEP) * CHANNEL_STEP)


class PeriodDiscriminator(nn.Module):
    """Sees every `period`-th sample: the wave folded into rows, convolved along them only."""

    def __init__(self, period: int, width: float = 1.0) -> None:
        super().__init__()
        self.period = period
        widths = [1, *(_scaled(channels, width) for channels in (32, 128, 512, 1024, 1024))]
        self.layers = nn.ModuleList(
            weight_norm(nn.Conv2d(before, after, (5, 1), stride=(3 if n < 4 else 1, 1), padding=(2, 0)))
            for n, (before, after) in enumerate(pairwise(widths))
        )
        self.out = weight_norm(nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0)))

    def forward(self, wave: Float[Tensor, "B 1 S"]) -> tuple[Float[Tensor, "B L"], list[Tensor]]:
        missing = -wave.shape[2] % self.period
        x = nn.functional.pad(wave, (0, missing), mode="reflect").unflatten(2, (-1, self.period))
        features = []
        for layer in self.layers:
            x = leaky_relu(layer(x), SLOPE)
            features.append(x)
        x = self.out(x)
        return x.flatten(1), [*features, x]


class ScaleDiscriminator(nn.Module):
    """Sees the wave at one rate, through long grouped convolutions."""

    # channels, kernel, stride, groups: HiFi-GAN, after MelGAN
    LAYERS = (
        (128, 15, 1, 1),
        (128, 41, 2, 4),
        (256, 41, 2, 16),
        (512, 41, 4, 16),
        (1024, 41, 4, 16),
        (1024, 41, 1, 16),
        (1024, 5, 1, 1),
    )

    def __init__(self, width: float = 1.0, *, spectral: bool = False) -> None:
        super().__init__()
        norm = spectral_norm if spectral else weight_norm
        self.layers = nn.ModuleList()
        before = 1
        for channels, kernel, stride, groups in self.LAYERS:
            after = _scaled(channels, width)
            self.layers.append(
                norm(nn.Conv1d(before, after, kernel, stride=stride, groups=groups, padding=kernel // 2))
            )
            before = after
        self.out = norm(nn.Conv1d(before, 1, 3, padding=1))

    def forward(self, wave: Float[Tensor, "B 1 S"]) -> tuple[Float[Tensor, "B L"], list[Tensor]]:
        features = []
        for layer in self.layers:
            wave = leaky_relu(layer(wave), SLOPE)
            features.append(wave)
        wave = self.out(wave)
        return wave.flatten(1), [*features, wave]


class MultiPeriodDiscriminator(nn.Module):
    """HiFi-GAN's MPD: one discriminator a period."""

    def __init__(self, periods: Sequence[int] = (2, 3, 5, 7, 11), width: float = 1.0) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(PeriodDiscriminator(period, width) for period in periods)

    def forward(self, wave: Float[Tensor, "B 1 S"]) -> list[tuple[Tensor, list[Tensor]]]:
        return [discriminator(wave) for discriminator in self.discriminators]


class MultiScaleDiscriminator(nn.Module):
    """HiFi-GAN's MSD: the wave as it is (spectral norm), then averaged down by two again and again."""

    def __init__(self, scales: int = 3, width: float = 1.0) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(ScaleDiscriminator(width, spectral=n == 0) for n in range(scales))
        self.halve = nn.AvgPool1d(4, stride=2, padding=2)

    def forward(self, wave: Float[Tensor, "B 1 S"]) -> list[tuple[Tensor, list[Tensor]]]:
        return [hear(wave) for hear in self.judges()]

    def judges(self) -> list[Judge]:
        """Each discriminator with the halving before it."""
        return [partial(self._hear, n) for n in range(len(self.discriminators))]

    def _hear(self, scale: int, wave: Tensor) -> tuple[Tensor, list[Tensor]]:
        for _ in range(scale):
            wave = self.halve(wave)
        return self.discriminators[scale](wave)


class Discriminator(nn.Module):
    """All discriminators of a recipe behind one `forward`, as processes that share gradients need it."""

    def __init__(self, config: DiscriminatorConfig) -> None:
        super().__init__()
        self.config = config
        self.period = MultiPeriodDiscriminator(config.periods, config.width) if config.periods else None
        self.scale = MultiScaleDiscriminator(config.scales, config.width) if config.scales else None
        self.resolution = (
            MultiResolutionDiscriminator(config.resolutions, config.resolution_channels) if config.resolutions else None
        )

    def forward(self, real: Float[Tensor, "B 1 S"], fake: Float[Tensor, "B 1 S"]) -> Judgement:
        """Judge both in one pass; pass `fake.detach()` in the discriminator's turn."""
        judged = self.judge(torch.cat([real, fake.to(real.dtype)]))
        count = real.shape[0]
        return Judgement(
            real_scores=tuple(scores[:count] for scores, _ in judged),
            fake_scores=tuple(scores[count:] for scores, _ in judged),
            real_features=tuple(tuple(f[:count] for f in features) for _, features in judged),
            fake_features=tuple(tuple(f[count:] for f in features) for _, features in judged),
        )

    def judge(self, wave: Float[Tensor, "B 1 S"]) -> list[tuple[Tensor, Sequence[Tensor]]]:
        """Scores (B, L) and feature maps of each discriminator."""
        return [hear(wave) for hear in self.judges()]

    def judges(self) -> list[Judge]:
        """Every discriminator by itself, for those who cannot hold the feature maps of all at once."""
        judges: list[Judge] = [] if self.period is None else list(self.period.discriminators)
        if self.scale is not None:
            judges += self.scale.judges()
        if self.resolution is not None:
            judges += self.resolution.discriminators
        return judges
