"""Layer normalisation over channels of (B, C, T) tensors, as VITS' blocks use it."""

from jaxtyping import Float
from torch import Tensor, nn


class ChannelNorm(nn.LayerNorm):
    """LayerNorm over C at each frame."""

    def forward(self, x: Float[Tensor, "B C T"]) -> Float[Tensor, "B C T"]:
        return super().forward(x.transpose(1, 2)).transpose(1, 2)
