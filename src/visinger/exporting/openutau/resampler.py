"""From the voice's sample rate to the editor's 44.1 kHz, inside the graph.

One convolution: L output channels are the L phases of a windowed sinc, its
stride is M input samples (L / M = 44100 / rate in lowest terms; 147 / 80 for
24 kHz). Every phase sums to 1, so a constant stays a constant.

Shapes: S samples in · R samples out, R = S × L / M.
"""

import math
from fractions import Fraction

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

ZEROS = 64  # zero crossings of the sinc to either side
KAISER = 9.0  # of its window: 90 dB
PASSED = 0.95  # of the lower Nyquist frequency: middle of the filter's edge


class Resampler(nn.Module):
    """Band-limited conversion without delay; silence stands before the first and after the last sample."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        super().__init__()
        ratio = Fraction(to_hz, from_hz)
        self.phases, self.stride = ratio.numerator, ratio.denominator
        self.passed = self.phases == self.stride
        edge = PASSED * min(1.0, float(ratio))  # of the input's Nyquist frequency
        self.reach = math.ceil(ZEROS / edge)
        self.register_buffer("kernel", torch.from_numpy(self._kernel(edge)), persistent=False)

    def _kernel(self, edge: float) -> np.ndarray:
        """(L, 1, M + 2 × reach) the weights of the input samples around a block, for each of its L outputs."""
        time = np.arange(self.phases)[:, None] * self.stride / self.phases  # in input samples from the block's start
        distance = np.arange(-self.reach, self.stride + self.reach)[None] - time
        inside = np.clip(1.0 - (distance / self.reach) ** 2, 0.0, 1.0)
        window = np.i0(KAISER * np.sqrt(inside)) / np.i0(KAISER) * (np.abs(distance) <= self.reach)
        kernel = np.sinc(edge * distance) * window
        return (kernel / kernel.sum(axis=1, keepdims=True)).astype(np.float32)[:, None]

    def forward(self, wave: Float[Tensor, "B S"]) -> Float[Tensor, "B R"]:
        """S must be a multiple of M."""
        if self.passed:
            return wave
        padded = nn.functional.pad(wave[:, None], (self.reach, self.reach))
        blocks = nn.functional.conv1d(padded, self.kernel, stride=self.stride)
        return blocks.transpose(1, 2).reshape(wave.shape[0], -1)
