"""Length regulator: from phonemes to frames (VISinger §2.3.2).

Shapes: B phrases · N phonemes · T frames · H hidden channels.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn


def owners(
    frames: Int[Tensor, "B N"], total: int, starts: Int[Tensor, "B"] | None = None
) -> tuple[Int[Tensor, "B T"], Float[Tensor, "B 2 T"]]:
    """The phoneme that owns each of `total` frames from `starts` (default 0) on, and the place inside it.

    The place is (relative position of the frame's centre, 0…1; log(1 + frames
    since the phoneme's start)). Frames after the last phoneme belong to it, so
    mask them.
    """
    ends = frames.cumsum(dim=1)
    time = torch.arange(total, device=frames.device).expand(frames.shape[0], -1)
    if starts is not None:
        time = time + starts[:, None]
    owner = torch.searchsorted(ends, time.contiguous(), right=True).clamp(max=frames.shape[1] - 1)
    length = torch.gather(frames, 1, owner)
    since = time - (torch.gather(ends, 1, owner) - length)
    relative = (since + 0.5) / length.clamp(min=1)
    return owner, torch.stack([relative.clamp(max=1.0), torch.log1p(since.float())], dim=1)


class LengthRegulator(nn.Module):
    """Repeats each phoneme's vector over its frames and tells every frame its place in the phoneme.

    Who owns which frame is decided outside (`owners`), where durations may be
    edited; the graph itself is a gather and knows no lengths.
    """

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.place = nn.Conv1d(2, hidden, 1)

    def forward(
        self, text: Float[Tensor, "B H N"], owner: Int[Tensor, "B T"], position: Float[Tensor, "B 2 T"]
    ) -> Float[Tensor, "B H T"]:
        repeated = torch.gather(text, 2, owner[:, None].expand(-1, text.shape[1], -1))
        return repeated + self.place(position)
