"""WaveNet residual blocks: the body of posterior encoder and flow (VISinger §2.1, §2.3.4, as in VITS).

Shapes: B phrases · C channels · T frames.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from visinger.models.parts.weight_norm import normed


class WaveNet(nn.Module):
    """Gated convolutions with residual and skip paths; the sum of the skips comes out.

    Not causal, dilation 1 as in VITS: each layer reaches kernel_size // 2 frames each way.
    """

    def __init__(self, channels: int, *, layers: int, kernel_size: int = 5) -> None:
        super().__init__()
        self.channels = channels
        self.gates = nn.ModuleList(
            normed(nn.Conv1d(channels, 2 * channels, kernel_size, padding=kernel_size // 2)) for _ in range(layers)
        )
        # the last layer has nobody to hand its residual to
        self.splits = nn.ModuleList(
            normed(nn.Conv1d(channels, (2 if n < layers - 1 else 1) * channels, 1)) for n in range(layers)
        )
        self.reach = layers * (kernel_size // 2)

    def forward(self, x: Float[Tensor, "B C T"], mask: Float[Tensor, "B 1 T"]) -> Float[Tensor, "B C T"]:
        total = torch.zeros_like(x)
        for gate, split in zip(self.gates, self.splits, strict=True):
            signal, valve = gate(x).chunk(2, dim=1)
            out = split(torch.tanh(signal) * torch.sigmoid(valve))
            if out.shape[1] > self.channels:
                onward, skip = out.chunk(2, dim=1)
                x = (x + onward) * mask
            else:
                skip = out
            total = total + skip
        return total * mask
