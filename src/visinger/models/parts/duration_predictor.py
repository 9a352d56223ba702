"""Duration predictor with note normalisation (VISinger §2.3.2, eqs. 7-8).

Shapes: B phrases · N phonemes · H hidden channels.

A vowel lasts as long as its note, a consonant nearly as long in every note.
A network that says r = d / d_N alone has to divide by d_N to say the latter.
With `elastic` (beyond the paper) it also says how far each phoneme stretches
with its note, e in 0…1: r = r₀ · (d_0 / d_N)^(1 − e), the paper's for e = 1.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from visinger import losses
from visinger.models.parts.channel_norm import ChannelNorm
from visinger.models.parts.dropout import Dropout

TYPICAL_RATIO = 0.5  # where training starts: half of the note
TYPICAL_FRAMES = 15.0  # without note normalisation: 150 ms
TYPICAL_NOTE_FRAMES = 20.0  # d_0: what is not elastic lasts as it does in a note of 200 ms


@dataclass(frozen=True)
class DurationConfig:
    """The duration predictor's convolutions."""

    layers: int = 3  # §3.2
    filter_channels: int = 256  # VITS
    kernel_size: int = 3  # VITS
    dropout: float = 0.5  # VITS
    detached: bool = True  # VITS: its loss does not reach the text encoder
    elastic: bool = False  # beyond the paper: how far a phoneme stretches with its note is predicted too
    log: bool = False  # beyond the paper: FastSpeech's loss beside eq. 7, which hardly sees consonants


class DurationPredictor(nn.Module):
    """One-dimensional convolutions (§3.2: three), each with ReLU, norm and dropout as in VITS.

    With note normalisation they say the positive ratio r = d / d_N, without
    it (the paper's Fig. 3) a number of frames.
    """

    def __init__(
        self,
        hidden: int,
        *,
        layers: int = 3,
        filter_channels: int = 256,
        kernel_size: int = 3,
        dropout: float = 0.5,
        note_norm: bool = True,
        elastic: bool = False,
    ) -> None:
        super().__init__()
        if elastic and not note_norm:
            raise ValueError("nothing stretches with a note without note normalisation")
        widths = [hidden] + [filter_channels] * layers
        self.convolutions = nn.ModuleList(
            nn.Conv1d(before, after, kernel_size, padding=kernel_size // 2) for before, after in pairwise(widths)
        )
        self.norms = nn.ModuleList(ChannelNorm(filter_channels) for _ in range(layers))
        self.dropout = Dropout(dropout)
        self.out = nn.Conv1d(filter_channels, 1, 1)
        self.elasticity = nn.Conv1d(filter_channels, 1, 1) if elastic else None
        self.note_norm = note_norm
        start = math.log(math.expm1(TYPICAL_RATIO)) if note_norm else math.log(TYPICAL_FRAMES)
        nn.init.constant_(self.out.bias, start)

    def forward(
        self, text: Float[Tensor, "B H N"], note_frames: Int[Tensor, "B N"], mask: Float[Tensor, "B 1 N"]
    ) -> Float[Tensor, "B N"]:
        """d̂ in frames before the score lock: r × d_N (eq. 8), or as predicted without note norm; 0 at padding."""
        x = text
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = self.dropout(norm(torch.relu(convolution(x * mask))))
        drawn = self.out(x * mask)
        if not self.note_norm:  # frames span two orders of magnitude, a ratio stays near 0…1
            return (torch.exp(drawn.clamp(max=10.0)) * mask)[:, 0]
        ratio = nn.functional.softplus(drawn)
        if self.elasticity is not None:
            shrink = torch.log(TYPICAL_NOTE_FRAMES / note_frames.clamp(min=1).float())[:, None]
            ratio = ratio * torch.exp((1.0 - torch.sigmoid(self.elasticity(x * mask))) * shrink)
        return losses.predicted_duration((ratio * mask)[:, 0], note_frames)
