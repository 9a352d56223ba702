"""A leaky rectifier that remembers what it gave instead of what it got.

torch keeps the input for the backward pass. The convolution that follows keeps the
output, which has the same signs: keeping that alone halves what HiFi-GAN's
residual blocks and discriminators hold in memory. The gradients are the same to the bit.
"""

from typing import Any

import torch
from torch import Tensor, nn


class _Leaky(torch.autograd.Function):
    """leaky_relu whose backward reads its own output; the slope must be positive."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, slope: float) -> Tensor:
        made = nn.functional.leaky_relu(x, slope)
        ctx.save_for_backward(made)
        ctx.slope = slope
        return made

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        (made,) = ctx.saved_tensors
        return torch.ops.aten.leaky_relu_backward(gradient, made, ctx.slope, True), None


def leaky_relu(x: Tensor, slope: float) -> Tensor:
    """max(x, slope · x), for slopes between 0 and 1."""
    if x.requires_grad and torch.is_grad_enabled():
        return _Leaky.apply(x, slope)
    return nn.functional.leaky_relu(x, slope)
