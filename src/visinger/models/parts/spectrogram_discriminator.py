"""Multi-resolution spectrogram discriminator, thin enough for a CPU (beyond the paper).

It judges spectra at three resolutions, compressed complex values and log
magnitudes, beside the paper's multi-period discriminator and in place of the
multi-scale one. On complex values alone it was still guessing after 300 steps.

Shapes: B segments · S samples · F bins · T frames of the discriminator's own hop.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from visinger.models.parts.rectifier import leaky_relu

SLOPE = 0.1  # of the leaky rectifiers
QUIETEST_POWER = 1e-6
LOG_SCALE = 0.15  # brings log power to about ±2


class SpectrogramDiscriminator(nn.Module):
    """One resolution: five convolutions over (frames, bins), four times fewer bins at each of the first two."""

    def __init__(self, n_fft: int, channels: int) -> None:
        super().__init__()
        self.n_fft, self.hop_samples = n_fft, n_fft // 4
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        self.layers = nn.ModuleList(
            [
                weight_norm(nn.Conv2d(3, channels, (3, 9), stride=(1, 4), padding=(1, 4))),
                weight_norm(nn.Conv2d(channels, channels, (3, 9), stride=(1, 2), padding=(1, 4))),
                weight_norm(nn.Conv2d(channels, 2 * channels, (3, 9), stride=(1, 2), padding=(1, 4))),
                weight_norm(nn.Conv2d(2 * channels, 2 * channels, (3, 3), padding=1)),
            ]
        )
        self.post = weight_norm(nn.Conv2d(2 * channels, 1, (3, 3), padding=1))

    def forward(self, wave: Float[Tensor, "B 1 S"]) -> tuple[Tensor, list[Tensor]]:
        """Scores (B, n) and the layers' outputs for feature matching."""
        spectrum = torch.stft(
            wave[:, 0].float(), self.n_fft, self.hop_samples, window=self.window, center=True, return_complex=True
        ).transpose(1, 2)
        x = torch.view_as_real(spectrum).movedim(-1, 1)
        power = x.square().sum(dim=1, keepdim=True) + QUIETEST_POWER
        # |X|^½ keeps the quiet upper harmonics in sight; the logarithm shows texture whatever the phase
        x = torch.cat([x / power.pow(0.25), LOG_SCALE * torch.log(power)], dim=1)
        features = []
        for layer in self.layers:
            x = leaky_relu(layer(x), SLOPE)
            features.append(x)
        x = self.post(x)
        return x.flatten(1), [*features, x]


class MultiResolutionDiscriminator(nn.Module):
    """Several resolutions side by side."""

    def __init__(self, sizes: Sequence[int] = (512, 1024, 2048), channels: int = 16) -> None:
        super().__init__()
        self.discriminators = nn.ModuleList(SpectrogramDiscriminator(size, channels) for size in sizes)

    def forward(self, wave: Float[Tensor, "B 1 S"]) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Scores and features, one entry a resolution."""
        judged = [discriminator(wave) for discriminator in self.discriminators]
        return [scores for scores, _ in judged], [features for _, features in judged]
