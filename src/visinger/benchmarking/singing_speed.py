"""How fast a voice sings: CPU-seconds a second of audio, whole and graph by graph, from score file to wave."""

import tempfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from visinger.benchmarking import counting
from visinger.benchmarking.ceilings import Ceiling, ConvolutionShape, convolution_ceiling
from visinger.benchmarking.counting import Arithmetic, Tensors
from visinger.benchmarking.stopwatch import Spent, timed
from visinger.voices import embedded
from visinger.voices.description import GRAPHS, checked_graph, read_description
from visinger.voices.graphs import Graph, VoiceGraphs, open_graph
from visinger.voices.singing import Wishes, sing
from visinger.voices.voice import Voice


@dataclass(frozen=True)
class GraphSpeed:
    """One graph's share of a song."""

    name: str
    file_bytes: int
    parameters: int
    calls: int
    cpu_seconds: float  # a second of audio
    gigaflop: float  # a second of audio
    moved_mb: float  # read and written by its nodes, a second of audio
    gflops: float  # reached, a CPU-second
    ceiling_gflops: float  # of a convolution of this graph's heaviest shape
    share: float  # of this machine's best convolution


@dataclass(frozen=True)
class SingingSpeed:
    """A voice's figures for one song, one thread."""

    voice: str
    score: str
    audio_seconds: float
    cpu_seconds: float  # a second of audio, score file to sound file, the voice open
    real_time_factor: float  # wall seconds a second of audio, all threads
    graphs: tuple[GraphSpeed, ...]
    rest_cpu_seconds: float  # a second of audio, outside the graphs: reading, spelling, noise, writing
    best: Ceiling


class Watched(Graph):
    """A graph that takes the time of its runs and keeps what they were given."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self.inputs, self.outputs = graph.inputs, graph.outputs
        self.calls: list[Tensors] = []
        self.spent: list[Spent] = []
        self.keeping = False

    def run(self, tensors: Tensors) -> Tensors:
        made: Tensors = {}
        self.spent.append(timed(lambda: made.update(self._graph.run(tensors))))
        if self.keeping:
            self.calls.append(dict(tensors))
        return made

    def forget(self) -> None:
        """Begin anew."""
        self.spent, self.calls = [], []


@dataclass(frozen=True)
class WatchedVoice:
    """A voice whose graphs tell what they cost."""

    voice: Voice
    graphs: Mapping[str, Watched]
    files: Mapping[str, Path]


def watch(name_or_folder: str | Path, *, threads: int = 1) -> WatchedVoice:
    """Open a voice's graphs with that many threads each; errors as `Voice.load` raises them."""
    folder = embedded.folder_of(name_or_folder)
    description = read_description(folder)
    files = {name: checked_graph(folder, description.graphs[name]) for name in GRAPHS}
    graphs = {name: Watched(open_graph(path, threads=threads)) for name, path in files.items()}
    singer = 0 if description.singers else None
    voice = Voice(description, VoiceGraphs(graphs, excited=description.excited, singer=singer))
    return WatchedVoice(voice, graphs, files)


class SingingTrial:
    """Sings one score again and again; several trials can take turns."""

    def __init__(self, name_or_folder: str | Path, score: Path) -> None:
        self.watched, self.score = watch(name_or_folder), score
        self.wishes = Wishes(voice=name_or_folder, transpose="auto")
        self._whole: list[Spent] = []
        self._by_graph: dict[str, list[float]] = defaultdict(list)
        self.audio_seconds = 0.0
        self._sing(keeping=True)  # the first time opens everything; it is not counted
        self._arithmetic = {
            name: counting.counted(self.watched.files[name], graph.calls) for name, graph in self.watched.graphs.items()
        }
        self._calls = {name: len(graph.calls) for name, graph in self.watched.graphs.items()}

    def _sing(self, *, keeping: bool) -> Spent:
        for graph in self.watched.graphs.values():
            graph.forget()
            graph.keeping = keeping
        with tempfile.TemporaryDirectory() as folder:
            target = Path(folder) / "song.wav"
            sung = []
            spent = timed(lambda: sung.extend(sing(self.score, target, self.watched.voice, self.wishes)))
        self.audio_seconds = sung[0].seconds
        return spent

    def again(self) -> None:
        """One more measured time."""
        self._whole.append(self._sing(keeping=False))
        for name, graph in self.watched.graphs.items():
            self._by_graph[name].append(sum(spent.cpu_seconds for spent in graph.spent))

    def speed(self, best: Ceiling) -> SingingSpeed:
        """The least of all measured times, beside the machine's ceiling."""
        cpu = min(spent.cpu_seconds for spent in self._whole)
        graphs = tuple(self._graph(name, best) for name in self.watched.graphs)
        within = min(sum(times) for times in zip(*self._by_graph.values(), strict=True))
        return SingingSpeed(
            voice=self.watched.voice.name,
            score=self.score.name,
            audio_seconds=self.audio_seconds,
            cpu_seconds=cpu / self.audio_seconds,
            real_time_factor=min(spent.wall_seconds for spent in self._whole) / self.audio_seconds,
            graphs=graphs,
            rest_cpu_seconds=max(cpu - within, 0.0) / self.audio_seconds,
            best=best,
        )

    def _graph(self, name: str, best: Ceiling) -> GraphSpeed:
        path, done = self.watched.files[name], self._arithmetic[name]
        seconds = min(self._by_graph[name])
        reached = done.operations / max(seconds, 1e-9) / 1e9
        shape = _heaviest(done)
        return GraphSpeed(
            name=name,
            file_bytes=path.stat().st_size,
            parameters=counting.parameters(path),
            calls=self._calls[name],
            cpu_seconds=seconds / self.audio_seconds,
            gigaflop=done.operations / 1e9 / self.audio_seconds,
            moved_mb=done.bytes / 1e6 / self.audio_seconds,
            gflops=reached,
            ceiling_gflops=convolution_ceiling([shape]).gflops if shape else 0.0,
            share=reached / best.gflops,
        )


def _heaviest(done: Arithmetic) -> ConvolutionShape | None:
    """The graph's heaviest convolution as the ceiling measures it."""
    node = done.heaviest
    if node is None:
        return None
    weight = next(shape for shape in node.inputs[1:] if len(shape) == len(node.inputs[0]))
    return ConvolutionShape(weight[1], weight[0], weight[-1], node.outputs[0][-1])
