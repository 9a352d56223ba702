"""Recipes: everything that decides a training run, resolved from TOML (VISinger §3.2 is `recipes/visinger.toml`).

A recipe names its system (VISinger where it says nothing) and fills frozen
dataclasses: `[model]` the system's own configuration, `[discriminator]`, `[weights]` (one per term of the loss),
`[optimiser]`, `[data]` and `[training]`. The resolved recipe travels with every
checkpoint; what differs at a resume is named.
"""

import copy
import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from torch import nn

from visinger.configuration import as_table, build, read_recipe, read_scale
from visinger.errors import RecipeError
from visinger.models.autoencoder import Autoencoder, AutoencoderConfig
from visinger.models.fastspeech import FastSpeech, FastSpeechConfig
from visinger.models.hifigan import HiFiGAN, HiFiGANVocoderConfig
from visinger.models.parts.discriminators import DiscriminatorConfig
from visinger.models.visinger import VISinger, VISingerConfig
from visinger.models.vits import VITS, VITSConfig
from visinger.models.wavernn import WaveRNN, WaveRNNConfig

NEED_NO_SINGER = ("autoencoder", "hifigan", "wavernn")  # they hear the recording itself
# name → (configuration, network); every network is a `models.system.System`
SYSTEMS: dict[str, tuple[type, type[nn.Module]]] = {
    "visinger": (VISingerConfig, VISinger),
    "autoencoder": (AutoencoderConfig, Autoencoder),
    "vits": (VITSConfig, VITS),
    "fastspeech": (FastSpeechConfig, FastSpeech),
    "hifigan": (HiFiGANVocoderConfig, HiFiGAN),
    "wavernn": (WaveRNNConfig, WaveRNN),
}


@dataclass(frozen=True)
class Weights:
    """The factor of each term in the generator's loss (eq. 10 and VITS); without the last two, no discriminator."""

    mel: float = 45.0  # VITS
    kl: float = 1.0  # VITS
    ctc: float = 1.0  # λ, β and this are not published; docs/paper.md
    duration: float = 1.0
    f0: float = 1.0
    voicing: float = 1.0
    sung_mel: float = 45.0  # as mel, of the takes sung in training; beyond the paper (model.sung_share)
    stft: float = 0.0  # multi-resolution STFT, beyond the paper
    duration_nll: float = 1.0  # VITS' stochastic durations
    mel_squares: float = 1.0  # FastSpeech
    log_duration: float = 1.0  # FastSpeech
    wave_nll: float = 1.0  # WaveRNN
    adversarial: float = 1.0  # VITS
    feature_matching: float = 2.0  # VITS


@dataclass(frozen=True)
class Optimiser:
    """AdamW for both networks (§3.2 and VITS)."""

    learning_rate: float = 2e-4  # §3.2
    discriminator_learning_rate: float = 0.0  # 0 = the generator's
    betas: tuple[float, ...] = (0.8, 0.99)  # §3.2
    epsilon: float = 1e-9  # VITS
    weight_decay: float = 0.01  # VITS
    decay_per_epoch: float = 0.999875  # VITS: 0.999^(1/8)
    schedule: str = "exponential"  # by epoch, VITS; or "inverse_sqrt" of the step after the warm-up, FastSpeech
    warm_up_steps: int = 0  # linear from 0; none in VITS
    gradient_norm: float = 0.0  # the gradient is shortened to this length; 0 = left alone, as in VITS
    accumulate: int = 1  # micro-batches a step


@dataclass(frozen=True)
class Data:
    """What a batch is made of."""

    batch_takes: int = 8  # per device and micro-batch; §3.2: 8 on each of 4
    window_frames: int = 0  # frames of a take the networks see; 0 = all of it
    whole_take_share: float = 0.0  # of the steps: windows are widened to whole takes
    segment_frames: int = 32  # the decoder's part of the window; VITS: 8192 samples
    seed: int = 1234
    split: str = "song"  # which of the corpus's splits: by song, or the paper's numbers
    phonemes: tuple[str, ...] = ()  # to know beside the corpus' own: those of the voice that a run begins with
    mels: str = "recorded"  # or "predicted": a vocoder's fine-tuning, on a folder of the first stage's


@dataclass(frozen=True)
class Training:
    """Budgets and habits of the loop."""

    steps: int = 600_000  # §3.2
    adversarial_from_step: int = 0  # the discriminators join here; VITS: from the start
    kl_warm_up_steps: int = 0  # the KL's weight rises to its own over these, from KL_AT_START of it; 0 = VITS
    ema: float = 0.0  # decay of the averaged weights that are validated and exported; 0 = none
    precision: str = "32-true"  # or "bf16-mixed"
    parts: tuple[str, ...] = ()  # of the generator, that alone learn; none named: all of them
    log_every: int = 10
    validate_every: int = 1000
    validation_takes: int = 16
    checkpoint_every: int = 500
    keep_last: int = 2


@dataclass(frozen=True)
class Recipe:
    """A resolved recipe."""

    model: Any
    system: str = "visinger"
    discriminator: DiscriminatorConfig = field(default_factory=DiscriminatorConfig)
    weights: Weights = field(default_factory=Weights)
    optimiser: Optimiser = field(default_factory=Optimiser)
    data: Data = field(default_factory=Data)
    training: Training = field(default_factory=Training)

    def as_table(self) -> dict[str, Any]:
        """The plain table that `from_table` reads back."""
        return as_table(self)

    @property
    def adversarial(self) -> bool:
        """Whether there are discriminators."""
        return bool(self.weights.adversarial or self.weights.feature_matching)

    def generator(self, phonemes: int, *, singers: int = 1) -> nn.Module:
        """The recipe's network for a vocabulary of that many symbols (padding included) and so many singers.

        Raises RecipeError when the system sings from the score but knows one singer only.
        """
        network = SYSTEMS[self.system][1]
        if singers == 1 or self.system in NEED_NO_SINGER:
            return network(self.model, phonemes)
        if network is not VISinger:
            raise RecipeError(
                f"the system '{self.system}' has one singer, the corpus {singers}",
                remedy="train 'visinger', or prepare a corpus of one singer",
            )
        return VISinger(self.model, phonemes, singers=singers)


def read(
    name_or_path: str | Path, *, scale: str | Path | None = None, overrides: Mapping[str, Any] | None = None
) -> Recipe:
    """The resolved recipe of that name or file.

    `scale` names a table of sizes (recipes/scales) that is laid over it;
    `overrides` are dotted keys: {'training.steps': 10}. Raises RecipeError
    naming the unknown key and the known ones.
    """
    table = read_recipe(name_or_path)
    if scale is not None:
        table = read_scale(scale, table, system=table.get("system", "visinger"))
    return changed(table, overrides or {}, where=str(name_or_path))


def changed(table: Mapping[str, Any], overrides: Mapping[str, Any], *, where: str = "recipe") -> Recipe:
    """The recipe of a table with some dotted keys set anew; the table stays as it is."""
    ours = copy.deepcopy(dict(table))
    for dotted, value in overrides.items():
        *tables, key = dotted.split(".")
        inner = ours
        for name in tables:
            inner = inner.setdefault(name, {})
            if not isinstance(inner, dict):
                raise RecipeError(f"'{name}' is not a table", where=dotted)
        inner[key] = value
    return from_table(ours, where=where)


def from_table(table: Mapping[str, Any], *, where: str = "recipe") -> Recipe:
    """A recipe from its plain table; RecipeError for unknown systems, keys and impossible values."""
    known = [f.name for f in dataclasses.fields(Recipe)]
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise RecipeError(f"unknown key '{unknown[0]}'", where=where, remedy=f"known keys: {' '.join(known)}")
    system = table.get("system", "visinger")
    if system not in SYSTEMS:
        raise RecipeError(f"unknown system '{system}'", where=where, remedy=f"use one of: {' '.join(SYSTEMS)}")
    kinds = {
        "model": SYSTEMS[system][0],
        "discriminator": DiscriminatorConfig,
        "weights": Weights,
        "optimiser": Optimiser,
        "data": Data,
        "training": Training,
    }
    parts = {}
    for name, kind in kinds.items():
        values = table.get(name, {})
        if not isinstance(values, Mapping):
            raise RecipeError(f"'{name}' must be a table", where=where)
        parts[name] = build(kind, dict(values), where=f"{where}.{name}")
    recipe = Recipe(system=system, **parts)
    _check(recipe, where)
    return recipe


def _check(recipe: Recipe, where: str) -> None:
    data, training, optimiser = recipe.data, recipe.training, recipe.optimiser
    at_least_one = {
        "data.batch_takes": data.batch_takes,
        "data.segment_frames": data.segment_frames,
        "optimiser.accumulate": optimiser.accumulate,
        "training.log_every": training.log_every,
        "training.validate_every": training.validate_every,
        "training.checkpoint_every": training.checkpoint_every,
        "training.keep_last": training.keep_last,
    }
    for key, value in at_least_one.items():
        if value < 1:
            raise RecipeError(f"{key} = {value}", where=where, remedy="it must be at least 1")
    if data.window_frames and data.window_frames < data.segment_frames:
        raise RecipeError(
            "data.window_frames is shorter than data.segment_frames",
            where=where,
            remedy="widen it, or 0 for whole takes",
        )
    if not 0 <= training.ema < 1:
        raise RecipeError(f"training.ema = {training.ema}", where=where, remedy="it must be in 0 … 1, 1 excluded")
    if len(optimiser.betas) != 2:
        raise RecipeError("optimiser.betas must be two numbers", where=where)
    chosen = {
        "data.split": (data.split, ("song", "paper")),
        "data.mels": (data.mels, ("recorded", "predicted")),
        "optimiser.schedule": (optimiser.schedule, ("exponential", "inverse_sqrt")),
        "training.precision": (training.precision, ("32-true", "bf16-mixed")),
    }
    for key, (value, known) in chosen.items():
        if value not in known:
            raise RecipeError(f"{key} = '{value}'", where=where, remedy=f"use {' or '.join(map(repr, known))}")
    if optimiser.schedule == "inverse_sqrt" and not optimiser.warm_up_steps:
        raise RecipeError("optimiser.schedule = 'inverse_sqrt' without optimiser.warm_up_steps", where=where)


def differences(one: Mapping[str, Any], other: Mapping[str, Any], *, prefix: str = "") -> list[str]:
    """The dotted keys whose values differ between two recipe tables, sorted."""
    differing = []
    for key in sorted(set(one) | set(other)):
        mine, theirs = one.get(key), other.get(key)
        if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
            differing += differences(mine, theirs, prefix=f"{prefix}{key}.")
        elif mine != theirs:
            differing.append(f"{prefix}{key}")
    return differing
