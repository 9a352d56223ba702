"""The normalising flow against its own inverse and against autograd's Jacobian (eq. 6)."""

import pytest
import torch

from visinger.models.parts.flow import Flow


def _trained(latent: int, *, mean_only: bool) -> Flow:
    """A small flow whose couplings are no longer the identity."""
    torch.manual_seed(11)
    flow = Flow(latent, 6, couplings=3, layers=2, kernel_size=3, mean_only=mean_only).double()
    for coupling in flow.couplings:
        torch.nn.init.normal_(coupling.out.weight, std=0.3)
        torch.nn.init.normal_(coupling.out.bias, std=0.3)
    return flow


@pytest.mark.parametrize("mean_only", [True, False])
def test_the_flow_turned_round_gives_back_the_latent(mean_only: bool) -> None:
    flow = _trained(8, mean_only=mean_only)
    z, mask = torch.randn(2, 8, 20, dtype=torch.double), torch.ones(2, 1, 20, dtype=torch.double)
    flowed, _ = flow(z, mask)
    assert (flowed - z).abs().max() > 0.1
    torch.testing.assert_close(flow.invert(flowed, mask), z)


@pytest.mark.parametrize("mean_only", [True, False])
def test_the_log_determinant_is_autograds(mean_only: bool) -> None:
    flow = _trained(4, mean_only=mean_only)
    mask = torch.ones(1, 1, 5, dtype=torch.double)
    z = torch.randn(1, 4, 5, dtype=torch.double)
    jacobian = torch.autograd.functional.jacobian(lambda flat: flow(flat.view(1, 4, 5), mask)[0].flatten(), z.flatten())
    _, expected = torch.linalg.slogdet(jacobian)
    _, log_det = flow(z, mask)
    torch.testing.assert_close(log_det[0].double(), expected, atol=1e-5, rtol=1e-5)
    assert mean_only == (abs(float(expected)) < 1e-9)


def test_an_untrained_flow_only_turns_channels_round() -> None:
    flow = Flow(6, 8, couplings=4, layers=1)
    z, mask = torch.randn(1, 6, 9), torch.ones(1, 1, 9)
    torch.testing.assert_close(flow(z, mask)[0], z)  # four turns undo each other


def test_padding_does_not_reach_the_frames_that_count() -> None:
    flow = _trained(8, mean_only=False)
    z = torch.randn(1, 8, 12, dtype=torch.double)
    alone, alone_det = flow(z, torch.ones(1, 1, 12, dtype=torch.double))
    mask = (torch.arange(20) < 12).double()[None, None]
    longer = torch.cat([z, torch.zeros(1, 8, 8, dtype=torch.double)], dim=2)
    padded, padded_det = flow(longer, mask)
    torch.testing.assert_close(padded[..., :12], alone)
    torch.testing.assert_close(padded_det, alone_det)
