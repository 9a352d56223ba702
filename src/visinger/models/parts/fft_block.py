"""FFT block: VITS' transformer layer (VISinger §2.3.1, §3.2 "the rest … consistent with VITS").

Self-attention with relative positions, then a convolutional feed-forward
network; each is added to its input and normalised after.

Shapes: B phrases · C channels · T positions (phonemes or frames) · H heads.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from visinger.models.parts.channel_norm import ChannelNorm
from visinger.models.parts.dropout import Dropout

LARGEST_KEPT_MAP_BYTES = 8 << 20  # of one attention map, while training; half a dozen of them are kept a block
NEVER = -1e4  # a score that softmax turns into 0, finite in half precision too


class RelativeAttention(nn.Module):
    """Multi-head self-attention with learnt keys and values for distances up to `window`; none beyond it."""

    def __init__(self, channels: int, *, heads: int = 2, window: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        if channels % heads:
            raise ValueError(f"{channels} channels cannot be shared by {heads} heads")
        self.heads, self.window, self.width = heads, window, channels // heads
        self.query = nn.Conv1d(channels, channels, 1)
        self.key = nn.Conv1d(channels, channels, 1)
        self.value = nn.Conv1d(channels, channels, 1)
        self.out = nn.Conv1d(channels, channels, 1)
        self.dropout = Dropout(dropout)
        distances = 2 * window + 1
        self.distance_keys = nn.Parameter(torch.randn(distances, self.width) * self.width**-0.5)
        self.distance_values = nn.Parameter(torch.randn(distances, self.width) * self.width**-0.5)
        for projection in (self.query, self.key, self.value):
            nn.init.xavier_uniform_(projection.weight)

    def forward(self, x: Float[Tensor, "B C T"], mask: Float[Tensor, "B 1 T"]) -> Float[Tensor, "B C T"]:
        query, key, value = (self._split(project(x)) for project in (self.query, self.key, self.value))
        query = query * self.width**-0.5
        scores = query @ key.transpose(2, 3) + self._distance_scores(query)
        seen = mask[:, :, :, None] * mask[:, :, None, :]  # (B, 1, T, T)
        weights = self.dropout(torch.softmax(scores.masked_fill(seen == 0, NEVER), dim=3))
        heard = weights @ value + self._distance_weights(weights) @ self.distance_values
        return self.out(heard.transpose(2, 3).flatten(1, 2))

    def _split(self, x: Tensor) -> Float[Tensor, "B H T W"]:
        return x.unflatten(1, (self.heads, self.width)).transpose(2, 3)

    def _distance_scores(self, query: Tensor) -> Float[Tensor, "B H T T"]:
        """Each query times the key of its distance to every position; 0 beyond the window.

        A gather by clamped index, so that no length is frozen in an exported graph.
        """
        scores = nn.functional.pad(query @ self.distance_keys.T, (1, 1))  # zeros stand for "too far"
        index = _distances(query.shape[2], self.window + 1, query.device) + self.window + 1
        return torch.gather(scores, 3, index.expand(*scores.shape[:2], -1, -1))

    def _distance_weights(self, weights: Tensor) -> Float[Tensor, "B H T D"]:
        """For each query the attention at distance −window … +window; 0 outside the sequence."""
        length = weights.shape[2]
        steps = torch.arange(-self.window, self.window + 1, device=weights.device)
        index = torch.arange(length, device=weights.device)[:, None] + steps
        inside = (index >= 0) & (index < length)
        reached = torch.gather(weights, 3, index.clamp(min=0).clamp(max=length - 1).expand(*weights.shape[:2], -1, -1))
        return reached * inside


def _distances(length: int, furthest: int, device: torch.device) -> Int[Tensor, "T T"]:
    """Key position minus query position, clamped to ± furthest."""
    positions = torch.arange(length, device=device)
    return (positions[None, :] - positions[:, None]).clamp(-furthest, furthest)


class FFTBlock(nn.Module):
    """x → norm(x + attention(x)) → norm(x + feed-forward(x)), with dropout on what is added."""

    def __init__(
        self,
        channels: int,
        *,
        filter_channels: int = 768,
        kernel_size: int = 3,
        heads: int = 2,
        window: int = 4,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.attention = RelativeAttention(channels, heads=heads, window=window, dropout=dropout)
        self.attention_norm = ChannelNorm(channels)
        self.widen = nn.Conv1d(channels, filter_channels, kernel_size, padding=kernel_size // 2)
        self.narrow = nn.Conv1d(filter_channels, channels, kernel_size, padding=kernel_size // 2)
        self.feed_forward_norm = ChannelNorm(channels)
        self.dropout = Dropout(dropout)

    def forward(self, x: Float[Tensor, "B C T"], mask: Float[Tensor, "B 1 T"]) -> Float[Tensor, "B C T"]:
        """The block; long phrases are computed again for the backward pass instead of being kept, dropout included."""
        maps = self.attention.heads * x.shape[0] * x.shape[2] ** 2 * x.element_size()
        if self.training and torch.is_grad_enabled() and maps > LARGEST_KEPT_MAP_BYTES:
            return checkpoint(self._transform, x, mask, use_reentrant=False)
        return self._transform(x, mask)

    def _transform(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x * mask
        x = self.attention_norm(x + self.dropout(self.attention(x, mask)))
        hidden = self.dropout(torch.relu(self.widen(x * mask)))
        x = self.feed_forward_norm(x + self.dropout(self.narrow(hidden * mask)))
        return x * mask
