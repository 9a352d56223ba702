"""Operations and bytes of graphs, against torch's own counter and sums by hand."""

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch.utils.flop_counter import FlopCounterMode

from tiny import tiny_model
from visinger.benchmarking import counting
from visinger.benchmarking.counting import Node
from visinger.exporting import graphs
from visinger.exporting.export import twin
from visinger.exporting.rewriting import ready


@pytest.fixture(scope="module")
def cuts():
    model = twin(tiny_model())
    ready(model, half=True)
    return {cut.name: cut for cut in graphs.cuts(model, phonemes=9, frames=40)}


@torch.no_grad()
@pytest.mark.parametrize("name", ["rhythm", "intonation", "prior", "decoder"])
def test_a_graph_has_the_operations_that_torch_counts_in_its_network(cuts, tiny_voice, name):
    cut = cuts[name]
    with FlopCounterMode(display=False) as counter:
        cut.module(**cut.inputs)
    call = {key: tensor.numpy() for key, tensor in cut.inputs.items()}
    once = counting.counted(tiny_voice / f"{name}.onnx", [call])
    assert once.operations == pytest.approx(counter.get_total_flops(), rel=0.01)
    twice = counting.counted(tiny_voice / f"{name}.onnx", [call, call])
    assert twice.operations == 2 * once.operations
    assert twice.bytes == 2 * once.bytes


def test_convolutions_are_counted_as_on_paper():
    plain = Node("Conv", ((1, 6, 1, 50), (8, 3, 1, 5), (8,)), ((1, 8, 1, 50),), 0)  # two groups of three channels
    assert plain.operations == 2 * 50 * 8 * 3 * 5
    turned = Node("ConvTranspose", ((1, 6, 50), (6, 4, 10)), ((1, 4, 260),), 0)
    assert turned.operations == 2 * 50 * 6 * 4 * 10
    quantised = Node("ConvInteger", ((1, 6, 1, 50), (8, 6, 1, 5), (), ()), ((1, 8, 1, 50),), 0)
    assert quantised.operations == 2 * 50 * 8 * 6 * 5


def test_matrix_products_are_counted_as_on_paper():
    assert Node("MatMul", ((2, 7, 3), (2, 3, 5)), ((2, 7, 5),), 0).operations == 2 * 2 * 7 * 5 * 3
    assert Node("Gemm", ((7, 3), (3, 5), (5,)), ((7, 5),), 0).operations == 2 * 7 * 5 * 3
    assert Node("Add", ((7, 5), (7, 5)), ((7, 5),), 0).operations == 0


def test_bytes_are_what_a_node_reads_and_writes(tmp_path):
    weight = numpy_helper.from_array(np.ones((30, 20), np.float32), "w")
    sizes = {"x": [10, 30], "y": [10, 20]}
    given, made = (helper.make_tensor_value_info(name, TensorProto.FLOAT, size) for name, size in sizes.items())
    graph = helper.make_graph([helper.make_node("MatMul", ["x", "w"], ["y"])], "product", [given], [made], [weight])
    path = tmp_path / "product.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), str(path))
    counted = counting.counted(path, [{"x": np.ones((10, 30), np.float32)}])
    assert counted.bytes == 4 * (10 * 30 + 30 * 20 + 10 * 20)
    assert counted.operations == 2 * 10 * 30 * 20
    assert counting.parameters(path) == 30 * 20


def test_a_graph_stores_every_weight_and_few_tables_beside_them(cuts, tiny_voice):
    weights = sum(parameter.numel() for parameter in cuts["decoder"].module.parameters())
    tables = 4 * 1024  # windows and ramps of the source
    assert weights <= counting.parameters(tiny_voice / "decoder.onnx") <= weights + tables
