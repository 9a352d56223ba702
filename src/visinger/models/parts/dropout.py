"""Dropout (Srivastava et al. 2014) whose masks are cheap on a CPU.

torch draws a whole random number for every value there, which is a twentieth
of a step of the paper's network. Sixteen random bits each are as good: the
share that is dropped is p to the nearest 1/65,536.
"""

import torch
from torch import Tensor, nn

LEVELS = 1 << 16  # what 16 bits tell apart
DRAWN_BITS = 64


class Dropout(nn.Module):
    """Zeros a share `p` of the values while training and scales the others by 1 / (1 − p); else leaves all alone."""

    def __init__(self, p: float) -> None:
        super().__init__()
        if not 0.0 <= p < 1.0:
            raise ValueError(f"a dropout of {p}: choose 0…1, 1 excluded")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """The same shape and type, of torch's own random numbers."""
        if not self.training or self.p == 0.0:
            return x
        if x.device.type != "cpu":
            return nn.functional.dropout(x, self.p)
        return (x * kept(x.shape, self.p)).mul_(1.0 / (1.0 - self.p))

    def extra_repr(self) -> str:
        """Shown by torch."""
        return f"p={self.p}"


def kept(shape: torch.Size, p: float) -> Tensor:
    """True where a value stays, each with probability 1 − p: a comparison of 16 random bits."""
    count = shape.numel()
    words = -(-count * 16 // DRAWN_BITS)
    bits = torch.empty(words, dtype=torch.int64).random_(-(1 << 63), None).view(torch.int16)[:count]
    return (bits >= min(round(p * LEVELS), LEVELS - 1) - LEVELS // 2).view(shape)
