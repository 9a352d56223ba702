"""int8 or not: a voice's graphs quantised one by one, sung beside the float voice, and judged.

    python runs/int8.py src/visinger/voices/embedded/pjs --corpus prepared/pjs --work WORK --out docs/results/int8.csv

`matmul`: weights of matrix products in int8, activations quantised as they come (only `rhythm` has such products).
`static`: convolutions and matrix products in int8 with ranges seen on training takes (QDQ, weights by channel).
Graphs that a variant leaves alone are the voice's own.
"""

import argparse
import csv
import hashlib
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_dynamic, quantize_static

from visinger.benchmarking.stopwatch import timed
from visinger.corpora.prepared import Prepared
from visinger.corpora.take import Take
from visinger.evaluation import intervals, metrics
from visinger.evaluation.cepstra import mel_cepstral_distance, world_cepstra
from visinger.evaluation.concert import Contender, Sung, singer
from visinger.evaluation.judging import Judge, sounding
from visinger.phrasing.performance import PhrasePerformance
from visinger.phrasing.regulation import owners
from visinger.signal.mel import log_mel
from visinger.units import FRAMES_PER_SECOND, cents_between
from visinger.voices.description import GRAPHS, read_description
from visinger.voices.graphs import Graph
from visinger.voices.performing import VOICED_FROM, note_log_f0
from visinger.voices.singer import VoiceSinger
from visinger.voices.voice import Voice

LEAST_WEIGHTS = 1024  # smaller tensors, and kernels made of sines, stay as they are
FLOAT = "float"
VARIANTS = {
    "matmul: rhythm": {"rhythm": "matmul"},
    **{f"static: {name}": {name: "static"} for name in GRAPHS},
    "static: all": dict.fromkeys(GRAPHS, "static"),
}


def unfolded(path: Path) -> onnx.ModelProto:
    """The graph with its float16 weights as plain float32, as quantisers want them."""
    model = onnx.load(path)
    halves = {weight.name: weight for weight in model.graph.initializer}
    nodes = []
    for node in model.graph.node:
        if node.op_type == "Cast" and node.input[0] in halves and halves[node.input[0]].data_type == 10:
            weight = halves.pop(node.input[0])
            values = numpy_helper.to_array(weight).astype(np.float32)
            model.graph.initializer.remove(weight)
            model.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
        else:
            nodes.append(node)
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return onnx.shape_inference.infer_shapes(model)


def learnt_products(model: onnx.ModelProto) -> list[str]:
    """Convolutions and products whose weights were learnt: no Fourier bases, no attention scores."""
    weights = {w.name for w in model.graph.initializer if np.prod(w.dims) >= LEAST_WEIGHTS}
    return [n.name for n in model.graph.node if n.op_type in ("Conv", "MatMul") and n.input[1] in weights]


class Calls(CalibrationDataReader):
    """What a graph was given while the float voice sang the calibration takes."""

    def __init__(self, calls: Sequence[Mapping[str, Any]]) -> None:
        self._calls = iter(calls)

    def get_next(self) -> dict[str, Any] | None:
        """The next call's inputs; None after the last."""
        found = next(self._calls, None)
        return None if found is None else dict(found)


def calls_of(voice: Voice, takes: Sequence[Take]) -> dict[str, list[dict[str, Any]]]:
    """Every graph's inputs while the takes are sung with their recorded durations and F0."""
    heard: dict[str, list[dict[str, Any]]] = {name: [] for name in GRAPHS}
    run = Graph.run

    def listening(graph: Graph, tensors: dict[str, Any]) -> dict[str, Any]:
        name = "decoder" if "z" in tensors else "intonation" if "note_log_f0" in tensors else "prior"
        heard["rhythm" if "note_frames" in tensors else name].append(tensors)
        return run(graph, tensors)

    Graph.run = listening  # type: ignore[method-assign]
    try:
        who = VoiceSinger(voice)
        for take in takes:
            performance = who.perform(take.phrase)
            who.render(replace(performance, frames=take.frames, f0_hz=take.f0_hz.astype(np.float64)))
    finally:
        Graph.run = run  # type: ignore[method-assign]
    return heard


def quantised(source: Path, target: Path, how: Mapping[str, str], calls: Mapping[str, Sequence[Any]]) -> Path:
    """A copy of the voice in which the named graphs are quantised."""
    shutil.copytree(source, target, dirs_exist_ok=True)
    described = read_description(source)
    graphs = dict(described.graphs)
    for name, kind in how.items():
        plain, made = target / f"{name}.plain.onnx", target / f"{name}.onnx"
        model = unfolded(made)
        onnx.save(model, plain)
        chosen = learnt_products(model)
        if kind == "matmul":
            quantize_dynamic(plain, made, op_types_to_quantize=["MatMul"], per_channel=True)
        else:
            quantize_static(
                plain,
                made,
                Calls(calls[name]),
                quant_format=QuantFormat.QDQ,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
                per_channel=True,
                nodes_to_quantize=chosen,
            )
        plain.unlink()
        data = made.read_bytes()
        graphs[name] = replace(graphs[name], bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
    replace(described, graphs=graphs).write(target)
    return target


def beside_float(sung: Sequence[Sung], floats: Sequence[Sung]) -> dict[str, intervals.Interval]:
    """Mel-cepstral and mel distance from what the float voice sang."""
    tallies: dict[str, list[metrics.Tally]] = {"mcd_from_float_db": [], "mel_from_float": []}
    for one, other in zip(sung, floats, strict=True):
        counted = np.repeat(sounding(one.take), one.frames)
        cepstra = [world_cepstra(x.samples, x.take.f0_hz) for x in (one, other)]
        mels = [log_mel(x.samples) for x in (one, other)]
        tallies["mcd_from_float_db"].append(mel_cepstral_distance(*cepstra, counted))
        tallies["mel_from_float"].append(metrics.mel_distance(*mels, counted))
    return {
        name: intervals.pooled([t.total for t in found], [t.count for t in found]) for name, found in tallies.items()
    }


def performances_apart(ours: VoiceSinger, theirs: VoiceSinger, takes: Sequence[Take]) -> Iterator[tuple[str, Any]]:
    """How far the quantised voice's durations (ms) and pitch (cents, durations alike) lie from the float's."""
    late, off = [], []
    for take in takes:
        late.append(np.abs(ours.predicted_frames(take.phrase) - theirs.predicted_frames(take.phrase)))
        curves = [own_curve(who, take) for who in (ours, theirs)]
        both = (curves[0] > 0) & (curves[1] > 0)
        off.append(np.abs(cents_between(curves[0][both], curves[1][both])))
    yield (
        "durations_from_float_ms",
        intervals.pooled([x.sum() * 1000 / FRAMES_PER_SECOND for x in late], [x.size for x in late]),
    )
    yield "curve_from_float_cents", intervals.pooled([x.sum() for x in off], [x.size for x in off])


def own_curve(who: VoiceSinger, take: Take) -> np.ndarray:
    """The voice's own F0 (T) on the recorded durations; 0 where it leaves a frame unvoiced."""
    voice = who.voice.for_language(take.phrase.language)
    phrase = take.phrase
    text, _ = voice.graphs.rhythm(voice.vocabulary.ids(phrase.phonemes), phrase.pitches, phrase.note_frames)
    owner, position = owners(take.frames)
    notes = note_log_f0(phrase.pitches)[owner]
    log_f0, voicing = voice.graphs.intonation(text, owner, position, notes)
    return np.where((voicing > VOICED_FROM) & (phrase.pitches[owner] > 0), np.exp(log_f0.astype(np.float64)), 0.0)


def fastest(folders: Mapping[str, Path], takes: Sequence[Take], rounds: int) -> dict[str, float]:
    """CPU seconds a second of singing, all graphs but `intonation`, the least of several rounds in turns."""
    least = dict.fromkeys(folders, np.inf)
    whole = sum(len(take.samples) for take in takes) / takes[0].sample_rate_hz
    who = {name: VoiceSinger(Voice.load(folder)) for name, folder in folders.items()}
    wanted = [PhrasePerformance(t.phrase, t.frames, t.f0_hz.astype(np.float64)) for t in takes]
    for _ in range(rounds):
        for name, one in who.items():
            spent = timed(lambda one=one: [one.render(p) for p in wanted])
            least[name] = min(least[name], spent.cpu_seconds / whole)
    return least


def main() -> int:
    """Quantise, sing, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("voice", type=Path)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="a folder to throw away")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--takes", type=int, default=8)
    parser.add_argument("--calibration", type=int, default=6, help="training takes whose ranges are learnt")
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args()
    corpus = Prepared.open(asked.corpus)
    takes = list(corpus.takes("test"))[: asked.takes]
    calls = calls_of(Voice.load(asked.voice), list(corpus.takes("train"))[: asked.calibration])
    folders = {FLOAT: asked.voice}
    for name, how in VARIANTS.items():
        folder = asked.work / name.replace(": ", "-")
        try:
            quantised(asked.voice, folder, how, calls)
            Voice.load(folder)
        except Exception as error:  # noqa: BLE001 -- a quantiser's refusal is a finding
            sys.stderr.write(f"{name}: not made: {error}\n")
            continue
        folders[name] = folder
        sys.stderr.write(f"{name}: made\n")
    speeds = fastest(folders, takes, asked.rounds)
    rows, judge, floats = [], Judge(), []
    theirs = VoiceSinger(Voice.load(asked.voice))
    for name, folder in folders.items():
        who = VoiceSinger(Voice.load(folder))
        contender: Contender = singer(who)
        sung = [contender.sing(take, "given", 0) for take in takes]
        floats = floats or sung
        figures = dict(summary([judge.judge(one) for one in sung]))
        if name != FLOAT:
            figures |= beside_float(sung, floats) | dict(performances_apart(who, theirs, takes))
        megabytes = sum((folder / f"{graph}.onnx").stat().st_size for graph in GRAPHS) / 1e6
        for measure, found in figures.items():
            rows.append([name, measure, *(f"{x:.5g}" for x in (found.value, found.low, found.high)), found.clips])
        rows.append([name, "cpu_seconds_a_second", f"{speeds[name]:.5g}", "", "", len(takes)])
        rows.append([name, "megabytes", f"{megabytes:.4g}", "", "", ""])
        told = ", ".join(f"{measure} {found}" for measure, found in figures.items())
        sys.stderr.write(f"{name}: {told}, {speeds[name]:.4f} CPU-s/s, {megabytes:.1f} MB\n")
        with asked.out.open("w", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerows([["variant", "measure", "value", "low", "high", "clips"], *rows])
    sys.stdout.write(table(asked.out))
    return 0


def table(path: Path) -> str:
    """What a run wrote, in Markdown: a variant a column, a measure a line."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    variants = list(dict.fromkeys(row["variant"] for row in rows))
    cells = {(row["measure"], row["variant"]): shown(row) for row in rows}
    lines = [["measure", *variants], ["---"] * (1 + len(variants))]
    for measure in dict.fromkeys(row["measure"] for row in rows):
        lines.append([measure, *(cells.get((measure, variant), "–") for variant in variants)])
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def shown(row: Mapping[str, str]) -> str:
    """A figure to three digits, with its interval where it has one."""
    value, *bounds = (float(row[key]) for key in ("value", "low", "high") if row[key])
    return f"{value:.3g}" + (f" [{bounds[0]:.3g}, {bounds[1]:.3g}]" if bounds else "")


def summary(verdicts: Sequence[Any]) -> Iterator[tuple[str, intervals.Interval]]:
    """The measures that quantising could spoil, pooled over takes."""
    from visinger.evaluation.summary import MEASURES

    wanted = (
        "mcd_db",
        "mel_distance",
        "curve_within_50_cents",
        "curve_median_cents",
        "voicing_error",
        "clicks_per_minute",
        "dc_db",
        "above_8khz_db",
    )
    for measure in MEASURES:
        if measure.name in wanted:
            yield measure.name, measure.figure(verdicts)


if __name__ == "__main__":
    sys.exit(main())
