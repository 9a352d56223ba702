"""The leaky rectifier that keeps its output: torch's values and gradients, half the memory."""

import pytest
import torch

from visinger.models.parts import fft_block
from visinger.models.parts.fft_block import FFTBlock
from visinger.models.parts.rectifier import leaky_relu


def kept_bytes(work) -> int:
    """Bytes of the distinct tensors that a computation keeps for its backward pass."""
    kept = {}

    def keep(tensor):
        kept[tensor.untyped_storage().data_ptr()] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        result = work()
    return sum(tensor.untyped_storage().nbytes() for tensor in kept.values()), result


@pytest.mark.parametrize("slope", [0.1, 0.01])
def test_the_rectifier_is_torchs_to_the_bit_forward_and_backward(slope):
    x = torch.randn(2, 5, 301, generator=torch.Generator().manual_seed(1))
    x[0, 0, :3] = torch.tensor([0.0, -0.0, 1e-38])
    weight = torch.linspace(-1, 1, 301)
    ours, theirs = x.clone().requires_grad_(), x.clone().requires_grad_()
    made, wanted = leaky_relu(ours, slope), torch.nn.functional.leaky_relu(theirs, slope)
    assert torch.equal(made, wanted)
    (made * weight).sum().backward()
    (wanted * weight).sum().backward()
    assert torch.equal(ours.grad, theirs.grad)


def test_a_rectified_convolution_keeps_one_map_and_not_two():
    convolution = torch.nn.Conv1d(8, 8, 3, padding=1).requires_grad_(False)
    x = torch.randn(1, 8, 4096, requires_grad=True)
    ours, _ = kept_bytes(lambda: leaky_relu(convolution(leaky_relu(convolution(x), 0.1)), 0.1))
    plain = torch.nn.functional.leaky_relu
    theirs, _ = kept_bytes(lambda: plain(convolution(plain(convolution(x), 0.1)), 0.1))
    assert ours < 0.8 * theirs


def test_a_block_computed_twice_is_the_block_kept_dropout_included(monkeypatch):
    torch.manual_seed(3)
    block = FFTBlock(16, filter_channels=32, dropout=0.3).train()
    x, mask = torch.randn(2, 16, 90), torch.ones(2, 1, 90)
    results, kept = [], []
    for largest in (1 << 40, 0):
        monkeypatch.setattr(fft_block, "LARGEST_KEPT_MAP_BYTES", largest)
        torch.manual_seed(7)
        given = x.clone().requires_grad_()
        size, made = kept_bytes(lambda given=given: block(given, mask))
        block.zero_grad()
        made.square().sum().backward()
        after = torch.rand(3)  # the random numbers that follow are no others
        results.append((made, given.grad, *[p.grad.clone() for p in block.parameters()], after))
        kept.append(size)
    for one, other in zip(*results, strict=True):
        assert torch.equal(one, other)
    assert kept[1] < 0.2 * kept[0]
