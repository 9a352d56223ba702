"""A tiny VISinger and made-up takes for it."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from visinger.models.batch import Batch
from visinger.models.parts.blocks import BlocksConfig
from visinger.models.parts.harmonic_decoder import HarmonicDecoderConfig
from visinger.models.parts.hifigan_decoder import HiFiGANConfig
from visinger.models.visinger import (
    DurationConfig,
    EmbeddingConfig,
    FlowConfig,
    PosteriorConfig,
    SpectrumConfig,
    VISinger,
    VISingerConfig,
)

PHONEMES, LATENT, HOP, SEGMENT_FRAMES = 12, 8, 240, 6


@pytest.fixture
def tiny() -> VISingerConfig:
    """Every part of the paper's, a few channels wide and without dropout."""
    blocks = BlocksConfig(count=1, filter_channels=16, dropout=0.0)
    return VISingerConfig(
        hidden=8,
        latent=LATENT,
        embedding=EmbeddingConfig(phoneme=8, pitch=4, duration=4),
        spectrum=SpectrumConfig(n_fft=1024),
        text_blocks=blocks,
        f0_blocks=blocks,
        prior_blocks=blocks,
        phoneme_blocks=blocks,
        duration=DurationConfig(filter_channels=8, dropout=0.0),
        posterior=PosteriorConfig(hidden=8, layers=2),
        flow=FlowConfig(couplings=2, hidden=8, layers=1),
        hifigan=HiFiGANConfig(channels=16, block_kernels=(3,), dilations=(1,)),
        harmonic=HarmonicDecoderConfig(channels=8, blocks=1),
    )


@pytest.fixture
def make_batch() -> Callable[..., Batch]:
    """`make_batch(frames of each take, padded_to=…)`: takes whose content depends on their length alone."""
    return _batch


@pytest.fixture
def make_model(tiny: VISingerConfig) -> Callable[..., VISinger]:
    """`make_model(field=value, …)`: a tiny model that differs from `tiny` in these fields, no part of it silent."""

    def make(**changed: object) -> VISinger:
        torch.manual_seed(7)
        model = VISinger(replace(tiny, **changed), PHONEMES)
        for parameter in model.parameters():  # parts that start at zero would hide mistakes
            if not parameter.any():
                torch.nn.init.normal_(parameter, std=0.1)
        return model

    return make


def _batch(takes: tuple[int, ...] = (14, 20), *, padded_to: int | None = None, noted: int = 6) -> Batch:
    made = [_take(frames) for frames in takes]
    length = padded_to or max(takes)
    most = max([noted, *(len(take["frames"]) for take in made)])
    sizes = {"f0_hz": length, "samples": length * HOP, "posterior_noise": length}

    def stacked(name: str) -> torch.Tensor:
        rows = [take[name] for take in made]
        size = sizes.get(name, most if rows[0].dtype == torch.int64 else rows[0].shape[-1])
        return torch.stack([torch.nn.functional.pad(row, (0, size - row.shape[-1])) for row in rows])

    names = ("phonemes", "pitches", "note_frames", "frames", "f0_hz", "samples", "posterior_noise", "source_noise")
    return Batch(
        names=tuple(f"take-{frames}" for frames in takes),
        phoneme_counts=torch.tensor([len(take["frames"]) for take in made]),
        window_starts=torch.zeros(len(takes), dtype=torch.int64),
        frame_counts=torch.tensor(takes),
        segment_starts=torch.tensor([frames // 3 for frames in takes]),
        **{name: stacked(name) for name in names},
    )


def _take(frames: int) -> dict[str, torch.Tensor]:
    rng = torch.Generator().manual_seed(frames)
    lengths = [frames // 4, frames // 3]
    lengths.append(frames - sum(lengths))
    f0_hz = 200.0 + 60.0 * torch.rand(frames, generator=rng)
    f0_hz[: frames // 4] = 0.0
    time = torch.arange(frames * HOP) / 24_000
    return {
        "phonemes": torch.randint(1, PHONEMES, (3,), generator=rng),
        "pitches": torch.tensor([0, 57, 60]),
        "note_frames": torch.tensor([frames // 4, frames, frames]),
        "frames": torch.tensor(lengths),
        "f0_hz": f0_hz,
        "samples": 0.3 * torch.sin(2 * torch.pi * 230 * time) + 0.02 * torch.randn(frames * HOP, generator=rng),
        "posterior_noise": torch.randn(LATENT, frames, generator=rng),
        "source_noise": torch.randn(SEGMENT_FRAMES * HOP, generator=rng),
    }
