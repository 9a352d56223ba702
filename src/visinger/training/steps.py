"""One step of training: the discriminator's turn, then the generator's (VISinger §2.2, eqs. 10-11).

The order is VITS': the generator runs once, the discriminators learn from what
it made, and the generator then faces the discriminators just improved. Over
micro-batches the discriminators finish all of their turns first; the generator's
own random numbers are set again before every forward, so what it made the first
time it makes the second time.

A term of the loss is a sum and a count. Its mean is total · world / (the count
of all processes): gradients are averaged over processes, so two processes have
the gradient of one with both their takes. Over micro-batches values are
averaged, each micro-batch by its own count.
"""

import copy
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

import torch
from lightning_fabric import Fabric
from torch import Tensor, nn

from visinger import losses
from visinger.errors import RecipeError, VisingerError
from visinger.losses import Term
from visinger.models.batch import Batch, Outcome
from visinger.models.parts.discriminators import Discriminator, Judgement
from visinger.training.batches import Place, keyed
from visinger.training.memory import give_back
from visinger.training.recipe import Optimiser, Recipe

DROPOUT = 7  # stream of random numbers, beside those of batches.py


class DivergedError(VisingerError):
    """A loss is no longer a number; the message names its takes."""

    exit_code = 4


class Sealed:
    """Carries a value past Fabric and DDP, which would round every float in it to bfloat16."""

    __slots__ = ("content",)

    def __init__(self, content: object) -> None:
        self.content = content


class _Sealing(nn.Module):
    """A network as Fabric and DDP see it: sealed arguments in, a sealed result and its plain tensors out."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *arguments: Sealed) -> Sealed:
        return Sealed(self.network(*(sealed.content for sealed in arguments)))


LARGE_PARAMETERS = 50_000_000  # from here on a step's memory is worth its page faults
KL_AT_START = 0.05  # of its weight, where a recipe warms it up


@dataclass(frozen=True)
class Networks:
    """The bare networks and their optimisers: what a checkpoint holds."""

    generator: nn.Module
    discriminator: nn.Module | None  # None: the recipe gives it no weight
    average: nn.Module | None  # the generator's moving average
    generator_optimiser: torch.optim.Optimizer
    discriminator_optimiser: torch.optim.Optimizer | None

    @property
    def listened(self) -> nn.Module:
        """The network that is validated and exported."""
        return self.generator if self.average is None else self.average


def build(recipe: Recipe, phonemes: int, *, singers: int = 1) -> Networks:
    """New networks from the recipe's seed; of the generator, only the parts that the recipe names learn.

    Raises RecipeError when it names a part that the generator does not have.
    """
    torch.manual_seed(recipe.data.seed)
    generator = recipe.generator(phonemes, singers=singers)
    _let_learn(generator, recipe.training.parts)
    discriminator = Discriminator(recipe.discriminator) if recipe.adversarial else None
    average = copy.deepcopy(generator).requires_grad_(False).eval() if recipe.training.ema else None
    rate = recipe.optimiser.learning_rate
    judges_rate = recipe.optimiser.discriminator_learning_rate or rate
    return Networks(
        generator=generator,
        discriminator=discriminator,
        average=average,
        generator_optimiser=_adamw(generator, rate, recipe.optimiser),
        discriminator_optimiser=None if discriminator is None else _adamw(discriminator, judges_rate, recipe.optimiser),
    )


def _let_learn(generator: nn.Module, parts: Sequence[str]) -> None:
    known = [name for name, child in generator.named_children() if any(True for _ in child.parameters())]
    unknown = next((part for part in parts if part not in known), None)
    if unknown is not None:
        raise RecipeError(f"no part '{unknown}' to train", where="training.parts", remedy=f"parts: {' '.join(known)}")
    for name, parameter in generator.named_parameters():
        parameter.requires_grad_(not parts or name.partition(".")[0] in parts)


def _adamw(network: nn.Module, rate: float, optimiser: Optimiser) -> torch.optim.Optimizer:
    first, second = optimiser.betas
    made = torch.optim.AdamW(
        network.parameters(),
        lr=rate,
        betas=(first, second),
        eps=optimiser.epsilon,
        weight_decay=optimiser.weight_decay,
        fused=True,
    )
    for group in made.param_groups:
        group["rate_at_start"] = rate
    return made


@dataclass(frozen=True)
class _Opinion:
    """What the discriminators think of a wave: their terms, the weighted sum, and which way the wave should go."""

    terms: dict[str, Term]
    loss: Tensor
    gradient: Tensor  # (B, 1, S) of the loss, at the wave


class Trainer:
    """The two turns, over any number of processes."""

    def __init__(self, fabric: Fabric, networks: Networks, recipe: Recipe) -> None:
        self.fabric, self.networks, self.recipe = fabric, networks, recipe
        self.weights = asdict(recipe.weights)
        everything = [network for network in (networks.generator, networks.discriminator) if network is not None]
        self._large = sum(p.numel() for network in everything for p in network.parameters()) >= LARGE_PARAMETERS
        networks.generator.train()
        self._generator, self._generator_optimiser = fabric.setup(
            _Sealing(networks.generator), networks.generator_optimiser
        )
        if networks.discriminator is not None:
            self._discriminator, self._discriminator_optimiser = fabric.setup(
                _Sealing(networks.discriminator), networks.discriminator_optimiser
            )
        if networks.average is not None:
            networks.average.to(fabric.device)

    def step(self, micros: Sequence[Batch], step: int, place: Place) -> dict[str, float]:
        """Take step number `step` (from 0) at `place`; the terms' means over all processes.

        Raises DivergedError, before the turn's weights move, when a value or a gradient is not finite.
        """
        self._set_rates(step, place.epoch)
        adversarial = step >= self.recipe.training.adversarial_from_step and self.recipe.adversarial
        logged: dict[str, Tensor] = {}
        outcome = None
        if adversarial:
            outcome = self._discriminators_turn(micros, step, logged)
        self._generators_turn(micros, step, logged, outcome=outcome, adversarial=adversarial)
        self._average(step)
        rate = self.networks.generator_optimiser.param_groups[0]["lr"]
        return self._reduced(logged) | {"learning_rate": rate}

    def _discriminators_turn(self, micros: Sequence[Batch], step: int, logged: dict[str, Tensor]) -> Outcome | None:
        """Eqs. 5 and 11, real and made in one forward. Of a single micro-batch the outcome, its graph alive."""
        alone = len(micros) == 1
        for m, batch in enumerate(micros):
            with torch.set_grad_enabled(alone):
                outcome = self._generate(batch, step, m)
            if outcome.generated is None or outcome.real is None:
                raise ValueError("a system without a wave cannot have discriminators")
            with self.fabric.no_backward_sync(self._discriminator, enabled=m + 1 < len(micros)):
                loss = self._teach_judges(outcome, share=1 / len(micros))
            _add(logged, {"discriminator": loss})
        logged["discriminator_gradient"] = self._shorten(self.networks.discriminator)
        self._check(logged, micros)
        _update(self._discriminator_optimiser)
        return outcome if alone else None

    def _teach_judges(self, outcome: Outcome, *, share: float) -> Tensor:
        """Gradients of eq. 11 into the discriminators; its value times `share`.

        One process takes them one after the other, so that the feature maps of only one are ever held.
        Several processes share gradients inside one forward.
        """
        real, made = outcome.real.float(), outcome.generated.detach().float()
        if self.fabric.world_size > 1:
            judgement: Judgement = self._discriminator(Sealed(real), Sealed(made)).content
            loss = losses.discriminator(losses.adversarial_discriminator(judgement.real_scores, judgement.fake_scores))
            self.fabric.backward(loss * share)
            return loss.detach() * share
        both, count, total = torch.cat([real, made]), len(real), torch.zeros((), device=real.device)
        for hear in self.networks.discriminator.judges():
            with self.fabric.autocast():
                scores, _ = hear(both)
            loss = losses.discriminator(losses.adversarial_discriminator([scores[:count]], [scores[count:]]))
            self.fabric.backward(loss * share)
            total += loss.detach() * share
        return total

    def _generators_turn(
        self,
        micros: Sequence[Batch],
        step: int,
        logged: dict[str, Tensor],
        *,
        outcome: Outcome | None,
        adversarial: bool,
    ) -> None:
        """Eq. 10; what the discriminators' turn made is not made again."""
        for m, batch in enumerate(micros):
            with self.fabric.no_backward_sync(self._generator, enabled=m + 1 < len(micros)):
                made = outcome or self._generate(batch, step, m)
                terms = self._over_processes(dict(made.terms))
                observed = self._over_processes(made.observed)
                loss = losses.full(terms, self._weights_at(step)) / len(micros)
                if adversarial:
                    self._tidy()
                    opinion = self._convince(made, share=1 / len(micros))
                    self.fabric.backward(loss + (made.generated.float() * opinion.gradient).sum())
                    terms, loss = terms | opinion.terms, loss.detach() + opinion.loss
                else:
                    self.fabric.backward(loss)
            means = {name: term.mean / len(micros) for name, term in (terms | observed).items()}
            _add(logged, {"loss": loss, **means})
        logged["gradient"] = self._shorten(self.networks.generator)
        self._check(logged, micros)
        _update(self._generator_optimiser)

    def _weights_at(self, step: int) -> dict[str, float]:
        """The terms' factors; the KL starts low, or a short training has its posterior follow an ignorant prior."""
        rising = self.recipe.training.kl_warm_up_steps
        if step >= rising:
            return self.weights
        share = KL_AT_START + (1 - KL_AT_START) * step / rising
        return self.weights | {"kl": self.weights["kl"] * share}

    def _generate(self, batch: Batch, step: int, micro: int) -> Outcome:
        key = keyed(DROPOUT, self.recipe.data.seed, step, micro, self.fabric.global_rank)
        torch.manual_seed(int(key.integers(2**63)))  # of dropout, on every device
        self._tidy()
        outcome: Outcome = self._generator(Sealed(batch)).content
        self._tidy()
        return outcome

    def _tidy(self) -> None:
        """Before memory grows: a large network's free pages go back to the system."""
        if self._large:
            give_back()

    def _convince(self, outcome: Outcome, *, share: float) -> _Opinion:
        """Eq. 4 and feature matching, the discriminators frozen and out of DDP's sight.

        One discriminator at a time, whose gradient stops at the wave: the feature maps of one are all
        that is held, and the generator's own backward pass happens once.
        """
        real = outcome.real.float()
        made = outcome.generated.detach().float().requires_grad_()
        heard: list[dict[str, Term]] = []
        total = torch.zeros((), device=real.device)
        with _frozen(self.networks.discriminator):
            for hear in self.networks.discriminator.judges():
                with self.fabric.autocast():
                    with torch.no_grad():  # no gradient leads through the recording: half of a backward saved
                        _, truth = hear(real)
                    scores, features = hear(made)
                terms = {
                    "adversarial": losses.adversarial_generator([scores]),
                    "feature_matching": losses.feature_matching([truth], [features]),
                }
                terms = self._over_processes(terms)
                loss = losses.full(terms, self.weights) * share
                self.fabric.backward(loss)
                heard.append({name: Term(term.total.detach(), term.count) for name, term in terms.items()})
                total += loss.detach()
        summed = {name: Term(sum(one[name].total for one in heard), heard[0][name].count) for name in heard[0]}
        return _Opinion(summed, total, made.grad)

    def _over_processes(self, terms: dict[str, Term]) -> dict[str, Term]:
        """Terms whose mean, averaged over processes, is the mean over everything that all of them counted."""
        world = self.fabric.world_size
        if world == 1 or not terms:
            return terms
        counts = torch.stack([term.count.float() for term in terms.values()])
        counts = self.fabric.all_reduce(counts, reduce_op="sum") / world
        # not below one in all: `Term.mean` would clamp a share of less than one
        return {
            name: Term(term.total / count.clamp(min=1 / world), torch.ones_like(count))
            for (name, term), count in zip(terms.items(), counts, strict=True)
        }

    def _shorten(self, network: nn.Module) -> Tensor:
        """The gradient's length, before it is shortened if the recipe says so."""
        parameters = [p for p in network.parameters() if p.grad is not None]
        norm = torch.nn.utils.get_total_norm([p.grad for p in parameters])
        if self.recipe.optimiser.gradient_norm:
            torch.nn.utils.clip_grads_with_norm_(parameters, self.recipe.optimiser.gradient_norm, norm)
        return norm.detach()

    def _set_rates(self, step: int, epoch: int) -> None:
        optimiser = self.recipe.optimiser
        share = min(1.0, (step + 1) / max(optimiser.warm_up_steps, 1))
        if optimiser.schedule == "inverse_sqrt":  # learning_rate is then the highest, reached at warm_up_steps
            share *= min(1.0, math.sqrt(optimiser.warm_up_steps / (step + 1)))
        else:
            share *= optimiser.decay_per_epoch**epoch
        for made in (self.networks.generator_optimiser, self.networks.discriminator_optimiser):
            for group in made.param_groups if made else ():
                group["lr"] = group["rate_at_start"] * share

    @torch.no_grad()
    def _average(self, step: int) -> None:
        """Move the averaged weights; fast at first, so that the random beginning is soon forgotten."""
        average = self.networks.average
        if average is None:
            return
        decay = min(self.recipe.training.ema, (1 + step) / (10 + step))
        torch._foreach_lerp_(list(average.parameters()), list(self.networks.generator.parameters()), 1 - decay)
        for mean, value in zip(average.buffers(), self.networks.generator.buffers(), strict=True):
            mean.copy_(value)

    def _check(self, logged: dict[str, Tensor], micros: Sequence[Batch]) -> None:
        """All processes stop together: a value that is no number on one is none on any after the sum."""
        values = torch.stack([value.detach().float() for value in logged.values()])
        values = self.fabric.all_reduce(values, reduce_op="sum").tolist()
        broken = [name for name, value in zip(logged, values, strict=True) if not math.isfinite(value)]
        if broken:
            takes = " ".join(name for batch in micros for name in batch.names)
            raise DivergedError(
                f"not a number any more: {' '.join(broken)}",
                where=f"takes {takes}",
                remedy="look at these takes, or lower the learning rate; the last checkpoint is good",
            )

    def _reduced(self, logged: dict[str, Tensor]) -> dict[str, float]:
        stacked = torch.stack([value.float() for value in logged.values()])
        return dict(zip(logged, self.fabric.all_reduce(stacked, reduce_op="mean").tolist(), strict=True))


def _update(optimiser: torch.optim.Optimizer) -> None:
    optimiser.step()
    optimiser.zero_grad(set_to_none=True)


def _add(logged: dict[str, Tensor], values: dict[str, Tensor]) -> None:
    for name, value in values.items():
        logged[name] = logged[name] + value.detach() if name in logged else value.detach()


@contextmanager
def _frozen(network: nn.Module) -> Iterator[None]:
    """Gradients pass through the network but not into it."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)
