"""A VISinger small enough to export in a test, with random weights that sing on pitch."""

from fractions import Fraction
from pathlib import Path

import torch

from visinger import language
from visinger.configuration import as_table
from visinger.exporting import Exported, VoiceFacts, export_model
from visinger.models.parts.blocks import BlocksConfig
from visinger.models.parts.harmonic_decoder import HarmonicDecoderConfig
from visinger.models.parts.hifigan_decoder import HiFiGANConfig
from visinger.models.visinger import (
    DurationConfig,
    EmbeddingConfig,
    FlowConfig,
    PosteriorConfig,
    VISinger,
    VISingerConfig,
)
from visinger.score.score import Note, Part, Score, Tempo, TempoMap

WIDTH = 16
SYMBOLS = tuple(sorted(language.phoneme_set("ja")))
FACTS = VoiceFacts(
    name="tiny",
    language="ja",
    singer="chance",
    licence="CC0-1.0",
    credit="nobody",
    lowest_midi=55,
    highest_midi=76,
    gain=4.0,
    recipe="tiny",
)


def tiny_config(decoder: str = "harmonic") -> VISingerConfig:
    """The paper's kinds of blocks, one of each, 16 wide."""
    block = BlocksConfig(count=1, filter_channels=32)
    return VISingerConfig(
        hidden=WIDTH,
        latent=WIDTH,
        embedding=EmbeddingConfig(16, 8, 8),
        text_blocks=block,
        f0_blocks=block,
        prior_blocks=block,
        phoneme_blocks=block,
        duration=DurationConfig(layers=1, filter_channels=WIDTH),
        posterior=PosteriorConfig(hidden=WIDTH, layers=2),
        flow=FlowConfig(couplings=2, hidden=WIDTH, layers=1),
        decoder=decoder,
        harmonic=HarmonicDecoderConfig(channels=WIDTH, blocks=1),
        hifigan=HiFiGANConfig(channels=32, rates=(15, 16), kernels=(31, 32), block_kernels=(3, 5), dilations=(1, 3)),
    )


def tiny_model(decoder: str = "harmonic") -> VISinger:
    """Random weights from a fixed seed; its voicing says yes, its flow is not the identity."""
    torch.manual_seed(20)
    model = VISinger(tiny_config(decoder), len(SYMBOLS) + 1)
    with torch.no_grad():
        model.f0_predictor.out.weight.normal_(std=0.003)
        model.f0_predictor.out.bias.copy_(torch.tensor([0.0, 3.0]))
        for coupling in model.flow.couplings:
            coupling.out.weight.normal_(std=0.1)
    return model.eval()


def export_tiny(folder: Path) -> Exported:
    """The tiny model's voice."""
    model = tiny_model()
    return export_model(model, SYMBOLS, folder, facts=FACTS, recipe={"model": as_table(model.config)}, steps=0)


def kana_score(*notes: tuple[str | None, int, int], quarters_per_minute: int = 120, part: str = "voice") -> Score:
    """A score of (lyric, MIDI pitch, ticks) one after the other; a pitch of 0 rests."""
    sung, tick = [], 0
    for lyric, pitch, ticks in notes:
        if pitch:
            beat = 1 + Fraction(tick % 1920, 480)
            sung.append(Note(tick, ticks, pitch, lyric, bar=str(1 + tick // 1920), beat=beat))
        tick += ticks
    tempos = TempoMap((Tempo(0, Fraction(quarters_per_minute)),))
    return Score((Part(part, tuple(sung)),), tempos, length_ticks=tick, language="ja")
