"""What a step of training costs, beside what torch's convolutions reach on this machine.

    python -m visinger.benchmarking.training_speed RECIPE STEPS OVERRIDES

runs in a process of its own (its peak of memory is the step's) and prints JSON; OVERRIDES is JSON too.
Takes are made up: five seconds each, as long as the paper's (§3.1).
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from visinger.benchmarking.stopwatch import Spent, least, peak_bytes, timed
from visinger.errors import VisingerError

if TYPE_CHECKING:
    from visinger.corpora.take import Take

TAKE_SECONDS = 5  # §3.1
SYMBOLS = ("SP", "AP", "a", "i", "u", "e", "o", "k", "s", "m")
NOTE_FRAMES, CONSONANT_FRAMES = 25, 6
LONGEST_SECONDS = 3600
# (takes, channels, kernel, places): HiFi-GAN's residual convolutions on eight segments of 32 frames
SHAPES = ((8, 128, 7, 1920), (8, 128, 11, 1920), (8, 64, 11, 3840))


@dataclass(frozen=True)
class TrainingSpeed:
    """One step's cost; seconds are the least of several steps, the first left out."""

    recipe: str
    batch_takes: int
    take_seconds: float
    cpu_seconds: float
    wall_seconds: float
    peak_bytes: int
    gigaflop: float  # of the mathematics; what is computed again to save memory is not counted
    gflops: float  # reached, a CPU-second
    ceiling_gflops: float  # of one convolution, forward and backward, the best of several shapes
    share: float
    data_cpu_seconds: float  # of one step's batch; made by a thread while the step before is computed
    losses: dict[str, float]  # of the last step


def measure(recipe: str, *, steps: int = 3, overrides: Mapping[str, Any] | None = None) -> TrainingSpeed:
    """Train in a new process, one thread; `overrides` are the recipe's values by dotted key."""
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "passive"}
    command = [
        sys.executable,
        "-m",
        "visinger.benchmarking.training_speed",
        recipe,
        str(steps),
        json.dumps(overrides or {}),
    ]
    found = subprocess.run(command, capture_output=True, text=True, check=False, env=alone, timeout=LONGEST_SECONDS)
    if found.returncode:
        reason = (found.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise VisingerError(f"the training process failed: {reason}", where=recipe)
    return TrainingSpeed(**json.loads(found.stdout.strip().splitlines()[-1]))


# ---- in the new process ----


def made_up_take(number: int) -> "Take":
    """Five seconds of notes of a consonant and a vowel, as noise over a pulse at the note's pitch."""
    from visinger.corpora.take import Take
    from visinger.phrasing.phrase import Phrase
    from visinger.units import FRAMES_PER_SECOND, HOP_SAMPLES, SAMPLE_RATE_HZ

    rng = np.random.default_rng(number)
    slots = TAKE_SECONDS * FRAMES_PER_SECOND // NOTE_FRAMES
    phonemes, pitches, slot, frames = ["SP"], [0], [0], [NOTE_FRAMES]
    for k in range(1, slots):
        pitch = int(rng.integers(57, 70))
        phonemes += [str(rng.choice(SYMBOLS[7:])), str(rng.choice(SYMBOLS[2:7]))]
        pitches, slot = [*pitches, pitch, pitch], [*slot, k, k]
        frames += [CONSONANT_FRAMES, NOTE_FRAMES - CONSONANT_FRAMES]
    phrase = Phrase(
        phonemes=tuple(phonemes),
        pitches=np.array(pitches),
        slot=np.array(slot),
        before_beat=np.zeros(len(phonemes), dtype=bool),
        slot_starts=np.arange(slots + 1) * NOTE_FRAMES,
        score_notes=np.arange(slots) - 1,
        slurred=np.zeros(len(phonemes), dtype=bool),
        convention="consonant-inclusive",
        language="ja",
    )
    voiced = np.isin(phonemes, SYMBOLS[2:7])
    f0_hz = np.repeat(np.where(voiced, 440 * 2.0 ** ((np.array(pitches) - 69) / 12), 0), frames).astype(np.float32)
    cycles = np.cumsum(np.repeat(f0_hz, HOP_SAMPLES).astype(np.float64)) / SAMPLE_RATE_HZ
    noise = rng.standard_normal(len(cycles)) * 0.01
    samples = (0.2 * (np.modf(cycles)[0] - 0.5) * (np.repeat(f0_hz, HOP_SAMPLES) > 0) + noise).astype(np.float32)
    name = f"made-up-{number}"
    return Take(name, name, "nobody", phrase, np.array(frames), f0_hz, samples, SAMPLE_RATE_HZ, HOP_SAMPLES)


def convolution_ceiling(repeats: int = 2) -> float:
    """Giga-operations a CPU-second of the fastest of `SHAPES`, forward and backward, as torch computes it here."""
    import torch

    best = 0.0
    for takes, channels, kernel, places in SHAPES:
        x = torch.randn(takes, channels, places, requires_grad=True)
        weight = torch.randn(channels, channels, kernel, requires_grad=True)
        given = torch.randn(takes, channels, places)

        def work(x: Any = x, weight: Any = weight, given: Any = given) -> None:
            made = torch.nn.functional.conv1d(x, weight, padding=weight.shape[2] // 2)
            torch.autograd.grad(made, (x, weight), given)

        work()
        operations = 3 * 2 * takes * channels**2 * kernel * places
        best = max(best, operations / least(work, repeats).cpu_seconds / 1e9)
    return best


def operations_of(work: Any) -> int:
    """Floating-point operations of the convolutions and matrix products in some torch work, backward passes included.

    torch's own counter takes the backward pass of a grouped convolution for a dense one.
    """
    import torch
    from torch.utils.flop_counter import FlopCounterMode, conv_flop_count

    def backward(gradient: Any, x: Any, weight: Any, *rest: Any, out_shape: Any = None) -> int:  # noqa: ARG001
        transposed, wanted = rest[4], rest[7]
        forward = conv_flop_count(x, weight, gradient, transposed=transposed)
        return forward * (int(wanted[0]) + int(wanted[1]))

    counter = FlopCounterMode(display=False, custom_mapping={torch.ops.aten.convolution_backward: backward})
    with counter:
        work()
    return int(counter.get_total_flops())


def _main(recipe_name: str, steps: int, overrides: str) -> TrainingSpeed:
    import torch
    from lightning_fabric import Fabric

    from visinger.models.parts import fft_block
    from visinger.phrasing.vocabulary import Vocabulary
    from visinger.training import recipe as recipes
    from visinger.training.batches import Batches, Place
    from visinger.training.steps import Trainer, build

    torch.set_num_threads(1)
    recipe = recipes.read(recipe_name, overrides=json.loads(overrides))
    vocabulary = Vocabulary(SYMBOLS)
    takes = [made_up_take(k) for k in range(recipe.data.batch_takes)]
    batches = Batches(takes, vocabulary, recipe.data, latent_channels=recipe.model.latent)
    fabric = Fabric(accelerator="cpu", devices=1, precision=recipe.training.precision)
    trainer = Trainer(fabric, build(recipe, vocabulary.size), recipe)
    place, told, spent, ceilings, data = Place(), {}, [], [], []
    for step in range(steps):
        made: list[Any] = []
        data.append(timed(lambda made=made, place=place: made.extend(batches.step(place))).cpu_seconds)
        spent.append(timed(lambda made=made, step=step, place=place: told.update(trainer.step(made, step, place))))
        place = batches.following(place)
        peak = peak_bytes()  # before the counter below and the ceiling's own tensors
        ceilings.append(convolution_ceiling())
    # counted on one take, all are alike; everything kept, for what is computed twice is not twice the mathematics
    fft_block.LARGEST_KEPT_MAP_BYTES = 1 << 60
    alone = Batches(takes, vocabulary, replace(recipe.data, batch_takes=1), latent_channels=recipe.model.latent)
    one = alone.step(Place())
    operations = operations_of(lambda: trainer.step(one, steps, Place())) * recipe.data.batch_takes
    fastest = Spent(min(s.cpu_seconds for s in spent[1:]), min(s.wall_seconds for s in spent[1:]))
    reached, ceiling = operations / fastest.cpu_seconds / 1e9, max(ceilings)
    return TrainingSpeed(
        recipe=recipe_name,
        batch_takes=recipe.data.batch_takes,
        take_seconds=TAKE_SECONDS,
        cpu_seconds=fastest.cpu_seconds,
        wall_seconds=fastest.wall_seconds,
        peak_bytes=peak,
        gigaflop=operations / 1e9,
        gflops=reached,
        ceiling_gflops=ceiling,
        share=reached / ceiling,
        data_cpu_seconds=min(data),
        losses=told,
    )


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(_main(sys.argv[1], int(sys.argv[2]), sys.argv[3]))) + "\n")
