"""Single boxes of Fig. 1 against numpy, music and their own definition."""

import math

import numpy as np
import pytest
import torch

from visinger import units
from visinger.models.parts.blocks import Blocks, BlocksConfig
from visinger.models.parts.discriminators import DiscriminatorConfig, PeriodDiscriminator
from visinger.models.parts.duration_predictor import DurationPredictor
from visinger.models.parts.f0_predictor import F0Predictor, note_log_f0, sung_hz
from visinger.models.parts.fft_block import RelativeAttention
from visinger.models.parts.hifigan_decoder import HiFiGANConfig, HiFiGANDecoder
from visinger.models.parts.length_regulator import LengthRegulator, owners
from visinger.models.parts.phoneme_predictor import phonemes_in_window
from visinger.models.parts.slicing import slice_frames, slice_samples
from visinger.phrasing import regulation


def test_the_length_regulator_is_numpys_repeat() -> None:
    torch.manual_seed(0)
    regulator = LengthRegulator(5)
    torch.nn.init.zeros_(regulator.place.weight)
    torch.nn.init.zeros_(regulator.place.bias)
    text, frames = torch.randn(1, 5, 4), torch.tensor([[3, 1, 0, 4]])
    owner, position = owners(frames, 8)
    with torch.no_grad():
        expanded = regulator(text, owner, position)[0].numpy()
    np.testing.assert_array_equal(expanded, np.repeat(text[0].numpy(), frames[0].numpy(), axis=1))


def test_training_and_singing_place_frames_in_phonemes_alike() -> None:
    frames = np.array([3, 1, 0, 40, 7])
    owner, position = owners(torch.tensor(frames)[None], int(frames.sum()))
    expected_owner, expected_position = regulation.owners(frames)
    np.testing.assert_array_equal(owner[0].numpy(), expected_owner)
    np.testing.assert_allclose(position[0].numpy(), expected_position, rtol=1e-6)


def test_a_window_has_the_owners_of_its_frames() -> None:
    frames = torch.tensor([[3, 5, 2, 6], [4, 4, 4, 4]])
    whole_owner, whole_position = owners(frames, 16)
    owner, position = owners(frames, 6, torch.tensor([2, 9]))
    for take, first in enumerate((2, 9)):
        assert torch.equal(owner[take], whole_owner[take, first : first + 6])
        torch.testing.assert_close(position[take], whole_position[take, :, first : first + 6])


def test_frames_after_the_end_belong_to_a_phoneme_that_exists() -> None:
    owner, position = owners(torch.tensor([[2, 3, 0]]), 9)
    assert owner.max() <= 2
    assert position[:, 0].max() <= 1.0
    assert torch.isfinite(position).all()


def test_a_note_sings_its_equal_tempered_pitch() -> None:
    log_f0 = note_log_f0(torch.tensor([[69, 60, 48]]))
    np.testing.assert_allclose(np.exp(log_f0[0].numpy()), units.hz_from_midi([69, 60, 48]), rtol=1e-5)


def test_rests_hold_the_note_before_them_and_the_first_note_reaches_back() -> None:
    pitches = torch.tensor([[0, 62, 0, 0, 65, 0], [0, 0, 0, 0, 0, 0]])
    expected = units.hz_from_midi([[62, 62, 62, 62, 65, 65], [60] * 6])
    np.testing.assert_allclose(np.exp(note_log_f0(pitches).numpy()), expected, rtol=1e-5)


def test_an_untrained_f0_predictor_sings_the_notes() -> None:
    predictor = F0Predictor(8, BlocksConfig(count=1, filter_channels=16))
    note = torch.log(torch.tensor([[220.0, 220.0, 330.0]]))
    log_f0, voicing = predictor(torch.randn(1, 8, 3), note, torch.ones(1, 1, 3))
    torch.testing.assert_close(log_f0, note)
    torch.testing.assert_close(sung_hz(log_f0, torch.tensor([[2.0, -2.0, 0.1]])), torch.tensor([[220.0, 0.0, 330.0]]))
    assert not voicing.any()


def test_a_transposed_residual_moves_the_contour_by_its_interval() -> None:
    predictor = F0Predictor(8, BlocksConfig(count=1, filter_channels=16))
    torch.nn.init.constant_(predictor.out.bias, math.log(2) / 12)
    note = torch.log(torch.full((1, 4), 440.0))
    log_f0, _ = predictor(torch.randn(1, 8, 4), note, torch.ones(1, 1, 4))
    np.testing.assert_allclose(units.cents_between(log_f0.exp().detach().numpy(), 440.0), 100.0, atol=0.01)


def test_an_untrained_duration_predictor_says_half_a_note() -> None:
    torch.manual_seed(0)
    predictor = DurationPredictor(8, filter_channels=16).eval()
    torch.nn.init.zeros_(predictor.out.weight)
    mask = torch.tensor([[[1.0, 1.0, 0.0]]])
    frames = predictor(torch.randn(1, 8, 3), torch.tensor([[40, 7, 9]]), mask)
    torch.testing.assert_close(frames, torch.tensor([[20.0, 3.5, 0.0]]))


@pytest.mark.parametrize("elastic", [False, True])
def test_durations_are_positive(elastic) -> None:
    torch.manual_seed(0)
    predictor = DurationPredictor(8, filter_channels=16, elastic=elastic)
    torch.nn.init.normal_(predictor.out.weight, std=2.0)
    note_frames = torch.randint(1, 500, (4, 30))
    assert (predictor(torch.randn(4, 8, 30), note_frames, torch.ones(4, 1, 30)) > 0).all()


def test_an_elastic_phoneme_lasts_as_its_note_or_the_same_in_every_note() -> None:
    torch.manual_seed(0)
    predictor = DurationPredictor(8, filter_channels=16, elastic=True).eval()
    torch.nn.init.zeros_(predictor.out.weight)
    text, mask, note_frames = torch.randn(1, 8, 3), torch.ones(1, 1, 3), torch.tensor([[10, 20, 40]])
    torch.nn.init.zeros_(predictor.elasticity.weight)
    torch.nn.init.constant_(predictor.elasticity.bias, 30.0)
    torch.testing.assert_close(predictor(text, note_frames, mask), torch.tensor([[5.0, 10.0, 20.0]]))
    torch.nn.init.constant_(predictor.elasticity.bias, -30.0)
    torch.testing.assert_close(predictor(text, note_frames, mask), torch.tensor([[10.0, 10.0, 10.0]]))


def test_ctc_aims_at_the_phonemes_whose_middle_is_in_the_window() -> None:
    phonemes = torch.tensor([[5, 6, 7, 8, 9], [5, 6, 7, 0, 0]])
    # first take: middles at 2, 6, 8, 10, 15 frames; the third has no frames
    frames = torch.tensor([[4, 4, 0, 4, 6], [10, 10, 10, 0, 0]])
    targets, counts = phonemes_in_window(
        phonemes,
        frames,
        phoneme_counts=torch.tensor([5, 3]),
        window_starts=torch.tensor([6, 16]),
        frame_counts=torch.tensor([9, 9]),
    )
    assert counts.tolist() == [2, 0]
    assert targets[0, :2].tolist() == [6, 8]
    assert not targets[0, 2:].any()
    assert not targets[1].any()


def test_every_phoneme_is_in_exactly_one_of_the_windows_that_tile_a_take() -> None:
    rng = torch.Generator().manual_seed(0)
    frames = torch.randint(1, 9, (1, 30), generator=rng)
    phonemes = torch.arange(1, 31)[None]
    total = int(frames.sum())
    found = []
    for first in range(0, total, 16):
        targets, counts = phonemes_in_window(
            phonemes,
            frames,
            phoneme_counts=torch.tensor([30]),
            window_starts=torch.tensor([first]),
            frame_counts=torch.tensor([min(16, total - first)]),
        )
        found += targets[0, : int(counts)].tolist()
    assert found == list(range(1, 31))


def test_slices_of_frames_and_samples_are_the_same_stretch() -> None:
    frames = torch.arange(20.0).view(2, 1, 10)
    samples = frames[:, 0].repeat_interleave(3, dim=1)
    starts = torch.tensor([2, 6])
    cut = slice_frames(frames, starts, 4)
    assert cut[:, 0].tolist() == [[2, 3, 4, 5], [16, 17, 18, 19]]
    assert torch.equal(slice_samples(samples, starts, 4, hop_samples=3), cut[:, 0].repeat_interleave(3, dim=1))


@pytest.mark.parametrize("kind", ["fft", "convnext"])
def test_padding_never_reaches_the_frames_that_count(kind: str) -> None:
    torch.manual_seed(0)
    blocks = Blocks(8, BlocksConfig(count=2, kind=kind, filter_channels=16)).eval()
    x = torch.randn(1, 8, 10)
    mask = (torch.arange(16) < 10).float()[None, None]
    noisy = torch.cat([x, 100 * torch.randn(1, 8, 6)], dim=2)
    with torch.no_grad():
        torch.testing.assert_close(blocks(noisy, mask)[..., :10], blocks(x, torch.ones(1, 1, 10)), rtol=1e-4, atol=1e-5)
        assert not blocks(noisy, mask)[..., 10:].any()


@pytest.mark.parametrize("rates", [(6, 10, 2, 2), (10, 6, 2, 2), (4, 2)])
def test_a_hifi_gan_frame_hears_no_further_than_its_stated_context(rates: tuple[int, ...]) -> None:
    """Chunks with that much context equal one pass. The reach is read off the gradient."""
    torch.manual_seed(0)
    config = HiFiGANConfig(channels=2 ** (len(rates) + 1), rates=rates, kernels=tuple(2 * rate for rate in rates))
    hop = math.prod(rates)
    decoder = HiFiGANDecoder(2, config, hop_samples=hop).double()
    for parameter in decoder.parameters():
        torch.nn.init.uniform_(parameter, 0.01, 0.02)  # positive weights: no influence cancels
    context, middle = decoder.context_frames, 35
    z = torch.rand(1, 2, 71, dtype=torch.double, requires_grad=True)
    wave = decoder(z)
    assert wave.shape == (1, 1, 71 * hop)
    wave[0, 0, middle * hop : (middle + 1) * hop].sum().backward()
    heard = z.grad[0].abs().sum(dim=0).nonzero()[:, 0]
    assert int((heard - middle).abs().max()) == context


def test_a_wave_that_does_not_fill_the_last_period_is_mirrored() -> None:
    judge = PeriodDiscriminator(7, width=0.02)
    scores, features = judge(torch.randn(1, 1, 1000))
    assert features[0].shape[3] == 7
    assert scores.shape == features[-1].flatten(1).shape


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: BlocksConfig(count=1, kind="lstm"), "no block kind 'lstm': one of fft convnext"),
        (lambda: BlocksConfig(count=1, kernel_size=4), "must be odd"),
        (lambda: RelativeAttention(10, heads=3), "10 channels cannot be shared by 3 heads"),
        (lambda: HiFiGANConfig(rates=(5,), kernels=(8,)), "even number"),
        (lambda: HiFiGANDecoder(4, HiFiGANConfig(), hop_samples=256), "not 256"),
        (lambda: DiscriminatorConfig(periods=(), scales=0), "no discriminator is left"),
    ],
)
def test_impossible_sizes_are_refused_with_the_reason(make: object, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        make()
