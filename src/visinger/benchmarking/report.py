"""The bench's figures, as a table for the eye and as JSON; two voices side by side."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from visinger.benchmarking.newborn import FirstSound, WholeSong
from visinger.benchmarking.scaling import Scaling
from visinger.benchmarking.singing_speed import GraphSpeed, SingingSpeed
from visinger.benchmarking.training_speed import TrainingSpeed


@dataclass(frozen=True)
class VoiceFigures:
    """All that is measured of one voice."""

    speed: SingingSpeed
    first: FirstSound | None
    song: WholeSong | None
    scaling: Scaling | None


@dataclass(frozen=True)
class Bench:
    """One call of `visinger bench`."""

    voices: tuple[VoiceFigures, ...]
    bandwidth_gb_per_second: float
    training: TrainingSpeed | None

    def as_json(self) -> dict[str, Any]:
        """Plain values, units in their names."""
        return asdict(self)


def table(bench: Bench) -> str:
    """Everything in Markdown; of two voices the second also as a multiple of the first."""
    lines: list[str] = []
    if bench.voices:
        lines += [*_whole(bench.voices), ""]
        for figures in bench.voices:
            lines += [f"### {figures.speed.voice}, graph by graph", "", *_graphs(figures.speed), ""]
        best = bench.voices[0].speed.best
        lines += [
            f"Ceiling: {best.gflops:.0f} GFLOP a CPU-second (onnxruntime, convolution {best.shape}); "
            f"memory {bench.bandwidth_gb_per_second:.1f} GB/s a core.",
            "",
        ]
    if bench.training is not None:
        lines += _training(bench.training)
    return "\n".join(lines).rstrip() + "\n"


def _whole(voices: Sequence[VoiceFigures]) -> list[str]:
    rows = [_row("CPU-seconds a second of audio", [v.speed.cpu_seconds for v in voices], "{:.4f}")]
    rows += [_row("  of these outside the graphs", [v.speed.rest_cpu_seconds for v in voices], "{:.4f}")]
    rows += [_row("real-time factor, one thread", [v.speed.real_time_factor for v in voices], "{:.4f}")]
    if all(v.first for v in voices):
        rows += [_row("first sound, voice open (s)", [v.first.warm_seconds for v in voices if v.first], "{:.3f}")]
        rows += [_row("first sound, from nothing (s)", [v.first.cold_seconds for v in voices if v.first], "{:.2f}")]
    if all(v.song for v in voices):
        rows += [_row("peak memory of a song (MB)", [v.song.peak_bytes / 1e6 for v in voices if v.song], "{:.0f}")]
    if all(v.scaling for v in voices):
        rows += [_row("scaling of songs", [v.scaling.songs for v in voices if v.scaling], "{:.2f}")]
        rows += [_row("scaling of matrix products", [v.scaling.products for v in voices if v.scaling], "{:.2f}")]
        rows += [_row("ratio of the two", [v.scaling.ratio for v in voices if v.scaling], "{:.2f}")]
    rows += [_row("parameters (M)", [sum(g.parameters for g in v.speed.graphs) / 1e6 for v in voices], "{:.2f}")]
    rows += [_row("files (MB)", [sum(g.file_bytes for g in v.speed.graphs) / 1e6 for v in voices], "{:.1f}")]
    rows += [_row("GFLOP a second of audio", [sum(g.gigaflop for g in v.speed.graphs) for v in voices], "{:.2f}")]
    names = [v.speed.voice for v in voices]
    song = voices[0].speed
    ratio = ["ratio"] if len(voices) == 2 else []
    return [
        f"| {song.score}, {song.audio_seconds:.1f} s | {' | '.join([*names, *ratio])} |",
        "|---|" + "--:|" * (len(names) + len(ratio)),
        *rows,
    ]


def _row(name: str, values: Sequence[float], form: str) -> str:
    shown = [form.format(value) for value in values]
    if len(values) == 2:
        shown.append(f"{values[1] / values[0]:.2f} ×" if values[0] else "–")
    return f"| {name.strip()} | {' | '.join(shown)} |"


def _graphs(speed: SingingSpeed) -> list[str]:
    lines = [
        "| graph | runs | CPU-s / s | GFLOP / s | moved MB / s | parameters M | GFLOP/CPU-s | one such convolution "
        "| share of the best |",
        "|---|" + "--:|" * 8,
    ]
    return lines + [_graph(graph) for graph in speed.graphs]


def _graph(graph: GraphSpeed) -> str:
    return (
        f"| {graph.name} | {graph.calls} | {graph.cpu_seconds:.4f} | {graph.gigaflop:.3f} | {graph.moved_mb:.0f} "
        f"| {graph.parameters / 1e6:.2f} | {graph.gflops:.0f} | {graph.ceiling_gflops:.0f} "
        f"| {100 * graph.share:.0f} % |"
    )


def _training(training: TrainingSpeed) -> list[str]:
    return [
        f"| a step of `{training.recipe}`, {training.batch_takes} × {training.take_seconds:g} s | |",
        "|---|--:|",
        f"| CPU-seconds | {training.cpu_seconds:.1f} |",
        f"| wall seconds, one thread | {training.wall_seconds:.1f} |",
        f"| peak memory (GB) | {training.peak_bytes / 1e9:.2f} |",
        f"| GFLOP | {training.gigaflop:.0f} |",
        f"| GFLOP a CPU-second | {training.gflops:.0f} |",
        f"| one convolution, forward and backward | {training.ceiling_gflops:.0f} |",
        f"| share of it | {100 * training.share:.0f} % |",
        f"| CPU-seconds to make a step's batch, beside the step | {training.data_cpu_seconds:.2f} |",
    ]
