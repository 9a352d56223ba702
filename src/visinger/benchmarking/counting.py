"""The arithmetic of an ONNX graph: floating-point operations and bytes, from the shapes that were really computed.

onnxruntime's profiler tells every node's tensors, weights included. A
multiplication and an addition are two operations. Convolutions and matrix
products count; what is left (activations, norms, gathers) is told as bytes.
"""

import json
import math
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensors = dict[str, NDArray[Any]]
Shape = tuple[int, ...]

VALUE_BYTES = {"float": 4, "double": 8, "int64": 8, "int32": 4, "float16": 2, "bool": 1, "int8": 1, "uint8": 1}
PRODUCTS = ("MatMul", "MatMulInteger", "QLinearMatMul", "Gemm")
BLOCK = 16  # channels that a kernel takes at once (AVX-512)
CONVOLUTIONS = ("Conv", "ConvInteger", "QLinearConv", "ConvTranspose")


@dataclass(frozen=True)
class Node:
    """One node as it ran."""

    kind: str
    inputs: tuple[Shape, ...]
    outputs: tuple[Shape, ...]
    bytes: int  # read and written, weights included

    @property
    def blocked(self) -> bool:
        """Whether it is a convolution with channels enough for fast kernels; Fourier bases over samples are not."""
        return self.kind == "Conv" and self.inputs[1][1] >= BLOCK

    @property
    def operations(self) -> int:
        """Floating-point operations of convolutions and matrix products; 0 of other nodes.

        The weights' shape says all: (out, in / groups, k…) or, turned round, (in, out / groups, k…).
        """
        if self.kind in CONVOLUTIONS:
            # the four-dimensional operand after the data; quantised nodes have scales in between
            weight = next(shape for shape in self.inputs[1:] if len(shape) == len(self.inputs[0]))
            places = self.inputs[0] if self.kind == "ConvTranspose" else self.outputs[0]
            return 2 * math.prod(places) * math.prod(weight[1:])
        if self.kind in PRODUCTS:
            return 2 * math.prod(self.outputs[0]) * self.inputs[0][-1]
        return 0


@dataclass(frozen=True)
class Arithmetic:
    """What runs of a graph computed."""

    operations: int
    bytes: int
    by_kind: Mapping[str, int]  # operations
    heaviest: Node | None  # the convolution with the most work in one run


def counted(path: Path, calls: Iterable[Tensors]) -> Arithmetic:
    """Run the graph in `path` on every call's inputs and count.

    The graph is simplified (constants folded) but not moved to blocked layouts, whose padding is no work.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_profiling = True
    options.add_session_config_entry("session.disable_prepacking", "1")  # packed weights are missing from the profile
    with tempfile.TemporaryDirectory() as folder:
        options.profile_file_prefix = str(Path(folder) / "profile")
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        for tensors in calls:
            session.run(names, tensors)
        written = Path(session.end_profiling())
        return summed(nodes(json.loads(written.read_text(encoding="utf-8"))))


def nodes(events: Iterable[Mapping[str, Any]]) -> list[Node]:
    """The nodes in a profile of onnxruntime."""
    found = []
    for event in events:
        told = event.get("args", {})
        if event.get("cat") != "Node" or "output_type_shape" not in told:
            continue
        given, made = (_shapes(told[key]) for key in ("input_type_shape", "output_type_shape"))
        sizes = (told.get(key, 0) for key in ("activation_size", "parameter_size", "output_size"))
        found.append(Node(told["op_name"], given, made, sum(map(int, sizes))))
    return found


def _shapes(told: Iterable[Mapping[str, list[int]]]) -> tuple[Shape, ...]:
    return tuple(tuple(shape) for entry in told for shape in entry.values())


def summed(ran: Iterable[Node]) -> Arithmetic:
    """The arithmetic of nodes together."""
    operations: Counter[str] = Counter()
    moved, heaviest = 0, None
    for node in ran:
        operations[node.kind] += node.operations
        moved += node.bytes
        if node.blocked and (heaviest is None or node.operations > heaviest.operations):
            heaviest = node
    by_kind = {kind: count for kind, count in operations.most_common() if count}
    return Arithmetic(sum(by_kind.values()), moved, by_kind, heaviest)


def parameters(path: Path) -> int:
    """Numbers that an ONNX file stores: weights and fixed tables, whatever their precision."""
    import onnx

    graph = onnx.load(str(path)).graph
    # an index or a shape is no parameter: whole numbers count only where they are quantised weights
    whole = (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.BOOL)
    return int(sum(np.prod(weight.dims) for weight in graph.initializer if weight.data_type not in whole))
