"""Feed-forward transformer: FastSpeech's body on both sides of the length regulator (VISinger §3.2; Ren et al. 2019).

Attention here knows no distances, unlike that of `fft_block.py`: sinusoids
added before the first block say where a position is.

Shapes: B phrases · C channels · T positions (phonemes or frames) · H heads · W channels of a head.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from visinger.models.parts.channel_norm import ChannelNorm
from visinger.models.parts.dropout import Dropout

LONGEST_WAVE = 10_000.0  # Vaswani et al. 2017: the slowest sinusoid turns once in 2π times as many positions


@dataclass(frozen=True)
class TransformerConfig:
    """How many blocks, and their size; FastSpeech's unless said otherwise."""

    count: int = 6
    filter_channels: int = 1536
    kernel_sizes: tuple[int, ...] = (3, 1)  # of the two convolutions; FastSpeech's text: (3, 3); docs/paper.md
    heads: int = 2
    dropout: float = 0.1

    def __post_init__(self) -> None:
        if len(self.kernel_sizes) != 2 or any(size < 1 or size % 2 == 0 for size in self.kernel_sizes):
            raise ValueError(f"kernel_sizes {list(self.kernel_sizes)} must be two odd numbers")


def sinusoids(positions: Int[Tensor, "B T"], channels: int) -> Float[Tensor, "B C T"]:
    """PE(t, 2i) = sin(t / 10000^(2i/C)), PE(t, 2i + 1) = cos(t / 10000^(2i/C)) (Vaswani et al. 2017, §3.5)."""
    even = torch.arange(0, channels, 2, device=positions.device, dtype=torch.float32)
    angles = positions[:, None].float() * torch.exp(even * (-math.log(LONGEST_WAVE) / channels))[:, None]
    # sine and cosine take turns; an odd number of channels has no last cosine
    return torch.stack([torch.sin(angles), torch.cos(angles)], dim=2).flatten(1, 2)[:, :channels]


class SelfAttention(nn.Module):
    """Multi-head scaled dot-product self-attention; padding is not attended to."""

    def __init__(self, channels: int, *, heads: int = 2, dropout: float = 0.1) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"{channels} channels cannot be shared by {heads} heads")
        self.heads, self.width, self.dropout = heads, channels // heads, dropout
        self.query = nn.Conv1d(channels, channels, 1)
        self.key = nn.Conv1d(channels, channels, 1)
        self.value = nn.Conv1d(channels, channels, 1)
        self.out = nn.Conv1d(channels, channels, 1)
        for projection in (self.query, self.key, self.value):
            nn.init.xavier_uniform_(projection.weight)

    def forward(self, x: Float[Tensor, "B C T"], mask: Float[Tensor, "B 1 T"]) -> Float[Tensor, "B C T"]:
        query, key, value = (self._split(project(x)) for project in (self.query, self.key, self.value))
        heard = nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask[:, :, None] > 0, dropout_p=self.dropout if self.training else 0.0
        )
        return self.out(heard.transpose(2, 3).flatten(1, 2))

    def _split(self, x: Tensor) -> Float[Tensor, "B H T W"]:
        return x.unflatten(1, (self.heads, self.width)).transpose(2, 3)


class FeedForwardBlock(nn.Module):
    """FastSpeech's FFT block: x → norm(x + attention(x)) → norm(x + convolutions(x)), with dropout on what is added."""

    def __init__(self, channels: int, config: TransformerConfig) -> None:
        super().__init__()
        first, second = config.kernel_sizes
        self.attention = SelfAttention(channels, heads=config.heads, dropout=config.dropout)
        self.attention_norm = ChannelNorm(channels)
        self.widen = nn.Conv1d(channels, config.filter_channels, first, padding=first // 2)
        self.narrow = nn.Conv1d(config.filter_channels, channels, second, padding=second // 2)
        self.feed_forward_norm = ChannelNorm(channels)
        self.dropout = Dropout(config.dropout)

    def forward(self, x: Float[Tensor, "B C T"], mask: Float[Tensor, "B 1 T"]) -> Float[Tensor, "B C T"]:
        x = self.attention_norm(x + self.dropout(self.attention(x, mask))) * mask
        hidden = torch.relu(self.widen(x)) * mask
        return self.feed_forward_norm(x + self.dropout(self.narrow(hidden))) * mask


class FeedForwardTransformer(nn.Module):
    """Absolute positions, then `config.count` blocks; padding stays zero."""

    def __init__(self, channels: int, config: TransformerConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(FeedForwardBlock(channels, config) for _ in range(config.count))
        self.dropout = Dropout(config.dropout)

    def forward(
        self, x: Float[Tensor, "B C T"], mask: Float[Tensor, "B 1 T"], starts: Int[Tensor, "B"] | None = None
    ) -> Float[Tensor, "B C T"]:
        """`starts` is the place of each phrase's first position in its take (default 0)."""
        positions = torch.arange(x.shape[2], device=x.device).expand(len(x), -1)
        if starts is not None:
            positions = positions + starts[:, None]
        x = self.dropout(x + sinusoids(positions, x.shape[1])) * mask
        for block in self.blocks:
            x = block(x, mask)
        return x
