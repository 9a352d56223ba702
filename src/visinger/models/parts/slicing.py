"""Windows of padded sequences (VISinger §2.2: "we only feed the sliced z into the decoder").

Shapes: B takes · C channels · T frames · L frames of the slice · S samples, S = T × hop.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor


def slice_frames(x: Float[Tensor, "B C T"], starts: Int[Tensor, "B"], length: int) -> Float[Tensor, "B C L"]:
    """`length` frames of each take from its start on; beyond T the last frame repeats, so mask it."""
    index = starts[:, None] + torch.arange(length, device=x.device)
    index = index.clamp(max=x.shape[2] - 1)
    return torch.gather(x, 2, index[:, None].expand(-1, x.shape[1], -1))


def slice_samples(
    samples: Float[Tensor, "B S"], starts: Int[Tensor, "B"], length: int, *, hop_samples: int
) -> Float[Tensor, "B R"]:
    """The samples of `length` frames of each take, R = length × hop."""
    framed = samples.unflatten(1, (-1, hop_samples)).transpose(1, 2)
    return slice_frames(framed, starts, length).transpose(1, 2).flatten(1)
