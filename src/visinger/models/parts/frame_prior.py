"""Frame prior network: the prior's mean and variance, frame by frame, guided by F0 (VISinger §2.3.3).

Shapes: B phrases · T frames · H hidden channels · C latent channels.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from visinger.models.parts.blocks import Blocks, BlocksConfig
from visinger.models.parts.f0_predictor import REFERENCE_HZ


class FramePriorNetwork(nn.Module):
    """F0 added to the frames, FFT blocks (§3.2: four), a linear projection to μ_θ and log σ_θ.

    The paper ablates both halves (Table 2): `guided=False` leaves F0 out, and
    without `blocks` only the projection remains.
    """

    def __init__(self, hidden: int, latent: int, blocks: BlocksConfig | None, *, guided: bool = True) -> None:
        super().__init__()
        self.pitch = nn.Conv1d(2, hidden, 3, padding=1) if guided else None
        self.blocks = Blocks(hidden, blocks) if blocks is not None else None
        self.out = nn.Conv1d(hidden, 2 * latent, 1)

    def forward(
        self, frames: Float[Tensor, "B H T"], f0_hz: Float[Tensor, "B T"], mask: Float[Tensor, "B 1 T"]
    ) -> tuple[Float[Tensor, "B C T"], Float[Tensor, "B C T"]]:
        """μ_θ and log σ_θ; F0 is 0 where unvoiced; padding is zero."""
        x = frames
        if self.pitch is not None:
            voiced = (f0_hz > 0).to(frames.dtype)
            height = torch.log(f0_hz.clamp(min=1.0)) - math.log(REFERENCE_HZ)
            x = x + self.pitch(torch.stack([height * voiced, voiced], dim=1) * mask)
        x = x * mask
        if self.blocks is not None:
            x = self.blocks(x, mask)
        mean, log_std = (self.out(x) * mask).chunk(2, dim=1)
        return mean, log_std
