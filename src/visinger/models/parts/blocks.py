"""Stacks of equal blocks: the body of the text encoder, F0 predictor, frame prior and phoneme predictor.

The paper's are FFT blocks (§3.2); a recipe may name another kind by the table
`BLOCKS`. Shapes: B phrases · C channels · T positions.
"""

from collections.abc import Callable
from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor, nn

from visinger.models.parts.convnext import ConvNeXtBlock
from visinger.models.parts.fft_block import FFTBlock

FFT_KERNEL = 3  # VITS
CONVNEXT_KERNEL = 7


@dataclass(frozen=True)
class BlocksConfig:
    """How many blocks, of which kind and size."""

    count: int
    kind: str = "fft"  # §3.2; or "convnext"
    kernel_size: int | None = None  # the kind's own: fft 3 (VITS), convnext 7
    filter_channels: int = 768  # VITS; fft only
    heads: int = 2  # VITS; fft only
    window: int = 4  # VITS: furthest relative position with an embedding; fft only
    dropout: float = 0.1  # VITS; fft only
    expansion: int = 3  # convnext only

    def __post_init__(self) -> None:
        if self.kind not in BLOCKS:
            raise ValueError(f"no block kind '{self.kind}': one of {' '.join(BLOCKS)}")
        if self.kernel_size is not None and self.kernel_size % 2 == 0:
            raise ValueError(f"kernel_size {self.kernel_size} must be odd")


def _fft(channels: int, config: BlocksConfig) -> nn.Module:
    return FFTBlock(
        channels,
        filter_channels=config.filter_channels,
        kernel_size=config.kernel_size or FFT_KERNEL,
        heads=config.heads,
        window=config.window,
        dropout=config.dropout,
    )


def _convnext(channels: int, config: BlocksConfig) -> nn.Module:
    return ConvNeXtBlock(channels, config.kernel_size or CONVNEXT_KERNEL, config.expansion)


BLOCKS: dict[str, Callable[[int, BlocksConfig], nn.Module]] = {"fft": _fft, "convnext": _convnext}


class Blocks(nn.Module):
    """`config.count` blocks in a row; padding stays zero."""

    def __init__(self, channels: int, config: BlocksConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(BLOCKS[config.kind](channels, config) for _ in range(config.count))

    def forward(self, x: Float[Tensor, "B C T"], mask: Float[Tensor, "B 1 T"]) -> Float[Tensor, "B C T"]:
        for layer in self.layers:
            x = layer(x, mask)
        return x
