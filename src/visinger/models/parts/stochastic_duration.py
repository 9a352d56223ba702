"""Stochastic duration predictor: phoneme durations drawn from noise (VITS; Table 1's fourth row).

A normalising flow of two channels a phoneme, conditioned on the text. One
channel is the logarithm of the duration, the other is there so that the first
can be bent by something. A duration d is a whole number: a second flow, which
has seen d, fills it up to a density over d − u, 0 < u < 1, and draws the other
channel. Training bounds −log P(d) from above (variational dequantisation and
augmentation).

Shapes: B takes · N phonemes · H hidden channels · W channels of the flows' networks.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional

from visinger.models.parts.channel_norm import ChannelNorm
from visinger.models.parts.dropout import Dropout
from visinger.models.parts.spline import MOST_BINS, Knots, bend, knots, unbend

SHORTEST_FRAMES = 1e-5  # VITS: under the logarithm
LONGEST_LOG_FRAMES = 10.0  # a draw beyond 220 s is no duration


@dataclass(frozen=True)
class StochasticDurationConfig:
    """Sizes of the predictor."""

    filter_channels: int = 192  # VITS
    layers: int = 3  # VITS: separable convolutions in each network
    kernel_size: int = 3  # VITS
    couplings: int = 4  # VITS: of each of the two flows
    bins: int = 10  # VITS: of a spline
    bound: float = 5.0  # VITS: outside ± this a spline is the identity
    dropout: float = 0.5  # VITS
    noise_scale: float = 0.8  # VITS: of the noise that durations are drawn from

    def __post_init__(self) -> None:
        if self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size {self.kernel_size} must be odd")
        if not 2 <= self.bins <= MOST_BINS:
            raise ValueError(f"bins {self.bins} must lie in 2…{MOST_BINS}")


class SeparableConvolutions(nn.Module):
    """Depthwise convolutions of growing dilation, each with a pointwise one, norms, GELU and a residual path."""

    def __init__(self, channels: int, *, layers: int, kernel_size: int, dropout: float) -> None:
        super().__init__()
        dilations = [kernel_size**n for n in range(layers)]
        self.depthwise = nn.ModuleList(
            nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2 * step, dilation=step, groups=channels)
            for step in dilations
        )
        self.depthwise_norms = nn.ModuleList(ChannelNorm(channels) for _ in dilations)
        self.pointwise = nn.ModuleList(nn.Conv1d(channels, channels, 1) for _ in dilations)
        self.pointwise_norms = nn.ModuleList(ChannelNorm(channels) for _ in dilations)
        self.dropout = Dropout(dropout)

    def forward(self, x: Float[Tensor, "B W N"], mask: Float[Tensor, "B 1 N"]) -> Float[Tensor, "B W N"]:
        layers = zip(self.depthwise, self.depthwise_norms, self.pointwise, self.pointwise_norms, strict=True)
        for depthwise, depthwise_norm, pointwise, pointwise_norm in layers:
            y = functional.gelu(depthwise_norm(depthwise(x * mask)))
            y = functional.gelu(pointwise_norm(pointwise(y)))
            x = x + self.dropout(y)
        return x * mask


class Condition(nn.Module):
    """What the flows know of each phoneme: its text, or its duration."""

    def __init__(self, before: int, config: StochasticDurationConfig) -> None:
        super().__init__()
        self.enter = nn.Conv1d(before, config.filter_channels, 1)
        self.body = SeparableConvolutions(
            config.filter_channels, layers=config.layers, kernel_size=config.kernel_size, dropout=config.dropout
        )
        self.out = nn.Conv1d(config.filter_channels, config.filter_channels, 1)

    def forward(self, x: Float[Tensor, "B H N"], mask: Float[Tensor, "B 1 N"]) -> Float[Tensor, "B W N"]:
        return self.out(self.body(self.enter(x), mask)) * mask


class ElementwiseAffine(nn.Module):
    """Each of two channels shifted and scaled by numbers of its own; starts as the identity."""

    def __init__(self) -> None:
        super().__init__()
        self.shift = nn.Parameter(torch.zeros(2, 1))
        self.log_scale = nn.Parameter(torch.zeros(2, 1))

    def forward(
        self, x: Float[Tensor, "B 2 N"], mask: Float[Tensor, "B 1 N"]
    ) -> tuple[Float[Tensor, "B 2 N"], Float[Tensor, "B"]]:
        return (self.shift + torch.exp(self.log_scale) * x) * mask, (self.log_scale * mask).sum(dim=(1, 2))

    def invert(self, x: Float[Tensor, "B 2 N"], mask: Float[Tensor, "B 1 N"]) -> Float[Tensor, "B 2 N"]:
        return (x - self.shift) * torch.exp(-self.log_scale) * mask


class SplineCoupling(nn.Module):
    """The first channel and the condition bend the second, by a spline. Starts as the identity."""

    def __init__(self, config: StochasticDurationConfig) -> None:
        super().__init__()
        self.enter = nn.Conv1d(1, config.filter_channels, 1)
        self.body = SeparableConvolutions(
            config.filter_channels, layers=config.layers, kernel_size=config.kernel_size, dropout=0.0
        )
        self.out = nn.Conv1d(config.filter_channels, 3 * config.bins - 1, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)
        self.bins, self.bound = config.bins, config.bound
        self.calm = config.filter_channels**-0.5  # VITS: on widths and heights

    def forward(
        self, x: Float[Tensor, "B 2 N"], condition: Float[Tensor, "B W N"], mask: Float[Tensor, "B 1 N"]
    ) -> tuple[Float[Tensor, "B 2 N"], Float[Tensor, "B"]]:
        kept, changed = x.chunk(2, dim=1)
        bent, log_slope = bend(changed, self._spline(kept, condition, mask))
        return torch.cat([kept, bent * mask], dim=1), (log_slope * mask).sum(dim=(1, 2))

    def invert(
        self, x: Float[Tensor, "B 2 N"], condition: Float[Tensor, "B W N"], mask: Float[Tensor, "B 1 N"]
    ) -> Float[Tensor, "B 2 N"]:
        kept, changed = x.chunk(2, dim=1)
        straight, _ = unbend(changed, self._spline(kept, condition, mask))
        return torch.cat([kept, straight * mask], dim=1)

    def _spline(self, kept: Tensor, condition: Tensor, mask: Tensor) -> Knots:
        """A spline for each phoneme."""
        drawn = self.out(self.body(self.enter(kept) + condition, mask)).transpose(1, 2)[:, None]
        sizes, slopes = drawn.split([2 * self.bins, self.bins - 1], dim=-1)
        return knots(torch.cat([sizes * self.calm, slopes], dim=-1), bound=self.bound)


class DurationFlow(nn.Module):
    """An affine map, then couplings (VITS: 4), the two channels exchanged after each."""

    def __init__(self, config: StochasticDurationConfig) -> None:
        super().__init__()
        self.affine = ElementwiseAffine()
        self.couplings = nn.ModuleList(SplineCoupling(config) for _ in range(config.couplings))

    def forward(
        self, x: Float[Tensor, "B 2 N"], condition: Float[Tensor, "B W N"], mask: Float[Tensor, "B 1 N"]
    ) -> tuple[Float[Tensor, "B 2 N"], Float[Tensor, "B"]]:
        """The other side of the flow, and the log-determinant of each take."""
        x, log_det = self.affine(x, mask)
        for coupling in self.couplings:
            x, change = coupling(x, condition, mask)
            x, log_det = x.flip(1), log_det + change
        return x, log_det

    def invert(
        self, x: Float[Tensor, "B 2 N"], condition: Float[Tensor, "B W N"], mask: Float[Tensor, "B 1 N"]
    ) -> Float[Tensor, "B 2 N"]:
        for coupling in reversed(self.couplings):
            x = coupling.invert(x.flip(1), condition, mask)
        return self.affine.invert(x, mask)


class StochasticDurationPredictor(nn.Module):
    """P(d | text) of each phoneme's frames: bounded in training, drawn from in singing."""

    def __init__(self, hidden: int, config: StochasticDurationConfig) -> None:
        super().__init__()
        self.text = Condition(hidden, config)
        self.flow = DurationFlow(config)
        # from here on only for training
        self.seen = Condition(1, config)
        self.filling = DurationFlow(config)

    def forward(
        self,
        text: Float[Tensor, "B H N"],
        frames: Int[Tensor, "B N"],
        noise: Float[Tensor, "B 2 N"],
        mask: Float[Tensor, "B 1 N"],
    ) -> Float[Tensor, "B"]:
        """An upper bound of −log P(frames | text) in nats, summed over each take's phonemes.

        `noise` is N(0, 1): its draw fills up the whole numbers. `frames` are at
        least 1 where `mask`.
        """
        condition = self.text(text, mask)
        whole = frames[:, None].to(text.dtype) * mask
        noise = noise * mask
        filled, log_det = self.filling(noise, condition + self.seen(whole, mask), mask)
        gap, other = filled.chunk(2, dim=1)
        squashed = (functional.logsigmoid(gap) + functional.logsigmoid(-gap)) * mask
        log_q = _log_normal(noise, mask) - log_det - squashed.sum(dim=(1, 2))

        # d − u with u = σ(gap), written without the cancellation
        continuous = (whole - 1.0 + torch.sigmoid(-gap)).clamp(min=SHORTEST_FRAMES)
        logarithm = torch.log(continuous) * mask
        normal, log_det = self.flow(torch.cat([logarithm, other], dim=1), condition, mask)
        log_p = _log_normal(normal, mask) + log_det - logarithm.sum(dim=(1, 2))
        return log_q - log_p

    def draw(
        self, text: Float[Tensor, "B H N"], noise: Float[Tensor, "B 2 N"], mask: Float[Tensor, "B 1 N"]
    ) -> Float[Tensor, "B N"]:
        """Whole frames of each phoneme, at least 1; 0 at padding. `noise` is scaled already.

        The flow gives d − u, so it is rounded up, as in VITS.
        """
        logarithm = self.flow.invert(noise * mask, self.text(text, mask), mask)[:, 0]
        return torch.ceil(torch.exp(logarithm.clamp(max=LONGEST_LOG_FRAMES))).clamp(min=1.0) * mask[:, 0]


def _log_normal(x: Float[Tensor, "B 2 N"], mask: Float[Tensor, "B 1 N"]) -> Float[Tensor, "B"]:
    return (-0.5 * (math.log(2 * math.pi) + x**2) * mask).sum(dim=(1, 2))
