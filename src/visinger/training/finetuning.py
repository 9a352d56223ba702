"""Finetuning: a voice adapted to a few minutes of somebody's own labelled singing (beyond the paper).

A voice's graphs hold its path of singing alone. Posterior encoder, phoneme
predictor and discriminators are gone, and were everything trained at once, the
decoder would learn from latents that mean nothing yet, and be spoilt before they
do. So there are two runs, each resumable like any other:

    settling/   the posterior encoder (and phoneme predictor) alone, against the
                frozen prior, flow and decoder: it learns which latents they mean
    adapting/   everything, at a lower rate, averaged; new discriminators join halfway

A start that still has its posterior encoder (a checkpoint) needs no settling.
A few minutes tell little of a singer's rhythm: after 60 steps on 50 seconds the
durations of one unseen set of takes were 4 % better, of another a quarter worse.
So below five minutes the text encoder and the duration predictor stay the
voice's own (`training.parts=[]` among the settings lets everything learn).
What is held out for test is measured before and after, by the same score.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from visinger.corpora import splits
from visinger.corpora.prepared import Prepared, Takes
from visinger.errors import CorpusError
from visinger.evaluation.metrics import MS_PER_FRAME, Tally, mel_distance
from visinger.models.visinger import VISinger
from visinger.phrasing.vocabulary import Vocabulary
from visinger.signal.mel import log_mel
from visinger.training import checkpoint, steps
from visinger.training import recipe as recipes
from visinger.training.batches import VALIDATION, fixed, keyed
from visinger.training.loop import Options, Report, train
from visinger.training.recipe import Recipe
from visinger.training.trained import listened_weights, trained_network
from visinger.training.validation import HeldOut

SETTLING, ADAPTING = "settling", "adapting"
SETTLING_SHARE = 0.4  # of the minutes, at most
RATE_SHARE = 0.2  # of the rate that the voice was trained with
LONGEST_AVERAGE = 0.999  # decay of the averaged weights; shorter where there are few steps
MEASURED_TAKES = 16
RHYTHM_SECONDS = 300.0  # of singing; with less, the rhythm stays the voice's own
RHYTHM = ("text_encoder", "duration_predictor")
NO_JUDGES = {"weights.adversarial": 0.0, "weights.feature_matching": 0.0}


@dataclass(frozen=True)
class Plan:
    """Budgets of a finetuning."""

    settling_steps: int = 400
    steps: int = 800  # with everything learning
    minutes: float = math.inf  # of this call, both stages together
    noise_scale: float = 0.333  # of what is sung to be measured
    settings: Mapping[str, Any] = field(default_factory=dict)  # dotted recipe keys, for both stages


@dataclass(frozen=True)
class Figures:
    """Errors on the takes held out for test; smaller is better."""

    mel_distance: float  # mean |Δ ln mel| at one loudness, sung with the recording's durations and F0
    duration_mae_ms: float  # before the score lock
    f0_mae_cents: float  # with the recording's durations, where both are voiced
    takes: int


@dataclass(frozen=True)
class Finetuned:
    """How a finetuning ended; `interrupted` ones go on with the same call."""

    checkpoint: Path
    before: Figures
    after: Figures
    seconds: float  # of singing that was learnt from
    settled: int  # steps of the first stage
    steps: int  # of the second
    split: splits.By  # how the test takes were held out
    interrupted: bool
    finished: bool  # all the steps of the plan are taken


def finetune(start: Path, corpus: Path, folder: Path, *, plan: Plan, options: Options | None = None) -> Finetuned:
    """Adapt the network of a checkpoint to a prepared corpus, with the runs below `folder`, or go on there.

    Of `options` the steps, minutes and start are the plan's. Raises CorpusError when the corpus is too small to hold
    anything out.
    """
    options = options or Options()
    prepared = Prepared.open(corpus)
    by = _split(prepared)
    state = checkpoint.read_state(start)
    given = dict(plan.settings) | {"data.split": by, "data.phonemes": _kept_phonemes(state, prepared)}
    given["data.batch_takes"] = _batch(state.recipe, plan, prepared, by)
    begun, settled, minutes = start, 0, plan.minutes
    if not _has_posterior(start):
        first = settling_recipe(state.recipe, plan.settling_steps, given)
        report = _settle(first, corpus, folder, start, plan=plan, options=options)
        begun, settled = report.checkpoint, report.step
        if report.reason == "interrupted":
            return _ended(prepared, by, start, report, plan, settled=settled)
        minutes = plan.minutes * (1 - SETTLING_SHARE)
    parts = _adapting_parts(state, prepared, by)
    second = adapting_recipe(state.recipe, plan.steps, {"training.parts": parts} | given)
    if parts and "training.parts" not in given:
        options.say(f"under {RHYTHM_SECONDS / 60:g} minutes of singing: the rhythm stays the voice's own")
    ours = replace(options, steps=plan.steps, minutes=minutes, init=begun, accept_changes=True)
    report = train(second, corpus, folder / ADAPTING, options=ours)
    return _ended(prepared, by, start, report, plan, settled=settled)


def settling_recipe(table: Mapping[str, Any], taken: int, settings: Mapping[str, Any]) -> Recipe:
    """The first stage's: the posterior encoder learns at the voice's own rate, and nothing else."""
    parts = ["posterior_encoder", *(["phoneme_predictor"] if table["model"].get("phoneme_predictor", True) else [])]
    return recipes.changed(
        table,
        NO_JUDGES
        | _cadence(taken)
        | {"training.ema": 0.0, "optimiser.warm_up_steps": min(20, taken)}
        | dict(settings)
        | {"training.parts": parts},
    )


def adapting_recipe(table: Mapping[str, Any], taken: int, settings: Mapping[str, Any]) -> Recipe:
    """The second stage's: everything learns, slowly; the new discriminators at their own rate, from halfway on."""
    optimiser = recipes.changed(table, {}).optimiser
    return recipes.changed(
        table,
        _cadence(taken)
        | {
            "training.ema": min(LONGEST_AVERAGE, max(0.5, 1 - 8 / taken)),
            "training.adversarial_from_step": taken // 2,
            "optimiser.learning_rate": optimiser.learning_rate * RATE_SHARE,
            "optimiser.discriminator_learning_rate": optimiser.discriminator_learning_rate or optimiser.learning_rate,
            "optimiser.warm_up_steps": max(taken // 20, 1),
        }
        | dict(settings),
    )


def _cadence(taken: int) -> dict[str, Any]:
    often = max(taken // 4, 1)
    return {
        "training.steps": taken,
        "training.kl_warm_up_steps": 0,
        "training.adversarial_from_step": 0,
        "training.validate_every": often,
        "training.checkpoint_every": often,
        "training.log_every": min(10, often),
    }


def _settle(recipe: Recipe, corpus: Path, folder: Path, start: Path, *, plan: Plan, options: Options) -> Report:
    """The first stage; once the second has begun it stays as it is, finished or cut short by the minutes."""
    newest = checkpoint.latest(folder / SETTLING)
    if newest is not None and checkpoint.latest(folder / ADAPTING) is not None:
        return Report(checkpoint.read_state(newest).step, newest, "done before", finished=True)
    ours = replace(
        options,
        steps=plan.settling_steps,
        minutes=plan.minutes * SETTLING_SHARE,
        init=start,
        accept_changes=True,
    )
    return train(recipe, corpus, folder / SETTLING, options=ours)


def _ended(prepared: Prepared, by: splits.By, start: Path, report: Report, plan: Plan, *, settled: int) -> Finetuned:
    """The best checkpoint of the run that the report is about, and the figures beside those at the start."""
    run = report.checkpoint.parents[1]
    found = checkpoint.locate(run)
    trained = trained_network(found)
    takes = prepared.takes(split="test", by=by)[:MEASURED_TAKES]
    singers = trained.singers or (takes[0].singer,)
    recipe = recipes.from_table(trained.recipe)
    fresh = steps.build(recipe, len(trained.symbols) + 1, singers=len(singers))
    checkpoint.warm_start(start, fresh, trained.symbols, singers=singers)
    ground = Ground(takes, Vocabulary(trained.symbols), recipe, singers, plan.noise_scale)
    rate, hop = prepared.sample_rate_hz, prepared.hop_samples
    learnt = prepared.takes(split="train", by=by).frame_counts
    return Finetuned(
        checkpoint=found,
        before=measure(fresh.generator.eval(), ground),
        after=measure(trained.model, ground),
        seconds=sum(learnt) * hop / rate,
        settled=settled,
        steps=report.step if run.name == ADAPTING else 0,
        split=by,
        interrupted=report.reason == "interrupted",
        finished=report.finished and run.name == ADAPTING,
    )


@dataclass(frozen=True)
class Ground:
    """What two networks are measured on, so that they can be compared."""

    takes: Takes
    vocabulary: Vocabulary
    recipe: Recipe
    singers: tuple[str, ...]
    noise_scale: float


@torch.no_grad()
def measure(network: VISinger, ground: Ground) -> Figures:
    """What the network foretells and sings of held-out takes, beside the recordings."""
    data, latent = ground.recipe.data, ground.recipe.model.latent
    known = [take for take in ground.takes if take.singer in ground.singers]
    held = HeldOut.of(known, ground.vocabulary, data, latent_channels=latent, singers=ground.singers)
    if held is None:
        raise CorpusError("no take is held out", remedy="give more recordings")
    told = held.measure(network, torch.device("cpu"))
    apart = Tally(0.0, 0.0)
    for k, batch in enumerate(fixed(known, ground.vocabulary, data, latent_channels=latent, singers=ground.singers)):
        noise = keyed(VALIDATION, data.seed, k).standard_normal(batch.samples.shape, dtype="float32")
        sung = network.sing(
            batch, source_noise=torch.from_numpy(noise), noise_scale=ground.noise_scale, on_recorded_f0=True
        )
        for b, frames in enumerate(batch.frame_counts.tolist()):
            pair = (wave[b, : frames * held.hop_samples].numpy() for wave in (sung, batch.samples))
            ours, theirs = (log_mel(wave, held.sample_rate_hz) for wave in pair)
            apart += mel_distance(ours + (theirs.mean() - ours.mean()), theirs)  # a microphone's level is no timbre
    return Figures(
        mel_distance=apart.mean,
        duration_mae_ms=told["duration_mae_frames"] * MS_PER_FRAME,
        f0_mae_cents=told["f0_mae_cents"],
        takes=len(known),
    )


def _split(prepared: Prepared) -> splits.By:
    """By song where there are songs enough, so that no melody is in two parts; else by take."""
    try:
        prepared.names("test", "song")
    except CorpusError:
        prepared.names("test", "paper")  # raises where there are fewer than three takes
        return "paper"
    return "song"


def _kept_phonemes(state: checkpoint.State, prepared: Prepared) -> list[str]:
    """What the voice could say stays sayable, if the recordings are in its language; as far as phonemes can tell."""
    theirs, ours = set(state.symbols), set(prepared.card.phonemes)
    alike = len(theirs & ours) >= 0.6 * min(len(theirs), len(ours))
    return [symbol for symbol in state.symbols if symbol not in ours] if alike else []


def _adapting_parts(state: checkpoint.State, prepared: Prepared, by: splits.By) -> list[str]:
    """What learns in the second stage: all (no part named), or on little singing all but the rhythm.

    Phonemes that are new to the voice need its text encoder to learn, however little there is.
    """
    learnt = set(prepared.names("train", by))
    frames = sum(entry.frames for entry in prepared.entries if entry.name in learnt)
    seconds = frames * prepared.hop_samples / prepared.sample_rate_hz
    if seconds >= RHYTHM_SECONDS or set(prepared.card.phonemes) - set(state.symbols):
        return []
    network = recipes.changed(state.recipe, {}).generator(len(state.symbols) + 1, singers=1)
    learning = (name for name, part in network.named_children() if any(True for _ in part.parameters()))
    return [name for name in learning if name not in RHYTHM]


def _batch(table: Mapping[str, Any], plan: Plan, prepared: Prepared, by: splits.By) -> int:
    """The recipe's takes a step, but no more than there are."""
    wished = plan.settings.get("data.batch_takes") or recipes.changed(table, {}).data.batch_takes
    return min(int(wished), len(prepared.names("train", by)))


def _has_posterior(start: Path) -> bool:
    with safe_open(listened_weights(start), framework="pt") as tensors:
        return any(name.startswith("posterior_encoder.") for name in tensors.keys())  # noqa: SIM118 -- no mapping
