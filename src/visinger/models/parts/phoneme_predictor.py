"""Phoneme predictor: what is sung must be readable in z (VISinger §2.3).

Used only in training. Shapes: B phrases · T frames · C latent channels · V phoneme classes.
"""

from jaxtyping import Float
from torch import Tensor, nn

from visinger.models.parts.blocks import Blocks, BlocksConfig


class PhonemePredictor(nn.Module):
    """FFT blocks (§2.3: two) on the latent z, then a score for each phoneme; class 0 is CTC's blank."""

    def __init__(self, latent: int, hidden: int, phonemes: int, blocks: BlocksConfig) -> None:
        super().__init__()
        self.enter = nn.Conv1d(latent, hidden, 1) if latent != hidden else nn.Identity()
        self.blocks = Blocks(hidden, blocks)
        self.out = nn.Conv1d(hidden, phonemes, 1)

    def forward(self, z: Float[Tensor, "B C T"], mask: Float[Tensor, "B 1 T"]) -> Float[Tensor, "B V T"]:
        return self.out(self.blocks(self.enter(z) * mask, mask))
