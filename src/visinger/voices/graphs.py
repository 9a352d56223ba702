"""The four ONNX graphs of a voice, each with named tensors in and out.

A pitch that a network never heard has an embedding that nothing taught. Notes
outside the voice's familiar range are therefore shown to rhythm and intonation
as the nearest familiar one, and the curve is moved back to where they lie: the
prior and the decoder follow the F0 they are given.

Shapes: N phonemes · T frames · H hidden · C latent channels · S samples, S = T × hop.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visinger.errors import VisingerError, VoiceError
from visinger.phrasing.phrase import REST
from visinger.units import hz_from_midi
from visinger.voices.description import GRAPHS, VoiceDescription, checked_graph

if TYPE_CHECKING:
    import onnxruntime

Tensors = dict[str, NDArray[Any]]

THREADS_VARIABLE = "VISINGER_THREADS"
ERRORS_ONLY = 3  # onnxruntime's log severity
EVERY_PITCH = (1, 127)

GLIDE_FRAMES = 9  # in which the curve moves between notes that look alike to the network


def thread_count() -> int:
    """Threads a graph may use: all cores, or what VISINGER_THREADS says."""
    asked = os.environ.get(THREADS_VARIABLE, "")
    if not asked:
        return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not asked.isdigit() or not 1 <= int(asked) <= 1024:
        raise VisingerError(f"'{asked}' is no number of threads", where=THREADS_VARIABLE, remedy="set it to 1 … 1024")
    return int(asked)


class Graph:
    """One graph, open in onnxruntime."""

    def __init__(self, session: "onnxruntime.InferenceSession") -> None:
        self._session = session
        self.inputs = tuple(entry.name for entry in session.get_inputs())
        self.outputs = tuple(entry.name for entry in session.get_outputs())

    def run(self, tensors: Tensors) -> Tensors:
        """Outputs by name; `tensors` holds exactly the graph's inputs."""
        results = self._session.run(list(self.outputs), tensors)
        return dict(zip(self.outputs, results, strict=True))


class VoiceGraphs:
    """All graphs of a voice; every method is one run with plain numpy arrays, batch axis left out."""

    def __init__(
        self,
        graphs: Mapping[str, Graph],
        *,
        excited: bool,
        singer: int | None = None,
        familiar: tuple[int, int] = EVERY_PITCH,
    ) -> None:
        self._graphs = graphs
        self._excited = excited
        self._singer = singer  # the number of who sings; None in a voice of one
        self._familiar = familiar  # the lowest and highest pitch that the networks are shown

    def for_singer(self, singer: int) -> "VoiceGraphs":
        """The same open graphs, sung by another; only `rhythm` asks who, and what follows reads its text."""
        return VoiceGraphs(self._graphs, excited=self._excited, singer=singer, familiar=self._familiar)

    def rhythm(
        self, phonemes: NDArray[np.int64], pitches: NDArray[np.int64], note_frames: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Score (N) each → text (1, H, N) and predicted frames r·d_N (N), eq. 8."""
        given: Tensors = {
            "phonemes": phonemes[None],
            "pitches": np.where(pitches == REST, pitches, pitches.clip(*self._familiar))[None],
            "note_frames": note_frames[None],
        }
        if self._singer is not None:
            given["singer"] = np.array([self._singer], dtype=np.int64)
        got = self._graphs["rhythm"].run(given)
        return got["text"], got["predicted_frames"][0]

    def intonation(
        self,
        text: NDArray[np.float32],
        owner: NDArray[np.int64],
        position: NDArray[np.float32],
        note_log_f0: NDArray[np.float32],
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Text, owner (T), position (2, T) and the notes' log-F0 (T) → log-F0 (T) and voicing probability (T)."""
        shown = note_log_f0.clip(*np.log(hz_from_midi(np.array(self._familiar)))).astype(np.float32)
        given: Tensors = {
            "text": text,
            "owner": owner[None],
            "position": position[None],
            "note_log_f0": shown[None],
        }
        got = self._graphs["intonation"].run(given)
        return got["log_f0"][0] + _gliding(note_log_f0 - shown), got["voicing"][0]

    def prior(
        self,
        text: NDArray[np.float32],
        owner: NDArray[np.int64],
        position: NDArray[np.float32],
        f0_hz: NDArray[np.float32],
        noise: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """Text, owner, position, F0 (T) and scaled noise (C, T) → latent z (C, T)."""
        given: Tensors = {
            "text": text,
            "owner": owner[None],
            "position": position[None],
            "f0_hz": f0_hz[None],
            "noise": noise[None],
        }
        latent: NDArray[np.float32] = self._graphs["prior"].run(given)["z"][0]
        return latent

    def decoder(
        self, z: NDArray[np.float32], f0_hz: NDArray[np.float32], start_phase: float, noise: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Z (C, T) and its excitation → wave (S) and the phase in cycles at each frame's start and the end (T + 1)."""
        if not self._excited:
            return self._graphs["decoder"].run({"z": z[None]})["wave"][0], np.zeros(z.shape[1] + 1)
        phase = np.array([start_phase], dtype=np.float64)
        given: Tensors = {
            "z": z[None],
            "f0_hz": f0_hz[None],
            "start_phase": phase,
            "noise": noise[None],
        }
        got = self._graphs["decoder"].run(given)
        return got["wave"][0], got["phases"][0]


def open_graphs(folder: Path, description: VoiceDescription, *, threads: int | None = None) -> VoiceGraphs:
    """Check and open the four graphs, each to run on so many threads; `thread_count()` of them otherwise.

    Raises VoiceError naming the file that is missing, damaged or no ONNX graph of ours.
    """
    threads = thread_count() if threads is None else threads
    graphs = {}
    for name in GRAPHS:  # one after the other: at once they take as long here, and 45 MB more
        described = description.graphs[name]
        path = checked_graph(folder, described)
        graph = graphs[name] = open_graph(path, threads=threads)
        if set(graph.inputs) != set(described.inputs) or set(graph.outputs) != set(described.outputs):
            raise VoiceError("takes or gives other tensors than described", where=path, remedy="export the voice again")
    return VoiceGraphs(
        graphs,
        excited=description.excited,
        singer=0 if description.singers else None,
        familiar=(description.lowest_midi, description.highest_midi),
    )


def _gliding(steps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Steps between notes (T) as glides of `GLIDE_FRAMES`; nothing stays exactly nothing."""
    if not steps.any():
        return steps
    window = np.hanning(GLIDE_FRAMES + 2)[1:-1]
    padded = np.pad(steps, GLIDE_FRAMES // 2, mode="edge")
    smooth: NDArray[np.float32] = np.convolve(padded, window / window.sum(), mode="valid").astype(np.float32)
    return smooth


def open_graph(path: Path, *, threads: int) -> Graph:
    """Open one ONNX file; raises VoiceError naming it when onnxruntime refuses it."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = ERRORS_ONLY
    # Phrases differ in length: an arena keeps the largest of everything it ever saw.
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    # Four graphs take turns: idle threads must sleep, not spin.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return Graph(onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"]))
    except Exception as error:
        reason = str(error).splitlines()[0][:200]
        raise VoiceError(f"cannot be opened ({reason})", where=path, remedy="export the voice again") from error
