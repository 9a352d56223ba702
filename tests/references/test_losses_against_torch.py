"""Losses against torch.distributions, brute force and hand-made examples."""

import itertools
import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from visinger import losses
from visinger.models.parts.flow import Flow


@torch.no_grad()
def test_kl_equals_torchs_in_expectation_when_the_flow_is_the_identity() -> None:
    torch.manual_seed(5)
    draws, channels, frames = 20_000, 4, 2
    mean, log_std, prior_mean, prior_log_std = torch.randn(4, 1, channels, frames) * 0.5
    z = losses.posterior_sample(mean, log_std, torch.randn(draws, channels, frames))
    mask = torch.ones(draws, 1, frames)
    flowed, log_det = Flow(channels, 4, couplings=2, layers=1)(z, mask)
    density = losses.log_prior_density(flowed, prior_mean.expand_as(z), prior_log_std.expand_as(z))
    ours = losses.kl(log_std.expand_as(z), density, log_det, mask).mean
    exact = kl_divergence(Normal(mean, log_std.exp()), Normal(prior_mean, prior_log_std.exp()))
    assert float(ours) == pytest.approx(float(exact.sum() / frames), rel=0.02)


def test_the_prior_density_is_torchs_normal() -> None:
    flowed, mean, log_std = torch.randn(3, 2, 5, 7)
    expected = Normal(mean, log_std.exp()).log_prob(flowed)
    torch.testing.assert_close(losses.log_prior_density(flowed, mean, log_std), expected)


def test_a_flow_that_scales_lowers_kl_by_its_log_determinant() -> None:
    density, mask = torch.zeros(2, 3, 4), torch.ones(2, 1, 4)
    plain = losses.kl(torch.zeros(2, 3, 4), density, torch.zeros(2), mask)
    scaled = losses.kl(torch.zeros(2, 3, 4), density, torch.tensor([1.5, 2.0]), mask)
    assert float(plain.total - scaled.total) == pytest.approx(3.5)


def _brute_force_ctc(probabilities: torch.Tensor, target: list[int]) -> float:
    """−log of the summed probability of every frame path that collapses to the target."""
    classes, frames = probabilities.shape
    total = 0.0
    for path in itertools.product(range(classes), repeat=frames):
        collapsed = [symbol for symbol, _ in itertools.groupby(path) if symbol != losses.BLANK]
        if collapsed == target:
            total += math.prod(float(probabilities[symbol, t]) for t, symbol in enumerate(path))
    return -math.log(total)


def test_ctc_is_the_sum_over_all_paths() -> None:
    torch.manual_seed(2)
    logits = torch.randn(2, 3, 5)
    targets = torch.tensor([[1, 2, 0], [2, 2, 1]])
    term, hidden = losses.ctc(logits, torch.tensor([4, 5]), targets, torch.tensor([2, 3]))
    probabilities = torch.softmax(logits, dim=1)
    expected = _brute_force_ctc(probabilities[0, :, :4], [1, 2]) / 2 + _brute_force_ctc(probabilities[1], [2, 2, 1]) / 3
    assert float(term.total) == pytest.approx(expected, rel=1e-5)
    assert (float(term.count), float(hidden.total)) == (2.0, 0.0)


def test_ctc_counts_the_takes_it_has_to_hide() -> None:
    logits = torch.randn(3, 4, 3, requires_grad=True)
    # 1 1 needs a blank between: three frames are enough, but not for 1 1 2
    targets = torch.tensor([[1, 1, 0], [1, 1, 2], [0, 0, 0]])
    term, hidden = losses.ctc(logits, torch.tensor([3, 3, 3]), targets, torch.tensor([2, 3, 0]))
    term.mean.backward()
    assert (float(term.count), float(hidden.total), float(hidden.count)) == (1.0, 1.0, 2.0)
    assert torch.isfinite(logits.grad).all()
    assert float(logits.grad[1].abs().max()) == 0.0


def test_the_f0_loss_hears_voiced_frames_only() -> None:
    f0_hz = torch.tensor([[220.0, 0.0, 440.0]])
    drawn = torch.log(torch.tensor([[220.0, 999.0, 440.0]])) + torch.tensor([[0.1, 5.0, -0.2]])
    term = losses.f0(drawn, f0_hz, torch.tensor([[True, True, True]]))
    assert float(term.total) == pytest.approx(0.01 + 0.04, rel=1e-4)
    assert float(term.count) == 2.0


def test_a_semitone_costs_the_square_of_its_natural_log() -> None:
    term = losses.f0(torch.log(torch.tensor([[466.164]])), torch.tensor([[440.0]]), torch.tensor([[True]]))
    assert float(term.mean) == pytest.approx((math.log(2) / 12) ** 2, rel=1e-4)


def test_voicing_is_binary_cross_entropy_over_frames_that_count() -> None:
    term = losses.voicing(
        torch.tensor([[0.0, 2.0, 9.0]]), torch.tensor([[0.0, 300.0, 0.0]]), torch.tensor([[True, True, False]])
    )
    assert float(term.total) == pytest.approx(math.log(2) + math.log(1 + math.exp(-2.0)), rel=1e-5)
    assert float(term.count) == 2.0


def test_the_stft_distance_grows_with_distance_and_is_zero_for_the_same_wave() -> None:
    torch.manual_seed(0)
    wave = torch.randn(2, 6000)
    assert float(losses.stft(wave, wave).total) == 0.0
    near, far = losses.stft(wave, wave * 1.1).mean, losses.stft(wave, wave * 2.0).mean
    # scaling by a: convergence |a − 1| and log distance log a, at every resolution
    assert float(near) == pytest.approx(0.1 + math.log(1.1), rel=1e-3)
    assert float(far) == pytest.approx(1.0 + math.log(2.0), rel=1e-3)


def test_mel_distance_counts_bands_and_frames_in_the_mask() -> None:
    real, drawn = torch.zeros(1, 2, 3), torch.full((1, 2, 3), 0.5)
    term = losses.mel(real, drawn, torch.tensor([[True, True, False]]))
    assert (float(term.total), float(term.count)) == (2.0, 4.0)


def test_terms_of_two_halves_add_up_to_the_whole() -> None:
    torch.manual_seed(1)
    real, drawn, mask = torch.randn(4, 8, 10), torch.randn(4, 8, 10), torch.rand(4, 10) > 0.3
    whole = losses.mel(real, drawn, mask)
    halves = [losses.mel(real[half], drawn[half], mask[half]) for half in (slice(0, 2), slice(2, 4))]
    together = (halves[0].total + halves[1].total) / (halves[0].count + halves[1].count)
    torch.testing.assert_close(together, whole.mean)
