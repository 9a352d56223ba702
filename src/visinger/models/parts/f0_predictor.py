"""F0 predictor: the melody as it is sung (VISinger §2.3.3, eq. 9).

Shapes: B phrases · N phonemes · T frames · H hidden channels.
"""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from visinger.models.parts.blocks import Blocks, BlocksConfig

REFERENCE_HZ = 220.0  # log-F0 enters networks relative to this pitch
NEUTRAL_PITCH = 60  # of a phrase without any note


def note_log_f0(pitches: Int[Tensor, "B N"]) -> Float[Tensor, "B N"]:
    """Natural log of each phoneme's note pitch in Hz.

    Rests and padding (pitch 0) hold the note before them, those at the start
    take the first note to come, and a phrase of rests lies at C4.
    """
    count = pitches.shape[1]
    places = torch.arange(count, device=pitches.device).expand_as(pitches)
    sung = pitches > 0
    before = torch.where(sung, places, -1).cummax(dim=1).values
    first = torch.where(sung, places, count - 1).amin(dim=1, keepdim=True)
    held = torch.gather(pitches, 1, torch.where(before >= 0, before, first))
    held = torch.where(held > 0, held, NEUTRAL_PITCH)
    return (held.float() - 69.0) * (math.log(2.0) / 12.0) + math.log(440.0)


class F0Predictor(nn.Module):
    """FFT blocks (§3.2: six) that draw the residual to the note's log-F0, and a voicing decision.

    The residual link is the one of the paper's own baseline [6]: an untrained
    predictor already sings the notes.
    """

    def __init__(self, hidden: int, blocks: BlocksConfig) -> None:
        super().__init__()
        self.note = nn.Conv1d(1, hidden, 1)
        self.blocks = Blocks(hidden, blocks)
        self.out = nn.Conv1d(hidden, 2, 1)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(
        self, frames: Float[Tensor, "B H T"], note_log_f0: Float[Tensor, "B T"], mask: Float[Tensor, "B 1 T"]
    ) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
        """Natural log of F0 in Hz and the logit of being voiced; meaningless at padding."""
        x = frames + self.note(note_log_f0[:, None] - math.log(REFERENCE_HZ))
        residual, voicing = self.out(self.blocks(x * mask, mask)).unbind(dim=1)
        return note_log_f0 + residual, voicing


def sung_hz(log_f0: Float[Tensor, "B T"], voicing_logit: Float[Tensor, "B T"]) -> Float[Tensor, "B T"]:
    """The predicted contour in Hz, 0 where unvoiced is likelier."""
    return torch.exp(log_f0) * (voicing_logit > 0)
