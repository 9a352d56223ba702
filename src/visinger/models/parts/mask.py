"""Masks of padded sequences."""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def within(counts: Int[Tensor, "B"], length: int) -> Float[Tensor, "B 1 T"]:
    """1.0 at the first `counts` of `length` positions, 0.0 at padding."""
    positions = torch.arange(length, device=counts.device)
    return (positions[None, :] < counts[:, None])[:, None].float()
