"""Dropout: what Srivastava et al. 2014 say of it, and nothing that torch's own would not do."""

import pytest
import torch

from visinger.models.parts.dropout import Dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_a_share_is_dropped_and_the_mean_stays(p):
    torch.manual_seed(1)
    x = torch.ones(3, 7, 50_001)  # no multiple of four
    made = Dropout(p).train()(x)
    dropped = made == 0
    assert dropped.float().mean() == pytest.approx(p, abs=0.003)
    assert torch.allclose(made[~dropped], torch.tensor(1 / (1 - p)))
    both = (dropped[:, :, 1:] & dropped[:, :, :-1]).float().mean()
    assert both == pytest.approx(p * p, abs=0.003), "neighbours are drawn apart"


def test_gradients_pass_where_values_pass():
    torch.manual_seed(2)
    x = torch.randn(2, 5, 400, requires_grad=True)
    made = Dropout(0.3).train()(x)
    made.sum().backward()
    assert torch.equal(x.grad != 0, made != 0)
    assert torch.allclose(x.grad[made != 0], torch.tensor(1 / 0.7))


def test_singing_drops_nothing():
    x = torch.randn(2, 5, 40)
    assert torch.equal(Dropout(0.5).eval()(x), x)


def test_one_seed_gives_one_mask():
    x, dropout = torch.ones(4, 1000), Dropout(0.1).train()
    torch.manual_seed(3)
    first, second = dropout(x), dropout(x)
    torch.manual_seed(3)
    assert torch.equal(dropout(x), first)
    assert not torch.equal(second, first)


def test_all_or_more_cannot_be_dropped():
    with pytest.raises(ValueError, match="choose 0"):
        Dropout(1.0)
