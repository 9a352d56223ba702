"""Equations 1-11 worked by hand (VISinger §2)."""

import math

import pytest
import torch

from visinger import losses
from visinger.losses import Term
from visinger.models.parts.duration_predictor import DurationPredictor


def _term(total: float, count: float) -> Term:
    return Term(torch.tensor(total), torch.tensor(count))


# A bar of 4/4 at 120 quarters a minute, 200 frames: a half note "sh i" (100 frames),
# a quarter "m ao" (50) and a quarter's rest (50).
NOTE_FRAMES = torch.tensor([[100, 100, 50, 50, 50]])
RATIOS = torch.tensor([[0.12, 0.88, 0.10, 0.90, 1.00]])
RECORDED = torch.tensor([[10, 92, 4, 44, 50]])


def test_equation_8_makes_frames_of_ratios_on_a_bar() -> None:
    predicted = losses.predicted_duration(RATIOS, NOTE_FRAMES)
    torch.testing.assert_close(predicted, torch.tensor([[12.0, 88.0, 5.0, 45.0, 50.0]]))


def test_the_phonemes_of_a_bar_fill_it_when_their_ratios_fill_their_notes() -> None:
    assert float(losses.predicted_duration(RATIOS, NOTE_FRAMES).sum()) == pytest.approx(200.0)


def test_equation_7_on_a_bar() -> None:
    predicted = losses.predicted_duration(RATIOS, NOTE_FRAMES)
    term = losses.duration(predicted, RECORDED, torch.ones(1, 5, dtype=torch.bool))
    # errors 2, −4, 1, 1, 0 frames
    assert float(term.total) == pytest.approx(4 + 16 + 1 + 1 + 0, abs=1e-4)
    assert float(term.count) == 5.0


def test_equation_7_leaves_padding_out() -> None:
    mask = torch.tensor([[True, True, True, False, False]])
    term = losses.duration(losses.predicted_duration(RATIOS, NOTE_FRAMES), RECORDED, mask)
    assert (float(term.total), float(term.count)) == (pytest.approx(21.0, abs=1e-4), 3.0)


def test_without_note_norm_the_predictor_speaks_in_frames() -> None:
    text, mask = torch.randn(1, 8, 2), torch.ones(1, 1, 2)
    short, long = torch.tensor([[10, 100]]), torch.tensor([[20, 200]])
    plain = DurationPredictor(8, filter_channels=16, note_norm=False).eval()
    normed = DurationPredictor(8, filter_channels=16).eval()
    torch.testing.assert_close(plain(text, long, mask), plain(text, short, mask))
    torch.testing.assert_close(normed(text, long, mask), 2 * normed(text, short, mask))


def test_equation_1_moves_and_stretches_the_noise() -> None:
    z = losses.posterior_sample(torch.tensor([3.0]), torch.tensor([math.log(2.0)]), torch.tensor([-1.5]))
    assert float(z) == pytest.approx(0.0)


def test_equation_2_is_the_decoder() -> None:
    z = torch.tensor([[[3.0, -1.0]]])
    torch.testing.assert_close(losses.decode(lambda latent, gain: latent * gain, z, 2.0), torch.tensor([[[6.0, -2.0]]]))


def test_equation_4_wants_every_score_at_one() -> None:
    scores = [torch.tensor([[1.0, 0.0], [1.0, 1.0]]), torch.tensor([[3.0], [1.0]])]
    # first discriminator: 1/2 and 0; second: 4 and 0; two segments
    term = losses.adversarial_generator(scores)
    assert float(term.mean) == pytest.approx((0.5 + 0 + 4 + 0) / 2)


def test_equation_5_wants_real_at_one_and_made_at_zero() -> None:
    real, fake = [torch.tensor([[1.0, 0.5]])], [torch.tensor([[0.0, 2.0]])]
    assert float(losses.adversarial_discriminator(real, fake).mean) == pytest.approx(0.125 + 2.0)
    assert float(losses.discriminator(losses.adversarial_discriminator(real, fake))) == pytest.approx(2.125)


def test_feature_matching_is_the_mean_distance_of_each_layer_summed() -> None:
    real = [[torch.zeros(1, 2, 2), torch.zeros(1, 4)], [torch.zeros(1, 1)]]
    fake = [[torch.ones(1, 2, 2), torch.tensor([[1.0, 0, 0, 0]])], [torch.tensor([[-3.0]])]]
    assert float(losses.feature_matching(real, fake).mean) == pytest.approx(1.0 + 0.25 + 3.0)


def test_feature_matching_teaches_the_generator_only() -> None:
    real, fake = torch.randn(1, 3, requires_grad=True), torch.randn(1, 3, requires_grad=True)
    losses.feature_matching([[real]], [[fake]]).mean.backward()
    assert real.grad is None
    assert fake.grad is not None


TERMS = {
    "mel": _term(4.0, 2.0),
    "kl": _term(3.0, 1.0),
    "ctc": _term(10.0, 4.0),
    "duration": _term(8.0, 2.0),
    "f0": _term(1.0, 10.0),
    "adversarial": _term(6.0, 3.0),
    "feature_matching": _term(1.0, 1.0),
}
WEIGHTS = {
    "mel": 45.0,
    "kl": 1.0,
    "ctc": 1.0,
    "duration": 0.5,
    "f0": 20.0,
    "adversarial": 1.0,
    "feature_matching": 2.0,
}


def test_equation_3_adds_reconstruction_kl_and_ctc() -> None:
    assert float(losses.cvae(TERMS, WEIGHTS)) == pytest.approx(45 * 2 + 3 + 2.5)


def test_equation_10_adds_everything_with_lambda_and_beta() -> None:
    assert float(losses.full(TERMS, WEIGHTS)) == pytest.approx(95.5 + 0.5 * 4 + 20 * 0.1 + 2 + 2 * 1)


def test_a_term_without_a_weight_stops_the_run() -> None:
    with pytest.raises(KeyError, match="f0"):
        losses.full(TERMS, {name: weight for name, weight in WEIGHTS.items() if name != "f0"})


def test_a_term_that_counted_nothing_is_zero() -> None:
    assert float(_term(0.0, 0.0).mean) == 0.0
