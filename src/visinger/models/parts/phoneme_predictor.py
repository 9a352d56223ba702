"""Phoneme predictor: what is sung must be readable in z (VISinger §2.3).

Used only in training. Shapes: B phrases · N phonemes · T frames · C latent channels · V phoneme classes.
"""

import torch
from jaxtyping import Float, Int
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


def phonemes_in_window(
    phonemes: Int[Tensor, "B N"],
    frames: Int[Tensor, "B N"],
    *,
    phoneme_counts: Int[Tensor, "B"],
    window_starts: Int[Tensor, "B"],
    frame_counts: Int[Tensor, "B"],
) -> tuple[Int[Tensor, "B N"], Int[Tensor, "B"]]:
    """CTC's targets: the phonemes whose middle lies in the window, moved to the front, and how many they are.

    A phoneme without frames was not sung and is no target.
    """
    twice_middle = 2 * frames.cumsum(dim=1) - frames
    first, last = window_starts[:, None], (window_starts + frame_counts)[:, None]
    place = torch.arange(frames.shape[1], device=frames.device)
    inside = (place < phoneme_counts[:, None]) & (frames > 0)
    inside = inside & (twice_middle >= 2 * first) & (twice_middle < 2 * last)
    order = torch.argsort((~inside).int(), dim=1, stable=True)
    counts = inside.sum(dim=1)
    return torch.gather(phonemes, 1, order) * (place < counts[:, None]), counts
