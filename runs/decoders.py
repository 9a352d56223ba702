"""Which decoder: its price, and how it sounds, taught on one frozen latent for one budget, heard on one test set.

    python runs/decoders.py --corpus prepared/pjs --latent RUN --work WORK --out docs/results --minutes 4 8

Every decoder begins with random weights and sees the same segments in the same order: z from the posterior encoder
of `--latent` (which stays as it is), the recorded F0, log-mel L1 and the multi-resolution STFT distance, no
discriminators. It is kept at every mark of `--minutes` (processor time of teaching) and, so that steps can be compared
too, at the steps that the slowest (taught first) had taken at its marks. The same command goes on from the newest mark;
another budget wants another `--work`. `--minutes 0` tells the prices alone.

Shapes: C latent channels · T frames · S samples, S = T × hop.
"""

import argparse
import json
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning_fabric import Fabric

from visinger.benchmarking import counting
from visinger.benchmarking.stopwatch import least
from visinger.configuration import as_table
from visinger.corpora.prepared import Prepared
from visinger.corpora.take import Take
from visinger.errors import VisingerError
from visinger.evaluation import figures, intervals, metrics, reports
from visinger.evaluation.concert import Sung, recording
from visinger.evaluation.judging import Judge, Verdict, vowels
from visinger.evaluation.summary import summarise
from visinger.exporting.graphs import Cut, Decoder, ExcitedDecoder
from visinger.exporting.onnx_files import write_graph
from visinger.exporting.rewriting import ready
from visinger.files import write_text
from visinger.models.parts.decoding import decode
from visinger.models.parts.source import Source
from visinger.phrasing.vocabulary import Vocabulary
from visinger.signal import f0
from visinger.training import checkpoint, steps
from visinger.training import recipe as recipes
from visinger.training.batches import Batches, Place
from visinger.training.trained import trained_network
from visinger.voices.graphs import open_graph

# what each decoder is, in keys of the recipe `autoencoder`; the slowest stands first
DECODERS: dict[str, dict[str, Any]] = {
    "hifigan-512": {"model.decoder": "hifigan", "model.hifigan.channels": 512},  # the paper's, V1
    "hifigan-128": {"model.decoder": "hifigan", "model.hifigan.channels": 128},  # V2's width
    "harmonic-256": {
        "model.decoder": "harmonic",
        "model.harmonic.channels": 256,
        "model.harmonic.blocks": 7,
    },  # `small`
}
REGIME: dict[str, Any] = {  # one for all
    "model.stft": True,
    "weights.kl": 0.0,  # the latent is given
    "weights.mel": 15.0,  # as in `small`
    "weights.stft": 6.0,
    "weights.adversarial": 0.0,
    "weights.feature_matching": 0.0,
    "optimiser.learning_rate": 5e-4,
    "optimiser.warm_up_steps": 20,
    "optimiser.gradient_norm": 50.0,
    "data.batch_takes": 4,
    "data.window_frames": 64,
    "data.segment_frames": 32,
    "training.parts": ("decoder",),
    "training.precision": "bf16-mixed",
}
SHIFTS_SEMITONES = (7, 12, -12)
CHUNK_FRAMES = 400  # about what a voice's decoder is given at a time


@dataclass(frozen=True)
class Mark:
    """A kept state of a decoder."""

    decoder: str
    step: int
    cpu_minutes: float
    folder: Path

    @property
    def name(self) -> str:
        return f"{self.decoder}, {self.cpu_minutes:.2g} min, {self.step:,} steps"


def recipe_of(decoder: str, latent: Path) -> recipes.Recipe:
    """The recipe of a decoder on that latent: the sizes of its posterior encoder, everything else alike."""
    given = recipes.from_table(checkpoint.read_state(latent).recipe).model
    table = recipes.read("autoencoder").as_table()
    sizes = {"model.latent": given.latent, "model.posterior": as_table(given.posterior)}
    return recipes.changed(table, {**sizes, **REGIME, **DECODERS[decoder]}, where=decoder)


def teach(decoder: str, asked: argparse.Namespace, corpus: Prepared, at_steps: Sequence[int]) -> list[Mark]:
    """Teach until the last mark; every kept state, earliest first."""
    recipe, run = recipe_of(decoder, asked.latent), asked.work / decoder
    vocabulary = Vocabulary(corpus.card.phonemes)
    batches = Batches(corpus.takes("train"), vocabulary, recipe.data, latent_channels=recipe.model.latent)
    networks = steps.build(recipe, vocabulary.size)
    checkpoint.warm_start(asked.latent, networks, vocabulary.symbols)
    _refresh(networks.generator.decoder, recipe)
    place, step, seconds = Place(), 0, 0.0
    newest = checkpoint.latest(run)
    if newest is not None:
        checkpoint.restore(newest, networks)
        state = checkpoint.read_state(newest)
        place, step, seconds = state.place, state.step, state.seconds
    fabric = Fabric(accelerator="cpu", devices=1, precision=recipe.training.precision)
    trainer = steps.Trainer(fabric, networks, recipe)
    reached = seconds
    while seconds < 60 * asked.minutes[-1]:
        begun = time.process_time()
        values = trainer.step(batches.step(place), step, place)
        seconds += time.process_time() - begun
        place, step = batches.following(place), step + 1
        passed = any(reached < 60 * mark <= seconds for mark in asked.minutes)
        reached = seconds
        if passed or step in at_steps:
            state = checkpoint.State(
                step=step,
                place=place,
                recipe=recipe.as_table(),
                symbols=vocabulary.symbols,
                corpus={"name": corpus.card.name},
                takes="",
                step_takes=batches.step_takes,
                seconds=seconds,
            )
            checkpoint.save(run, networks, state)
            sys.stderr.write(f"{decoder}: step {step}, {seconds:.0f} s, mel {values['mel']:.3f}\n")
    found = [(path, checkpoint.read_state(path)) for path in checkpoint.every(run)]
    return [Mark(decoder, state.step, state.seconds / 60, path) for path, state in found]


def _refresh(decoder: torch.nn.Module, recipe: recipes.Recipe) -> None:
    """Random weights again: the warm start is for the posterior encoder alone."""
    torch.manual_seed(recipe.data.seed)
    fresh = recipe.generator(2).decoder
    decoder.load_state_dict(fresh.state_dict())


@torch.inference_mode()
def copied(model: torch.nn.Module, take: Take, name: str, *, semitones: int = 0) -> Sung:
    """The take through the posterior's mean and the decoder, its F0 moved by so many semitones."""
    f0_hz = take.f0_hz.astype(np.float64) * 2 ** (semitones / 12)
    spectrum = model.spectrogram(torch.from_numpy(np.array(take.samples, np.float32))[None])
    z, _ = model.posterior_encoder(spectrum, torch.ones(1, 1, take.phrase.frames))
    noise = np.random.default_rng(0).standard_normal(len(take.samples)).astype(np.float32)
    source = Source(
        torch.from_numpy(f0_hz.astype(np.float32))[None],
        torch.zeros(1, dtype=torch.float64),
        torch.from_numpy(noise)[None],
    )
    samples = decode(model.decoder, z, source)[0, 0].float().numpy()
    return Sung(take, name, "given", samples, take.frames, f0_hz)


def transposed(model: torch.nn.Module, mark: Mark, takes: Sequence[Take]) -> Iterator[list[str]]:
    """A line a shift: share of vowel frames within 50 cents of the moved curve, and the median distance."""
    for semitones in SHIFTS_SEMITONES:
        found = []
        for take in takes:
            sung = copied(model, take, mark.name, semitones=semitones)
            heard = f0.track_independent(sung.samples, take.sample_rate_hz, hop=take.hop_samples)
            found.append(metrics.pitch_following(heard, sung.f0_hz, np.repeat(vowels(take), take.frames)))
        within = intervals.pooled([100 * one.within.total for one in found], [one.within.count for one in found])
        heard_share = intervals.pooled([100 * one.heard.total for one in found], [one.heard.count for one in found])
        cents = intervals.statistic([one.cents for one in found])
        yield [mark.name, f"{semitones:+d}", *(reports.shown(one) for one in (within, heard_share, cents))]


def price(decoder: str, asked: argparse.Namespace) -> list[str]:
    """Parameters, and what a second of sound costs in onnxruntime, exported as voices are, one thread."""
    model = recipe_of(decoder, asked.latent).generator(2)
    parameters = sum(p.numel() for p in model.decoder.parameters())  # with weight norm's lengths
    ready(model, half=True)
    frames, hop = CHUNK_FRAMES, model.decoder.hop_samples
    inputs = {"z": torch.randn(1, model.config.latent, frames)}
    cut = Cut("decoder", Decoder(model), inputs, ("wave",), {"z": {2: "T"}})
    if model.decoder.excited:
        inputs |= {
            "f0_hz": torch.full((1, frames), 220.0),
            "start_phase": torch.zeros(1, dtype=torch.float64),
            "noise": torch.randn(1, frames * hop),
        }
        axes = {"z": {2: "T"}, "f0_hz": {1: "T"}, "start_phase": {}, "noise": {1: "S"}}
        cut = Cut("decoder", ExcitedDecoder(model), inputs, ("wave", "phases"), axes)
    folder = asked.work / decoder / "exported"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / write_graph(cut, folder).file
    given = {name: tensor.numpy() for name, tensor in inputs.items()}
    graph = open_graph(path, threads=1)
    graph.run(given)
    second = frames * hop / model.decoder.sample_rate_hz
    spent = least(lambda: graph.run(given), 5).cpu_seconds / second
    giga = counting.counted(path, [given]).operations / second / 1e9
    sys.stderr.write(f"price of {decoder}: {spent:.4f} CPU-seconds a second\n")
    return [decoder, f"{parameters / 1e6:.2f}", f"{giga:.2f}", f"{spent:.4f}", f"{path.stat().st_size / 1e6:.1f}"]


def held_to(asked: argparse.Namespace) -> None:
    """One folder, one study: VisingerError where `--work` was begun with another budget, latent or regime."""
    table = {"minutes": asked.minutes, "latent": str(asked.latent), "regime": REGIME, "decoders": DECODERS}
    text, path = json.dumps(table, indent=1), asked.work / "study.json"
    if path.is_file() and path.read_text(encoding="utf-8") != text:
        raise VisingerError("begun with another budget, latent or regime", where=path, remedy="give another --work")
    write_text(path, text, make_folder=True)


def told(title: str, heading: Sequence[str], lines: Sequence[Sequence[str]]) -> str:
    """A Markdown section with one table."""
    rows = [heading, ["---"] * len(heading), *lines]
    return f"## {title}\n\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows)


def heard(marks: Sequence[Mark], takes: Sequence[Take], asked: argparse.Namespace) -> Mapping[str, Any]:
    """Verdicts of every mark, transpositions of each decoder's last, and versions of one take to draw."""
    judge, lines = Judge(), []
    drawn = [recording().sing(takes[0], "given", 0)]
    verdicts = [judge.judge(recording().sing(take, "given", 0)) for take in takes]
    last = {mark.decoder: mark for mark in marks}
    for mark in marks:
        model = trained_network(mark.folder).model
        sung = [copied(model, take, mark.name) for take in takes]
        verdicts += [judge.judge(one) for one in sung]
        if last[mark.decoder] is mark:
            drawn.append(sung[0])
            lines += transposed(model, mark, takes[: asked.transposed])
        sys.stderr.write(f"heard: {mark.name}\n")
    return {"verdicts": verdicts, "transposed": lines, "drawn": drawn}


def main() -> int:
    """Teach, listen, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--latent", type=Path, required=True, help="a run or checkpoint with a posterior encoder")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, nargs="+", default=[4.0, 8.0], help="of the processor, a decoder")
    parser.add_argument("--takes", type=int, default=8)
    parser.add_argument("--transposed", type=int, default=4, help="takes that are moved to other pitches")
    asked = parser.parse_args()
    asked.minutes.sort()
    asked.latent = checkpoint.latest(asked.latent) or checkpoint.locate(asked.latent)
    columns = ["decoder", "parameters (M)", "GFLOP a second", "CPU-seconds a second", "file (MB)"]
    notes = [told("Price", columns, [price(decoder, asked) for decoder in DECODERS])]
    write(asked, [], notes)
    if not asked.minutes[-1]:
        return 0
    held_to(asked)
    corpus = Prepared.open(asked.corpus)
    marks: list[Mark] = []
    for decoder in DECODERS:
        marks += teach(decoder, asked, corpus, [mark.step for mark in marks if mark.decoder == next(iter(DECODERS))])
    found = heard(marks, list(corpus.takes("test"))[: asked.takes], asked)
    moved = ["decoder", "semitones", "vowel frames within 50 cents (%)", "heard as pitched (%)", "median (cents)"]
    notes.append(told("F0 transposed, latent kept", moved, found["transposed"]))
    write(asked, found["verdicts"], notes)
    figures.spectrograms(asked.out / "decoders" / "spectrograms.png", found["drawn"])
    return 0


def write(asked: argparse.Namespace, verdicts: Sequence[Verdict], notes: Sequence[str]) -> None:
    """The page and the table of what is known."""
    rows, command = summarise(verdicts), "python " + shlex.join(sys.argv)
    write_text(
        asked.out / "decoders.md", reports.markdown("Decoders on one latent", rows, command=command, notes=notes)
    )
    if rows:
        write_text(asked.out / "decoders.csv", reports.as_csv(rows))


if __name__ == "__main__":
    sys.exit(main())
