"""Harmonic-plus-noise decoder: the `small` recipe's answer to VISinger §2.2 (beyond the paper).

All learning happens at the frame rate. From the latent z and the F0 contour the
network draws, for each frame, a filter for the harmonic source (magnitude and
phase) and one for the noise (magnitude, and four gains inside the frame that
let a burst be shorter than a window). The filtered spectra are added and an
inverse STFT makes the wave. Pitch is therefore exact and cannot drop out.

Shapes: B phrases · C latent channels · T frames · F bins · S samples, S = T × hop.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from visinger.models.parts.convnext import ConvNeXtBlock
from visinger.models.parts.source import Source, harmonics

GAINS_A_FRAME = 4
QUIETEST, LOUDEST = -9.0, 4.0  # natural log of a filter's gain
OVERLAP = 4  # synthesis window = 4 hops: a Hann window whose squares add up exactly


@dataclass(frozen=True)
class HarmonicDecoderConfig:
    """Sizes of the decoder; the window is always four hops."""

    channels: int = 256
    blocks: int = 8
    kernel_size: int = 7
    expansion: int = 3


class HarmonicDecoder(nn.Module):
    """z and F0 → wave, by filtering harmonics and noise in the STFT domain."""

    excited = True

    def __init__(
        self,
        latent_channels: int,
        config: HarmonicDecoderConfig,
        *,
        hop_samples: int = 240,
        sample_rate_hz: int = 24_000,
    ) -> None:
        super().__init__()
        self.hop_samples, self.sample_rate_hz = hop_samples, sample_rate_hz
        self.window_samples = OVERLAP * hop_samples
        self.bins = self.window_samples // 2 + 1
        self.pre = nn.Conv1d(latent_channels + 2, config.channels, 3, padding=1)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(config.channels, config.kernel_size, config.expansion) for _ in range(config.blocks)
        )
        self.norm = nn.LayerNorm(config.channels)
        self.post = nn.Conv1d(config.channels, 3 * self.bins + GAINS_A_FRAME, 1)
        self._start_quiet()
        # the network's reach, then the frames that share samples with a frame's windows
        self.context_frames = 1 + sum(block.reach for block in self.blocks) + 2 * (OVERLAP - 1)
        for name, basis in zip(("analysis", "synthesis"), _fourier_bases(self.window_samples), strict=True):
            self.register_buffer(name, basis, persistent=False)
        self.register_buffer("window_power", torch.hann_window(self.window_samples)[None, None] ** 2, persistent=False)

    def _start_quiet(self) -> None:
        """Begin near a plausible level, with the source's own phase and a flat noise envelope."""
        nn.init.normal_(self.post.weight, std=0.01)
        with torch.no_grad():
            self.post.bias.zero_()
            self.post.bias[: self.bins] = -4.0
            self.post.bias[2 * self.bins : 3 * self.bins] = -5.0

    def forward(self, z: Float[Tensor, "B C T"], source: Source) -> Float[Tensor, "B 1 S"]:
        return self.decode(z, source)[0]

    def decode(self, z: Tensor, source: Source) -> tuple[Tensor, Tensor]:
        """The wave (B, 1, S) and the source's phase at every frame's start and at the end (B, T + 1), float64."""
        magnitude, phase, noise_magnitude, gains = self._filters(z, source.f0_hz)
        wave, phases = harmonics(source.f0_hz, source.start_phase, self.hop_samples, self.sample_rate_hz)
        noise = source.noise.reshape(*gains.shape, -1) * gains[..., None]
        voiced_real, voiced_imaginary = self._spectrum(wave)
        noise_real, noise_imaginary = self._spectrum(noise.reshape(wave.shape))
        across, along = magnitude * torch.cos(phase), magnitude * torch.sin(phase)
        real = voiced_real * across - voiced_imaginary * along + noise_real * noise_magnitude
        imaginary = voiced_real * along + voiced_imaginary * across + noise_imaginary * noise_magnitude
        return self._overlap_add(real, imaginary), phases

    def _filters(self, z: Tensor, f0_hz: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Harmonic magnitude, harmonic phase and noise magnitude (B, F, T), and the noise's gains (B, T, 4)."""
        voiced = (f0_hz > 0).to(z.dtype)
        log_f0 = torch.log(f0_hz.clamp(min=20.0) / 220.0) * voiced
        hidden = self.pre(torch.cat([z, log_f0[:, None], voiced[:, None]], dim=1))
        for block in self.blocks:
            hidden = block(hidden)
        hidden = self.norm(hidden.transpose(1, 2)).transpose(1, 2)
        drawn = self.post(hidden)
        magnitude, phase, noise_magnitude, gains = drawn.split([self.bins, self.bins, self.bins, GAINS_A_FRAME], dim=1)
        return (
            torch.exp(magnitude.clamp(QUIETEST, LOUDEST)),
            phase,
            torch.exp(noise_magnitude.clamp(QUIETEST, LOUDEST)),
            torch.exp(2.0 * torch.tanh(gains)).transpose(1, 2),
        )

    def _bases(self) -> tuple[Tensor, Tensor]:
        """Analysis and synthesis kernels; an exported graph computes them once when loaded, not storing 7 MB."""
        if torch.compiler.is_exporting():
            return _fourier_bases(self.window_samples)
        return self.analysis, self.synthesis

    def _spectrum(self, wave: Float[Tensor, "B S"]) -> tuple[Tensor, Tensor]:
        """Real and imaginary STFT (B, F, T), frame t centred on t × hop + hop / 2."""
        reach = (self.window_samples - self.hop_samples) // 2
        padded = nn.functional.pad(wave[:, None], (reach, reach))
        both = nn.functional.conv1d(padded, self._bases()[0], stride=self.hop_samples)
        return both.split(self.bins, dim=1)  # type: ignore[return-value]

    def _overlap_add(self, real: Tensor, imaginary: Tensor) -> Float[Tensor, "B 1 S"]:
        """Inverse STFT as one transposed convolution, divided by the windows' power."""
        reach = (self.window_samples - self.hop_samples) // 2
        spectrum = torch.cat([real, imaginary], dim=1)
        wave = nn.functional.conv_transpose1d(spectrum, self._bases()[1], stride=self.hop_samples)
        ones = torch.ones_like(spectrum[:1, :1])
        power = nn.functional.conv_transpose1d(ones, self.window_power, stride=self.hop_samples)
        return (wave / power.clamp(min=1e-3))[..., reach:-reach]


def _fourier_bases(size: int) -> tuple[Tensor, Tensor]:
    """Windowed real DFT as convolution kernels: analysis and synthesis, each (2F, 1, size)."""
    bins = torch.arange(size // 2 + 1)
    place = torch.arange(size)
    angle = (bins[:, None] * place % size).float() * (2 * math.pi / size)  # the integers keep it exact
    window = torch.sin(place.float() * (math.pi / size)) ** 2  # periodic Hann
    twice = torch.where((bins == 0) | (bins == size // 2), 1.0, 2.0)[:, None]
    analysis = torch.cat([torch.cos(angle), -torch.sin(angle)]) * window
    synthesis = torch.cat([torch.cos(angle) * twice, -torch.sin(angle) * twice]) * (window / size)
    return analysis[:, None], synthesis[:, None]
