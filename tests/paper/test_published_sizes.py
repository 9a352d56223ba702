"""Blocks, widths and parameter counts beside the published ones (§3.2, Table 1, VITS, HiFi-GAN).

Networks are built on the meta device: they have shapes, but no memory.
"""

import pytest
import torch
from torch import nn

from visinger.configuration import build, read_recipe
from visinger.models import counting
from visinger.models.counting import folded_parameters
from visinger.models.parts.discriminators import MultiPeriodDiscriminator, MultiScaleDiscriminator
from visinger.models.parts.fft_block import FFTBlock
from visinger.models.parts.hifigan_decoder import HiFiGANConfig, HiFiGANDecoder
from visinger.models.parts.weight_norm import fold
from visinger.models.visinger import FlowConfig, VISinger, VISingerConfig

OPENCPOP_PHONEMES = 62


@pytest.fixture(scope="module")
def model() -> VISinger:
    return counting.published_model(OPENCPOP_PHONEMES)


def _million(module: nn.Module) -> float:
    return folded_parameters(module) / 1e6


def _blocks(part: nn.Module) -> list[FFTBlock]:
    return [module for module in part.modules() if isinstance(module, FFTBlock)]


def test_the_recipe_is_the_paper_and_says_nothing_else() -> None:
    assert build(VISingerConfig, read_recipe("visinger")["model"]) == VISingerConfig()


def test_every_part_has_the_blocks_that_the_paper_gives_it(model: VISinger) -> None:
    assert len(_blocks(model.text_encoder)) == 6
    assert len(_blocks(model.f0_predictor)) == 6
    assert len(_blocks(model.frame_prior)) == 4
    assert len(_blocks(model.phoneme_predictor)) == 2
    assert len(model.duration_predictor.convolutions) == 3
    assert len(model.flow.couplings) == 4
    assert len(model.posterior_encoder.body.gates) == 16


def test_the_score_is_embedded_at_the_published_widths(model: VISinger) -> None:
    encoder = model.text_encoder
    assert encoder.phoneme.embedding_dim == 256
    assert encoder.pitch.embedding_dim == 128
    assert encoder.duration.mix.out_features == 128
    assert (encoder.fuse.in_channels, encoder.fuse.out_channels) == (512, 192)


def test_the_latent_and_the_hidden_vectors_are_vits_wide(model: VISinger) -> None:
    assert model.posterior_encoder.out.out_channels == 2 * 192
    assert model.posterior_encoder.enter.in_channels == 513
    assert model.decoder.enter.in_channels == 192
    assert model.frame_prior.out.out_channels == 2 * 192


def test_an_fft_block_has_vits_size() -> None:
    with torch.device("meta"):
        block = FFTBlock(192)
    assert round(_million(block), 2) == 1.04


def test_the_hifi_gan_generator_has_its_published_size() -> None:
    published = HiFiGANConfig(rates=(8, 8, 2, 2), kernels=(16, 16, 4, 4))
    with torch.device("meta"):
        generator = HiFiGANDecoder(80, published, hop_samples=256)
    assert _million(generator) == pytest.approx(13.92, abs=0.01)


def test_our_hop_leaves_the_decoder_its_size(model: VISinger) -> None:
    assert _million(model.decoder) == pytest.approx(13.93, abs=0.01)


def test_the_discriminators_have_hifi_gans_sizes() -> None:
    with torch.device("meta"):
        periods, scales = MultiPeriodDiscriminator(), MultiScaleDiscriminator()
    assert _million(periods) == pytest.approx(41.1, abs=0.05)
    assert _million(scales) == pytest.approx(29.6, abs=0.05)
    assert len(periods.discriminators) == 5
    assert len(scales.discriminators) == 3


def test_the_inference_path_is_near_table_1_and_the_table_says_how_far(model: VISinger) -> None:
    total = sum(count.parameters for count in counting.part_counts(model)) / 1e6
    assert total == pytest.approx(36.50, abs=2.0)
    table = counting.parameter_table(model)
    assert f"{total:.2f}" in table
    assert "36.50" in table
    assert f"{total - 36.50:+.2f} M" in table


def test_the_explanation_of_the_difference_adds_up(model: VISinger) -> None:
    total = sum(count.parameters for count in counting.part_counts(model)) / 1e6
    added = _million(model.f0_predictor) + _million(model.frame_prior)
    table = counting.parameter_table(model)
    in_what_is_added, in_the_rest = added - (36.50 - 27.41), total - added - 27.41
    assert in_what_is_added + in_the_rest == pytest.approx(total - 36.50)
    assert f"{in_what_is_added:+.2f} M are therefore in what is added" in table
    assert f"{in_the_rest:+.2f} M in what VITS has too" in table


def test_folding_weight_norm_leaves_the_counted_parameters() -> None:
    config = HiFiGANConfig(channels=32)
    decoder = HiFiGANDecoder(8, config)
    counted = folded_parameters(decoder)
    z = torch.randn(1, 8, 3)
    with torch.no_grad():
        before = decoder(z)
        fold(decoder)
        torch.testing.assert_close(decoder(z), before)
    assert sum(p.numel() for p in decoder.parameters()) == counted


@pytest.mark.parametrize("removed", ["phoneme_predictor", "f0_predictor", "frame_prior"])
def test_what_table_2_removes_is_gone(removed: str, model: VISinger) -> None:
    with torch.device("meta"):
        ablated = VISinger(VISingerConfig(**{removed: False}), OPENCPOP_PHONEMES)
    whole = sum(p.numel() for p in model.parameters())
    assert sum(p.numel() for p in ablated.parameters()) < whole - 2_000_000


def test_table_2s_first_row_doubles_the_flow(model: VISinger) -> None:
    with torch.device("meta"):
        doubled = VISinger(VISingerConfig(flow=FlowConfig(couplings=8)), OPENCPOP_PHONEMES)
    assert folded_parameters(doubled.flow) == 2 * folded_parameters(model.flow)
