"""ConvNeXt block: the frame-rate workhorse of the `small` recipe (beyond the paper).

Depthwise convolution over time, then a pointwise bottleneck. Unlike attention
its reach is bounded, so songs can be sung in chunks that equal one pass.

Shapes: B phrases · C channels · T frames.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn


class ConvNeXtBlock(nn.Module):
    """x + scale · pointwise(gelu(pointwise(norm(depthwise(x))))); reaches kernel_size // 2 frames each way."""

    def __init__(self, channels: int, kernel_size: int = 7, expansion: int = 3) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(channels, channels, kernel_size, padding=kernel_size // 2, groups=channels)
        self.norm = nn.LayerNorm(channels)
        self.widen = nn.Conv1d(channels, channels * expansion, 1)
        self.narrow = nn.Conv1d(channels * expansion, channels, 1)
        self.scale = nn.Parameter(torch.full((1, channels, 1), 0.1))
        self.reach = kernel_size // 2

    def forward(self, x: Float[Tensor, "B C T"], mask: Float[Tensor, "B 1 T"] | None = None) -> Float[Tensor, "B C T"]:
        """The block's output; frames outside the mask are zeroed before they can leak in."""
        if mask is not None:
            x = x * mask
        hidden = self.norm(self.depthwise(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.scale * self.narrow(nn.functional.gelu(self.widen(hidden)))
        return x if mask is None else x * mask
