"""The recogniser's network: log-mel in, phoneme probabilities out (CTC, Graves et al. 2006).

Not part of the paper's model: an independent listener, trained on recordings
alone, that tells whether the words of a sung phrase can be understood.

Shapes: B clips · T frames at 100/s · U = ceil(T / 2) steps at 50/s · M mel bands · V phonemes + blank.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

BLANK = 0
SUBSAMPLING = 2


@dataclass(frozen=True)
class RecogniserConfig:
    """Sizes; with 40 phonemes the defaults have 1.2 M parameters."""

    mel_bands: int = 80
    stem_channels: int = 24
    width: int = 160
    blocks: int = 4
    expansion: int = 3
    kernel: int = 7
    recurrent: int = 176  # per direction
    dropout: float = 0.15


class Heard(NamedTuple):
    """Log-probabilities [B U V] of the CTC head and of the frame head, and the valid steps [B]."""

    ctc: Tensor
    frame: Tensor
    counts: Tensor


class Block(nn.Module):
    """A residual ConvNeXt block over time: depthwise convolution, then a wide pointwise pair."""

    def __init__(self, width: int, kernel: int, expansion: int, dropout: float) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, width * expansion)
        self.narrow = nn.Linear(width * expansion, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, hidden: Tensor, mask: Tensor) -> Tensor:
        """[B U C] to the same; `mask` [B U 1] keeps the padding silent."""
        mixed = self.depthwise((hidden * mask).transpose(1, 2)).transpose(1, 2)
        mixed = self.narrow(functional.gelu(self.widen(self.norm(mixed))))
        return hidden + self.dropout(mixed)


class BothWays(nn.Module):
    """A GRU from the left and one from the right, joined.

    Turning each clip round by a gather keeps the padding last for both, as
    packed sequences would, whose backward pass is ten times as slow on a CPU.
    """

    def __init__(self, width: int, recurrent: int) -> None:
        super().__init__()
        self.forwards = nn.GRU(width, recurrent, batch_first=True)
        self.backwards = nn.GRU(width, recurrent, batch_first=True)

    def forward(self, hidden: Tensor, counts: Tensor) -> Tensor:
        """[B U C] with `counts` [B] valid steps to [B U 2R]."""
        steps = torch.arange(hidden.shape[1], device=hidden.device)
        turned = torch.where(steps < counts[:, None], counts[:, None] - 1 - steps, steps)[:, :, None]
        onward, _ = self.forwards(hidden)
        back, _ = self.backwards(hidden.gather(1, turned.expand_as(hidden)))
        return torch.cat([onward, back.gather(1, turned.expand_as(back))], dim=2)


class RecogniserNetwork(nn.Module):
    """Two strided 2-D convolutions, ConvNeXt blocks over time, one bidirectional GRU, two heads.

    The convolutions also slide along the mel axis, so that a formant is known
    wherever it lies; the GRU sees the whole clip. The frame head only exists
    to teach: it learns where each phoneme lies, which a quarter of an hour of
    recordings is too little for CTC to find out by itself.
    """

    def __init__(self, config: RecogniserConfig, phonemes: int) -> None:
        super().__init__()
        self.config = config
        channels, width = config.stem_channels, config.width
        self.register_buffer("mel_mean", torch.zeros(config.mel_bands, 1))
        self.register_buffer("mel_deviation", torch.ones(config.mel_bands, 1))
        self.first = nn.Conv2d(1, channels, 3, stride=(2, 1), padding=1)
        self.second = nn.Conv2d(channels, channels + 8, 3, stride=(2, SUBSAMPLING), padding=1)
        bands = (config.mel_bands + 3) // 4
        self.entrance = nn.Linear((channels + 8) * bands, width)
        self.entrance_norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(
            Block(width, config.kernel, config.expansion, config.dropout) for _ in range(config.blocks)
        )
        self.recurrent = BothWays(width, config.recurrent)
        self.dropout = nn.Dropout(2 * config.dropout)
        self.ctc_head = nn.Linear(2 * config.recurrent, phonemes + 1)
        self.frame_head = nn.Linear(2 * config.recurrent, phonemes + 1)

    def normalise_by(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the mean and the deviation [M] of the log-mel bands of the training recordings."""
        self.mel_mean.copy_(mean[:, None])
        self.mel_deviation.copy_(deviation[:, None])

    def forward(self, log_mel: Tensor, frame_counts: Tensor) -> Heard:
        """Listen to log-mels [B M T], of which the first `frame_counts` [B] frames are valid."""
        counts = (frame_counts + SUBSAMPLING - 1) // SUBSAMPLING
        inside = torch.arange(log_mel.shape[2], device=log_mel.device) < frame_counts[:, None]
        normal = (log_mel - self.mel_mean) / self.mel_deviation * inside[:, None]
        planes = functional.gelu(self.first(normal[:, None])) * inside[:, None, None]
        planes = functional.gelu(self.second(planes))  # [B C M/4 U]
        hidden = self.entrance(planes.flatten(1, 2).transpose(1, 2))
        hidden = self.dropout(self.entrance_norm(hidden))
        mask = (torch.arange(hidden.shape[1], device=hidden.device) < counts[:, None])[:, :, None]
        for block in self.blocks:
            hidden = block(hidden, mask)
        hidden = self.dropout(self.recurrent(hidden, counts))
        return Heard(self.ctc_head(hidden).log_softmax(dim=2), self.frame_head(hidden).log_softmax(dim=2), counts)
