"""What this machine can do, measured on the spot: onnxruntime's fastest convolution and the memory's bandwidth.

The ceiling is a single convolution in a graph of its own, in the layout that
onnxruntime likes best, one thread. A graph's share of it is how much of its
time was arithmetic.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from visinger.benchmarking.stopwatch import Spent, least

REPEATS = 3
COPY_BYTES = 1 << 28  # well beyond any cache
SMALLEST_RUN_OPERATIONS = 4e9  # a shorter run says more about the clock


@dataclass(frozen=True)
class ConvolutionShape:
    """A convolution over time: channels, kernel, and how many places it is computed at."""

    channels_in: int
    channels_out: int
    kernel: int
    places: int

    @property
    def operations(self) -> int:
        return 2 * self.channels_in * self.channels_out * self.kernel * self.places

    def __str__(self) -> str:
        return f"{self.channels_in}→{self.channels_out} × {self.kernel} at {self.places} places"


# where blocked kernels are at their best: channels a multiple of the block, kernels that reuse what was read
WIDE = (ConvolutionShape(256, 256, 3, 400), ConvolutionShape(128, 128, 7, 1000), ConvolutionShape(128, 128, 11, 4000))


@dataclass(frozen=True)
class Ceiling:
    """Giga-operations a CPU-second of one convolution."""

    shape: ConvolutionShape
    gflops: float


def convolution_ceiling(shapes: Sequence[ConvolutionShape] = WIDE, *, repeats: int = REPEATS) -> Ceiling:
    """The fastest of these convolutions."""
    return max((Ceiling(shape, _rate(shape, repeats)) for shape in shapes), key=lambda ceiling: ceiling.gflops)


def _rate(shape: ConvolutionShape, repeats: int) -> float:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(_graph(shape), options, providers=["CPUExecutionProvider"])
    given = {"x": np.random.default_rng(0).standard_normal((1, shape.channels_in, 1, shape.places), dtype=np.float32)}
    runs = math.ceil(SMALLEST_RUN_OPERATIONS / shape.operations / 2)

    def work() -> None:
        for _ in range(runs):
            session.run(["z"], given)

    work()  # the first run reorders weights
    # two convolutions in a row: what lies between them stays in the layout that the kernels like
    return 2 * runs * shape.operations / least(work, repeats).cpu_seconds / 1e9


def _graph(shape: ConvolutionShape) -> bytes:
    """Two such convolutions, there and back again; their mean rate is wanted."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(1)

    def convolution(given: str, made: str, channels: tuple[int, int]) -> tuple[object, object]:
        weight = rng.standard_normal((*channels, 1, shape.kernel), dtype=np.float32) * 0.01
        reach = shape.kernel - 1
        pads = [0, reach // 2, 0, reach - reach // 2]
        node = helper.make_node("Conv", [given, f"{made}.w"], [made], kernel_shape=[1, shape.kernel], pads=pads)
        return node, numpy_helper.from_array(weight, f"{made}.w")

    there = convolution("x", "y", (shape.channels_out, shape.channels_in))
    back = convolution("y", "z", (shape.channels_in, shape.channels_out))
    given, made = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, shape.channels_in, 1, shape.places])
        for name in ("x", "z")
    )
    graph = helper.make_graph([there[0], back[0]], "ceiling", [given], [made], [there[1], back[1]])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return bytes(model.SerializeToString())


def bandwidth_gb_per_second(*, repeats: int = REPEATS) -> float:
    """Bytes read and written a CPU-second by copying a large array, in one thread."""
    source = np.ones(COPY_BYTES // 8)
    target = np.empty_like(source)

    def work() -> None:
        np.copyto(target, source)

    work()
    spent: Spent = least(work, repeats)
    return 2 * source.nbytes / spent.cpu_seconds / 1e9
