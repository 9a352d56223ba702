"""The two turns of a step."""

import math

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric
from tests.training.made_up import NO_DROPOUT, SYMBOLS, take, takes, tiny

from visinger import losses
from visinger.corpora.take import Take
from visinger.phrasing.vocabulary import Vocabulary
from visinger.training.batches import Batches, Place
from visinger.training.recipe import Recipe
from visinger.training.steps import DivergedError, Trainer, build

VOCABULARY = Vocabulary(SYMBOLS)
# steps of 1e-4 × gradient, where plain Adam's would be the gradient's sign and grow rounding into differences
LINEAR = {"optimiser__epsilon": 1e4, "optimiser__weight_decay": 0.0, "optimiser__learning_rate": 1.0}


def flat(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([p.detach().flatten() for p in network.parameters()])


def trainer(recipe: Recipe) -> Trainer:
    fabric = Fabric(accelerator="cpu", devices=1, precision=recipe.training.precision)
    return Trainer(fabric, build(recipe, VOCABULARY.size), recipe)


def batches(recipe: Recipe, sung: list[Take] | None = None) -> Batches:
    return Batches(
        sung or takes(8),
        VOCABULARY,
        recipe.data,
        latent_channels=recipe.model.latent,
        accumulate=recipe.optimiser.accumulate,
    )


def stepped(recipe: Recipe, sung: list[Take] | None = None, *, steps: int = 2) -> Trainer:
    made, trained = batches(recipe, sung), trainer(recipe)
    for step in range(steps):
        trained.step(made.step(Place(0, 0)), step, Place(0, 0))
    return trained


@pytest.mark.parametrize("adversarial_from_step", [0, 1000])
def test_micro_batches_add_up_to_the_batch(adversarial_from_step):
    same_length = [take(f"t{k}", seed=1) for k in range(4)]  # equal counts: each micro-batch's mean weighs the same
    common = {key.replace(".", "__"): value for key, value in NO_DROPOUT.items()} | LINEAR
    common |= {"training__adversarial_from_step": adversarial_from_step, "data__window_frames": 0}
    at_once = stepped(tiny(**common, data__batch_takes=4), same_length, steps=1)
    in_parts = stepped(tiny(**common, data__batch_takes=1, optimiser__accumulate=4), same_length, steps=1)
    start = flat(build(tiny(**common), VOCABULARY.size).generator)
    one, other = flat(at_once.networks.generator), flat(in_parts.networks.generator)
    assert (one - other).norm() < 1e-3 * (one - start).norm()
    one, other = flat(at_once.networks.discriminator), flat(in_parts.networks.discriminator)
    assert (one - other).abs().max() < 1e-6


JUDGES = {"discriminator__scales": 2, "discriminator__resolutions": [512]}


def test_discriminators_learn_one_after_the_other_what_they_learn_at_once():
    recipe = tiny(**JUDGES)
    trained, (batch,) = trainer(recipe), batches(recipe).step(Place())
    discriminator = trained.networks.discriminator
    outcome = trained._generate(batch, 0, 0)
    told = trained._teach_judges(outcome, share=0.5)
    apart = {name: p.grad.clone() for name, p in discriminator.named_parameters()}
    discriminator = build(recipe, VOCABULARY.size).discriminator  # spectral norms move with every forward
    judged = discriminator(outcome.real, outcome.generated.detach())
    loss = losses.discriminator(losses.adversarial_discriminator(judged.real_scores, judged.fake_scores)) / 2
    loss.backward()
    assert told.item() == pytest.approx(loss.item(), rel=1e-6)
    for name, parameter in discriminator.named_parameters():
        assert torch.allclose(apart[name], parameter.grad, rtol=1e-4, atol=1e-8), name


def test_opinions_gathered_one_by_one_are_the_opinion_of_all_discriminators():
    recipe = tiny(**JUDGES)
    trained, (batch,) = trainer(recipe), batches(recipe).step(Place())
    outcome = trained._generate(batch, 0, 0)
    opinion = trained._convince(outcome, share=1.0)
    discriminator = build(recipe, VOCABULARY.size).discriminator  # spectral norms move with every forward
    made = outcome.generated.detach().requires_grad_()
    truths, fakes = discriminator.judge(outcome.real), discriminator.judge(made)
    terms = {
        "adversarial": losses.adversarial_generator([scores for scores, _ in fakes]),
        "feature_matching": losses.feature_matching([maps for _, maps in truths], [maps for _, maps in fakes]),
    }
    loss = losses.full(terms, trained.weights)
    (gradient,) = torch.autograd.grad(loss, made)
    assert opinion.loss.item() == pytest.approx(loss.item(), rel=1e-5)
    assert torch.allclose(opinion.gradient, gradient, rtol=1e-4, atol=1e-6 * float(gradient.abs().max()))
    for name, term in terms.items():
        assert opinion.terms[name].mean.item() == pytest.approx(term.mean.item(), rel=1e-5)
    assert all(p.grad is None for p in trained.networks.discriminator.parameters())


def test_dropout_is_the_same_when_a_micro_batch_is_made_again():
    recipe = tiny(data__batch_takes=2, optimiser__accumulate=2)
    trained, made = trainer(recipe), batches(recipe)
    seen: list[torch.Tensor] = []
    forward = trained.networks.generator.forward

    def spy(batch):
        outcome = forward(batch)
        seen.append(outcome.generated.detach().clone())
        return outcome

    trained.networks.generator.forward = spy
    trained.step(made.step(Place()), 0, Place())
    first, second, first_again, second_again = seen
    assert torch.equal(first, first_again)
    assert torch.equal(second, second_again)
    assert not torch.equal(first, second)


def test_the_generators_turn_leaves_the_discriminators_as_they_were_after_theirs():
    recipe = tiny(optimiser__discriminator_learning_rate=1e-12, optimiser__weight_decay=0.0)
    before = flat(build(recipe, VOCABULARY.size).discriminator)
    discriminator = stepped(recipe).networks.discriminator
    assert torch.allclose(before, flat(discriminator), atol=1e-9)
    assert all(p.grad is None and p.requires_grad for p in discriminator.parameters())


def test_the_generator_learns_to_please_the_discriminators():
    """Discriminators that have learnt their trade stand still; with the adversarial term alone eq. 4 falls."""
    silent = {f"weights__{name}": 0.0 for name in ("mel", "kl", "ctc", "duration", "f0", "voicing", "feature_matching")}
    recipe = tiny(**silent, optimiser__learning_rate=5e-3, optimiser__decay_per_epoch=1.0)
    trained, batch = trainer(recipe), batches(recipe).step(Place())
    generator = trained.networks.generator_optimiser.param_groups[0]
    discriminator = trained.networks.discriminator_optimiser.param_groups[0]
    generator["rate_at_start"] = 0.0
    judged = [trained.step(batch, step, Place()) for step in range(9)]
    assert judged[-1]["discriminator"] < judged[0]["discriminator"]
    generator["rate_at_start"], discriminator["rate_at_start"] = 5e-3, 0.0
    pleased = [trained.step(batch, step, Place())["adversarial"] for step in range(9)]
    assert min(pleased) < 0.7 * pleased[0]


def test_discriminators_join_at_their_step():
    recipe = tiny(training__adversarial_from_step=2)
    made, trained = batches(recipe), trainer(recipe)
    logged = []
    before = flat(trained.networks.discriminator).clone()
    for step in range(3):
        logged.append(trained.step(made.step(Place()), step, Place()))
        assert torch.equal(before, flat(trained.networks.discriminator)) == (step < 2)
    assert "adversarial" not in logged[1]
    assert {"adversarial", "feature_matching", "discriminator"} <= set(logged[2])


def test_averaged_weights_follow_their_formula():
    recipe = tiny(training__ema=0.5)
    made, trained = batches(recipe), trainer(recipe)
    mean = flat(trained.networks.generator).clone()
    for step in range(6):
        trained.step(made.step(Place()), step, Place())
        decay = min(0.5, (1 + step) / (10 + step))
        mean = decay * mean + (1 - decay) * flat(trained.networks.generator)
    assert torch.allclose(mean, flat(trained.networks.average), atol=1e-6)
    assert trained.networks.listened is trained.networks.average


def test_bf16_never_rounds_what_enters_and_leaves_the_networks():
    recipe = tiny("small", training__precision="bf16-mixed")
    trained, made = trainer(recipe), batches(recipe)
    batch = made.step(Place())[0]
    seen = []
    forward = trained.networks.generator.forward

    def spy(given):
        seen.append(given)
        return forward(given)

    trained.networks.generator.forward = spy
    values = trained.step([batch], 0, Place())
    assert seen[0].f0_hz.dtype == torch.float32
    assert torch.equal(seen[0].f0_hz, batch.f0_hz)
    assert torch.equal(seen[0].samples, batch.samples)
    in_full = trainer(tiny("small")).step([batch], 0, Place())
    for name in ("mel", "kl", "stft", "ctc", "f0"):
        assert values[name] == pytest.approx(in_full[name], rel=0.05, abs=1e-4), name


def test_a_shortened_gradient_has_the_recipes_length():
    plain = {**LINEAR, "optimiser__betas": [0.0, 0.0], "training__adversarial_from_step": 1000}
    recipe = tiny(**plain, optimiser__gradient_norm=0.5)
    start = flat(build(recipe, VOCABULARY.size).generator)
    moved = (flat(stepped(recipe, steps=1).networks.generator) - start).norm()
    assert float(moved) == pytest.approx(1e-4 * 0.5, rel=0.02)


def test_the_learning_rate_warms_up_and_falls_by_the_epoch():
    recipe = tiny(optimiser__warm_up_steps=10, optimiser__decay_per_epoch=0.5, optimiser__learning_rate=1e-3)
    made, trained = batches(recipe), trainer(recipe)
    rates = []
    for step, epoch in ((0, 0), (4, 0), (9, 0), (20, 3)):
        trained.step(made.step(Place(epoch, 0)), step, Place(epoch, 0))
        rates.append(trained.networks.generator_optimiser.param_groups[0]["lr"])
    assert rates == pytest.approx([1e-4, 5e-4, 1e-3, 1.25e-4])


@pytest.mark.parametrize("adversarial_from_step", [0, 1000])
def test_a_loss_that_is_no_number_stops_with_its_takes_and_moves_nothing(adversarial_from_step):
    broken = take("the-broken-one", seed=1)
    broken.samples[:] = np.nan
    recipe = tiny(training__adversarial_from_step=adversarial_from_step, training__ema=0.9)
    trained = trainer(recipe)
    before = flat(trained.networks.generator).clone(), flat(trained.networks.discriminator).clone()
    with pytest.raises(DivergedError, match=r"the-broken-one.*not a number.*last checkpoint is good"):
        trained.step(batches(recipe, [broken]).step(Place()), 0, Place())
    assert torch.equal(before[0], flat(trained.networks.generator))
    assert torch.equal(before[1], flat(trained.networks.discriminator))
    assert torch.equal(before[0], flat(trained.networks.average))


def test_a_step_reports_every_term_as_a_finite_mean():
    recipe = tiny("small", training__kl_warm_up_steps=0)
    made, trained = batches(recipe), trainer(recipe)
    values = trained.step(made.step(Place()), 0, Place())
    terms = {"mel", "sung_mel", "kl", "ctc", "duration", "log_duration", "f0", "voicing", "stft"}
    terms |= {"adversarial", "feature_matching"}
    assert terms | {"loss", "discriminator", "gradient"} <= set(values)
    assert all(math.isfinite(value) for value in values.values())
    weights = vars(recipe.weights)
    assert values["loss"] == pytest.approx(sum(weights[name] * values[name] for name in terms), rel=1e-5)
