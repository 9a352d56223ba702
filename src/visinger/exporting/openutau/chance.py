"""Noise that an exported graph makes by itself, the same at every run.

The editor keeps what it has rendered under a hash of its inputs, so the same
inputs must sound the same; random operators of ONNX would not. Every value is a
hash of its row and column instead: integer arithmetic modulo a prime, exact on
every machine, then Box-Muller. Rows are frames of the phrase: the editor tells
no place in the song, so a phrase that is moved keeps its sound.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

PRIME = 2**31 - 1
ROW, COLUMN, STEP = 1_299_709, 15_485_863, 472_882_027  # primes, far from each other
ROUNDS = 4


def normal(like: Float[Tensor, "T"], columns: int, *, stream: int) -> Float[Tensor, "T K"]:
    """Standard normal values, one row for each of `like`; another `stream` gives other ones."""
    row = torch.arange(like.shape[0], device=like.device)[:, None]
    column = torch.arange(columns, device=like.device)[None]
    key = (row + 1) * ROW + (column + 1) * COLUMN + stream * STEP
    first, second = _uniform(key), _uniform(key + PRIME // 2)
    return torch.sqrt(-2.0 * torch.log(first)) * torch.cos((2.0 * math.pi) * second)


def _uniform(key: Tensor) -> Tensor:
    """Between 0 and 1, neither included: squares modulo a prime, each round with another shift."""
    mixed = key % PRIME
    for turn in range(ROUNDS):
        mixed = (mixed * mixed + mixed * (STEP + turn) + ROW) % PRIME  # below 2^63 throughout
    return (mixed.double() + 0.5).float() / PRIME
