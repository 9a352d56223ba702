"""Floors: copies of the recordings, the best that a vocoder or a latent could do.

`WorldCopy` takes a recording apart and puts it together again with WORLD.
`PosteriorCopy` sends it through the model's own posterior encoder and decoder
(VISinger Fig. 1, the path of training): what is lost there no prior can win
back. Both look at the recording, so they stand in the tables as floors.
"""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from visinger.audio import Wave
from visinger.corpora.take import Take
from visinger.signal.f0 import CEILING_HZ, FLOOR_HZ, world

PERIOD_MS = 5.0  # WORLD's own habit


class Copy(Protocol):
    """Makes a take's sound anew from its recording."""

    name: str

    def copy(self, take: Take, *, seed: int = 0) -> Wave:
        """As many samples as the recording has."""
        ...


def fitted(samples: NDArray[np.floating], count: int) -> NDArray[np.float32]:
    """The first `count` samples, silence added where there are fewer."""
    cut = np.asarray(samples[:count], dtype=np.float32)
    return np.pad(cut, (0, count - len(cut)))


class WorldCopy:
    """Analysis and resynthesis: F0 by DIO and StoneMask, CheapTrick, D4C, every 5 ms."""

    name = "WORLD copy"

    def copy(self, take: Take, *, seed: int = 0) -> Wave:  # noqa: ARG002 -- nothing is drawn
        vocoder, rate = world(), take.sample_rate_hz
        signal = np.ascontiguousarray(take.samples, dtype=np.float64)
        f0_hz, seconds = vocoder.dio(signal, rate, f0_floor=FLOOR_HZ, f0_ceil=CEILING_HZ, frame_period=PERIOD_MS)
        f0_hz = vocoder.stonemask(signal, f0_hz, seconds, rate)
        envelope = vocoder.cheaptrick(signal, f0_hz, seconds, rate)
        aperiodicity = vocoder.d4c(signal, f0_hz, seconds, rate)
        samples = vocoder.synthesize(f0_hz, envelope, aperiodicity, rate, PERIOD_MS)
        return Wave(fitted(samples, len(take.samples)), rate)


class PosteriorCopy:
    """Recording → posterior encoder → its mean → decoder, driven by the recorded F0.

    `model` is a `models.visinger.VISinger` in evaluation mode. The mean is
    taken, not a draw: the copy is to show what the latent can hold.
    """

    name = "posterior copy"

    def __init__(self, model: Any) -> None:
        self.model = model

    def copy(self, take: Take, *, seed: int = 0) -> Wave:
        """Raises ValueError when the model works at another frame rate than the take."""
        import torch

        from visinger.models.parts.source import Source

        config = self.model.config
        if (config.sample_rate_hz, config.hop_samples) != (take.sample_rate_hz, take.hop_samples):
            raise ValueError(f"{take.name} is not at the model's {config.sample_rate_hz} Hz / {config.hop_samples}")
        noise = np.random.default_rng(seed).standard_normal(len(take.samples)).astype(np.float32)
        with torch.inference_mode():
            mask = torch.ones(1, 1, take.phrase.frames)
            spectrum = self.model.spectrogram(torch.from_numpy(np.array(take.samples, np.float32))[None])
            latent, _ = self.model.posterior_encoder(spectrum, mask)
            source = Source(
                torch.from_numpy(np.array(take.f0_hz, np.float32))[None],
                torch.zeros(1, dtype=torch.float64),
                torch.from_numpy(noise)[None],
            )
            samples = self.model.decode(latent, source)[0, 0].float().numpy()
        return Wave(fitted(samples, len(take.samples)), take.sample_rate_hz)
