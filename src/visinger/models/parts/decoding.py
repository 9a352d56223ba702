"""A segment decoded beside the recording's (VISinger §2.2: only a slice of z reaches the decoder; L_recon of eq. 3).

What all systems that make waves share in training.

Shapes: B takes · C channels · T frames of the window · R samples of the segment.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from visinger import losses
from visinger.losses import Term
from visinger.models.batch import Batch
from visinger.models.parts.harmonic_decoder import HarmonicDecoder, HarmonicDecoderConfig
from visinger.models.parts.hifigan_decoder import HiFiGANConfig, HiFiGANDecoder
from visinger.models.parts.mask import within
from visinger.models.parts.slicing import slice_frames, slice_samples
from visinger.models.parts.source import Source
from visinger.models.parts.spectrogram import LinearSpectrogram, LogMel


@dataclass(frozen=True)
class Segment:
    """A decoded segment, the recording's, and the terms that compare them."""

    generated: Float[Tensor, "B 1 R"]
    real: Float[Tensor, "B 1 R"]
    terms: dict[str, Term]  # mel, sung_mel of the takes that are sung, and stft where it is asked for


@dataclass(frozen=True)
class Rates:
    """Samples and frames of a second of singing."""

    sample_rate_hz: int
    hop_samples: int


def _hifigan(channels: int, hifigan: HiFiGANConfig, harmonic: HarmonicDecoderConfig, rates: Rates) -> nn.Module:  # noqa: ARG001
    return HiFiGANDecoder(channels, hifigan, hop_samples=rates.hop_samples, sample_rate_hz=rates.sample_rate_hz)


def _harmonic(channels: int, hifigan: HiFiGANConfig, harmonic: HarmonicDecoderConfig, rates: Rates) -> nn.Module:  # noqa: ARG001
    return HarmonicDecoder(channels, harmonic, hop_samples=rates.hop_samples, sample_rate_hz=rates.sample_rate_hz)


# kind → decoder of that many input channels
DECODERS: dict[str, Callable[[int, HiFiGANConfig, HarmonicDecoderConfig, Rates], nn.Module]] = {
    "hifigan": _hifigan,
    "harmonic": _harmonic,
}


def decode(decoder: nn.Module, z: Float[Tensor, "B C T"], source: Source) -> Float[Tensor, "B 1 S"]:
    """Eq. 2. Decoders driven by F0 always work in single precision: their phases need it."""
    if not decoder.excited:
        return losses.decode(decoder, z, source)
    with single_precision(z):
        return losses.decode(decoder, z.float(), source)


def decode_segment(
    decoder: nn.Module,
    batch: Batch,
    z: Float[Tensor, "B C T"],
    source_hz: Float[Tensor, "B T"],
    *,
    spectrogram: LinearSpectrogram,
    log_mel: LogMel,
    stft: bool = False,
    sung: Bool[Tensor, "B"] | None = None,
) -> Segment:
    """Decode the batch's segment of the window and compare it with the recording's.

    `source_hz` drives decoders that have a source. `stft` adds the multi-resolution STFT distance. The mels of takes
    that are `sung`, whose z the prior drew, are a term of their own.
    """
    hop, starts = spectrogram.hop_samples, batch.segment_starts
    length = batch.source_noise.shape[1] // hop
    inside = within(batch.frame_counts - starts, length)
    source = Source(
        slice_frames(source_hz[:, None], starts, length)[:, 0] * inside[:, 0],
        torch.zeros(len(starts), dtype=torch.float64, device=z.device),
        batch.source_noise,
    )
    sounding = inside[:, 0].repeat_interleave(hop, dim=1)
    generated = decode(decoder, slice_frames(z, starts, length) * inside, source)[:, 0] * sounding
    real = slice_samples(batch.samples, starts, length, hop_samples=hop) * sounding
    terms = {}
    with single_precision(z):
        counts = inside[:, 0].sum(dim=1).long() * hop
        real_mel, drawn_mel = (log_mel(spectrogram(wave, counts)) for wave in (real, generated))
        compared = inside[:, 0] > 0
        if sung is not None:
            terms["sung_mel"] = losses.mel(real_mel, drawn_mel, compared & sung[:, None])
            compared = compared & ~sung[:, None]
        terms["mel"] = losses.mel(real_mel, drawn_mel, compared)
        if stft:
            terms["stft"] = losses.stft(real, generated.float())
    return Segment(generated[:, None], real[:, None], terms)


def single_precision(like: Tensor) -> torch.autocast:
    """A context in which nothing on that tensor's device is rounded to half precision."""
    return torch.autocast(device_type=like.device.type, enabled=False)
