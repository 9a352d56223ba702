"""A step's cost: its operations as on paper, its figures in agreement."""

import json

import pytest
import torch
from tests.training.made_up import TINY

from visinger.benchmarking import training_speed
from visinger.models.parts import fft_block


@pytest.mark.parametrize("groups", [1, 4])
def test_a_convolution_costs_three_times_its_forward_pass_grouped_or_not(groups):
    convolution = torch.nn.Conv1d(8, 16, 5, padding=2, groups=groups)
    x = torch.randn(3, 8, 70, requires_grad=True)
    forward = 2 * 3 * 70 * 16 * (8 // groups) * 5
    assert training_speed.operations_of(lambda: convolution(x)) == forward
    assert training_speed.operations_of(lambda: convolution(x).sum().backward()) == 3 * forward


def test_where_no_gradient_is_wanted_none_is_counted():
    convolution = torch.nn.Conv1d(8, 16, 5)
    x = torch.randn(3, 8, 70)
    forward = training_speed.operations_of(lambda: convolution(x))
    assert training_speed.operations_of(lambda: convolution(x).sum().backward()) == 2 * forward


def test_the_figures_of_a_step_agree(monkeypatch):
    monkeypatch.setattr(training_speed, "SHAPES", ((1, 8, 3, 100),))
    monkeypatch.setattr(torch, "set_num_threads", lambda _count: None)
    monkeypatch.setattr(fft_block, "LARGEST_KEPT_MAP_BYTES", fft_block.LARGEST_KEPT_MAP_BYTES)  # put back afterwards
    wanted = {
        key: value for key, value in TINY.items() if not key.startswith(("model.gru", "model.read", "model.cond"))
    }
    told = training_speed._main("visinger", 2, json.dumps(wanted))
    assert told.batch_takes == wanted["data.batch_takes"]
    assert told.gflops == pytest.approx(told.gigaflop / told.cpu_seconds)
    assert told.share == pytest.approx(told.gflops / told.ceiling_gflops)
    assert told.peak_bytes > 1e8
    assert told.losses["loss"] > 0
