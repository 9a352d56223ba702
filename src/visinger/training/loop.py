"""The loop: steps until a budget is spent (VISinger §3.2: 600 k).

A run is a folder. Started again with the same arguments it goes on from its
newest checkpoint, as if it had never stopped.
"""

import math
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from lightning_fabric import Fabric
from lightning_fabric.strategies import DDPStrategy
from tqdm import tqdm

from visinger.training import checkpoint, resuming
from visinger.training.batches import ahead
from visinger.training.interruption import Interruption
from visinger.training.logbook import Logbook
from visinger.training.recipe import Recipe
from visinger.training.resuming import Run

SHOWN = ("loss", "mel", "kl", "f0", "discriminator")  # beside the progress bar


@dataclass(frozen=True)
class Options:
    """How a run is computed; nothing here changes what it computes but the budgets and `init`."""

    steps: int | None = None  # of the whole run, over all resumes; None: the recipe's
    minutes: float = math.inf  # of this call
    devices: int = 1  # more than one: a process each
    accelerator: str = "auto"  # "cpu" or "cuda"
    init: Path | None = None  # a checkpoint or run whose weights a new run begins with
    mels: Path | None = None  # the first stage's mels, for a recipe with data.mels = "predicted"
    accept_changes: bool = False  # resume although weights, budgets, data or optimiser differ
    progress: bool = True
    say: Callable[[str], None] = tqdm.write


@dataclass(frozen=True)
class Report:
    """How a call of `train` ended."""

    step: int
    checkpoint: Path
    reason: str  # why it stopped
    finished: bool  # the budget of steps is spent

    def __str__(self) -> str:
        more = "" if self.finished else "; the same command goes on from here"
        return f"step {self.step}: {self.reason}; checkpoint {self.checkpoint}{more}"


def train(recipe: Recipe, corpus_folder: Path, run_folder: Path, *, options: Options | None = None) -> Report:
    """Train the recipe on a prepared corpus in `run_folder`, or go on with what is there.

    Raises CheckpointError when the run was begun with another recipe, naming
    the keys; DivergedError naming the takes whose loss is no number.
    """
    options = options or Options()
    strategy = DDPStrategy(broadcast_buffers=False) if options.devices > 1 else "auto"
    fabric = Fabric(
        accelerator=options.accelerator,
        devices=options.devices,
        strategy=strategy,
        precision=recipe.training.precision,  # type: ignore[arg-type]
    )
    fabric.launch()
    run = resuming.open_run(
        fabric,
        recipe,
        Path(corpus_folder),
        Path(run_folder),
        init=options.init,
        mels=options.mels,
        accept_changes=options.accept_changes,
    )
    if fabric.is_global_zero:
        for line in run.remarks:
            options.say(line)
    with Interruption() as interruption:
        return _train(fabric, run, options, interruption)


def _train(fabric: Fabric, run: Run, options: Options, interruption: Interruption) -> Report:
    training = run.recipe.training
    last_step = training.steps if options.steps is None else options.steps
    first, began, state = fabric.is_global_zero, time.monotonic(), run.state
    logbook = Logbook(run.folder, state.step) if first else None
    bar = tqdm(
        total=last_step, initial=state.step, unit="step", disable=not (first and options.progress), dynamic_ncols=True
    )
    means = _Means()
    micros = ahead(run.batches, state.place)
    try:
        while not (reason := _reason(fabric, state.step, last_step, began, options, interruption)):
            asked = time.monotonic()
            place, batches = next(micros)
            waited = time.monotonic() - asked
            values = run.trainer.step([batch.to(fabric.device) for batch in batches], state.step, place)
            seconds = run.state.seconds + time.monotonic() - began
            state = replace(
                state, step=state.step + 1, place=run.batches.following(place), seconds=seconds, validation=None
            )
            means.add(values | {"waiting": waited / max(time.monotonic() - asked, 1e-9)})
            bar.update()
            if logbook and (state.step % training.log_every == 0):
                averaged = means.take()
                bar.set_postfix({k: f"{averaged[k]:.3f}" for k in SHOWN if k in averaged}, refresh=False)
                logbook.scalars(state.step, seconds, "train", averaged)
            if state.step % training.validate_every == 0 or state.step == last_step:
                state = _validate(run, fabric, state, logbook)
            if (
                state.step % training.checkpoint_every == 0
                or state.step % training.validate_every == 0
                or state.step == last_step
            ):
                _save(run, fabric, state)
        _save(run, fabric, state)
    finally:
        micros.close()
        bar.close()
        if logbook:
            logbook.close()
    return Report(state.step, checkpoint.folder(run.folder, state.step), reason, state.step >= last_step)


def _reason(
    fabric: Fabric, step: int, last_step: int, began: float, options: Options, interruption: Interruption
) -> str:
    """Why to stop now, agreed by all processes; empty to go on."""
    if step >= last_step:
        return "all steps taken"
    wishes = fabric.to_device(interruption.as_tensor(timed_out=time.monotonic() - began >= options.minutes * 60))
    interrupted, timed_out = fabric.all_reduce(wishes, reduce_op="sum").tolist()
    if interrupted:
        return "interrupted"
    return f"{options.minutes:g} minutes are over" if timed_out else ""


def _validate(run: Run, fabric: Fabric, state: checkpoint.State, logbook: Logbook | None) -> checkpoint.State:
    """Measured by the first process alone; the others wait at the checkpoint that follows."""
    if run.held_out is None or logbook is None:
        return state
    network = run.trainer.networks.listened
    values = run.held_out.measure(network, fabric.device)
    logbook.scalars(state.step, state.seconds, "validation", values)
    run.held_out.show(network, fabric.device, logbook, state.step)
    return replace(state, validation=values.get(network.ranked_by))


def _save(run: Run, fabric: Fabric, state: checkpoint.State) -> None:
    if fabric.is_global_zero:
        checkpoint.save(run.folder, run.trainer.networks, state)
        checkpoint.prune(run.folder, keep_last=run.recipe.training.keep_last)
    fabric.barrier()


class _Means:
    """Averages since they were last taken."""

    def __init__(self) -> None:
        self._totals: dict[str, float] = defaultdict(float)
        self._counts: dict[str, int] = defaultdict(int)

    def add(self, values: dict[str, float]) -> None:
        for name, value in values.items():
            self._totals[name] += value
            self._counts[name] += 1

    def take(self) -> dict[str, float]:
        means = {name: total / self._counts[name] for name, total in self._totals.items()}
        self._totals.clear()
        self._counts.clear()
        return means
