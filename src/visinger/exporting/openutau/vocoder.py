"""vocoder.onnx: the latent and the drawn pitch → 44.1 kHz (VISinger §2.2).

The decoder with its harmonic source as the voice has it, the voice's gain, a
fade at either end, and the resampler. For the editor a frame is the moment that
it begins (phonemes and pitch are read there), for the voice the 10 ms around
its centre: the wave is moved half a frame forward, or everything would sound
5 ms late.

Shapes: T frames · C latent channels · S samples of the voice · R samples at 44.1 kHz.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from visinger.exporting.openutau import chance
from visinger.exporting.openutau.resampler import Resampler
from visinger.models.parts.source import Source
from visinger.models.visinger import VISinger
from visinger.voices.openutau.contract import SAMPLE_RATE_HZ
from visinger.voices.rendering import FADE_SECONDS


class Vocoder(nn.Module):
    """What the editor calls the vocoder."""

    def __init__(self, model: VISinger, *, gain: float) -> None:
        super().__init__()
        self.decoder, self.gain = model.decoder, gain
        self.hop_samples = model.config.hop_samples
        self.fade_samples = min(round(FADE_SECONDS * model.config.sample_rate_hz), self.hop_samples)
        self.resample = Resampler(model.config.sample_rate_hz, SAMPLE_RATE_HZ)

    def forward(self, mel: Float[Tensor, "1 T C+1"], f0: Float[Tensor, "1 T"]) -> Float[Tensor, "1 R"]:
        z = mel[:, :, :-1].transpose(1, 2)
        if self.decoder.excited:
            sung_hz = f0 * (mel[:, :, -1] > 0.5).to(f0.dtype)
            start_phase = torch.zeros(1, dtype=torch.float64, device=f0.device)
            noise = chance.normal(f0[0], self.hop_samples, stream=2).reshape(1, -1)
            wave = self.decoder.decode(z, Source(sung_hz, start_phase, noise))[0][:, 0]
        else:
            wave = self.decoder(z)[:, 0]
        half = self.hop_samples // 2
        wave = torch.cat([wave[:, half:], torch.zeros_like(wave[:, :half])], dim=1)
        return self.resample(wave * self._fades(wave) * self.gain)

    def _fades(self, wave: Float[Tensor, "1 S"]) -> Float[Tensor, "1 S"]:
        """Up from 0 at the start and down to 0 at the end, in straight lines."""
        place = torch.arange(wave.shape[1], device=wave.device)
        left = torch.minimum(place, wave.shape[1] - 1 - place).to(wave.dtype)
        return (left / self.fade_samples).clamp(max=1.0)[None]
