"""A bank's ONNX models, opened from memory as the editor opens them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from visinger.errors import VoiceError
from visinger.voices.graphs import ERRORS_ONLY, thread_count
from visinger.voices.openutau.archive import BankFiles
from visinger.voices.openutau.onnx_facts import OnnxFacts, read_facts

if TYPE_CHECKING:
    import onnxruntime

Tensors = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Slot:
    """A tensor that a model takes or gives: its type as onnxruntime says it, and its axes; None is open."""

    type: str
    axes: tuple[int | None, ...]


class Model:
    """One model, open in onnxruntime."""

    def __init__(self, name: str, facts: OnnxFacts, session: "onnxruntime.InferenceSession") -> None:
        self.name, self.facts = name, facts
        self._session = session
        self.inputs = {each.name: _slot(each) for each in session.get_inputs()}
        self.outputs = {each.name: _slot(each) for each in session.get_outputs()}

    def run(self, tensors: Tensors) -> list[NDArray[Any]]:
        """All outputs in order. Raises VoiceError where names differ, as the editor does, or the model fails."""
        missing, unexpected = self.inputs.keys() - tensors.keys(), tensors.keys() - self.inputs.keys()
        if missing or unexpected:
            raise VoiceError(unlike(self.inputs, tuple(tensors)), where=self.name, remedy="export the bank again")
        try:
            answers: list[NDArray[Any]] = self._session.run(None, dict(tensors))
        except Exception as error:  # noqa: BLE001 -- onnxruntime raises classes of its own, by the operator that failed
            raise VoiceError(_short(error), where=self.name, remedy="export the bank again") from None
        return answers


def unlike(has: Mapping[str, object], sent: Sequence[str]) -> str:
    """How a model's inputs differ from those that the editor sends; empty where they do not."""
    missing = [name for name in has if name not in sent]
    unexpected = [name for name in sent if name not in has]
    parts = [f"asks for {', '.join(missing)}, which the editor does not send" if missing else ""]
    parts.append(f"does not take {', '.join(unexpected)}, which the editor sends" if unexpected else "")
    return "; ".join(filter(None, parts))


def open_model(files: BankFiles, name: str) -> Model:
    """Open one model. Raises VoiceError where it is missing, no ONNX, or refused by onnxruntime."""
    import onnxruntime

    data = files.read(name)
    where = f"{files.path}: {name}"
    try:
        facts = read_facts(data)
    except (ValueError, UnicodeDecodeError) as error:
        raise VoiceError(f"is {error}", where=where, remedy="export the bank again") from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    options.log_severity_level = ERRORS_ONLY
    try:
        session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 -- see `Model.run`
        beside = "its weights lie in other files, which the editor does not open" if facts.external else _short(error)
        raise VoiceError(beside, where=where, remedy="export it again as one file, for onnxruntime 1.23") from None
    return Model(name, facts, session)


def _slot(entry: "onnxruntime.NodeArg") -> Slot:
    axes = tuple(axis if isinstance(axis, int) else None for axis in entry.shape or ())
    return Slot(str(entry.type).removeprefix("tensor(").removesuffix(")"), axes)


def _short(error: Exception) -> str:
    return f"onnxruntime refuses it ({' '.join(str(error).split())[:160]})"


def row(values: Sequence[Any] | NDArray[Any], kind: type) -> NDArray[Any]:
    """A (1, n) tensor of numpy type `kind`."""
    return np.asarray(values, dtype=kind)[None]
