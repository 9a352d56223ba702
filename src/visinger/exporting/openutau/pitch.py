"""dspitch: the melody as the voice would sing it, in semitones (VISinger §2.3.3, eq. 9).

Here the editor does send notes: the residual is drawn over the note that sounds
at each frame, so that a vowel held over several notes follows them. To the
network such a vowel is one sound in which nothing happens, so the way from note
to note is laid here, in a straight line.

Shapes: N phonemes · K notes · T frames.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from visinger.exporting.openutau.acoustic import ScoreReader
from visinger.exporting.openutau.syllables import (
    Kinds,
    Placed,
    held_log_f0,
    note_frames,
    pitch_ids,
    placed,
    slots,
)
from visinger.models.visinger import VISinger
from visinger.voices.performing import HIGHEST_HZ, LOWEST_HZ

GLIDE_FRAMES = 4  # to either side of a note's start inside a vowel
SNAP_FRAMES = 3  # a note's edge so near to a phoneme's is the same edge, rounded otherwise


class PitchLinguistic(nn.Module):
    """The editor hands its outputs on unread: the phonemes."""

    def forward(
        self,
        tokens: Int[Tensor, "1 N"],
        ph_dur: Int[Tensor, "1 N"],  # noqa: ARG002 -- the pitch model is given it too
    ) -> tuple[Float[Tensor, "1 N 1"], Bool[Tensor, "1 N"]]:
        return tokens.float()[:, :, None], tokens == 0


class Pitch(nn.Module):
    """What the editor calls the pitch model. `expr` 1 sings as predicted, 0 the bare notes."""

    def __init__(self, model: VISinger, symbols: Sequence[str], language: str, *, singer: int = 0) -> None:
        super().__init__()
        self.read, self.model = ScoreReader(model, singer), model
        self.kinds = Kinds(symbols, language)

    def forward(
        self,
        encoder_out: Float[Tensor, "1 N 1"],
        note_midi: Float[Tensor, "1 K"],
        note_dur: Int[Tensor, "1 K"],
        ph_dur: Int[Tensor, "1 N"],
        pitch: Float[Tensor, "1 T"],
        retake: Bool[Tensor, "1 T"],
        steps: Int[Tensor, "1"],  # noqa: ARG002 -- of diffusion; the editor insists on sending it
        expr: Float[Tensor, "1 T"],
    ) -> Float[Tensor, "1 T"]:
        tokens = encoder_out[0, :, 0].round().long()
        found = slots(self.kinds, tokens)
        at = placed(ph_dur[0], pitch[0])
        frame_midi = _notes(at, note_midi[0], note_dur[0])
        starts = (ph_dur[0].cumsum(0) - ph_dur[0]).clamp(max=pitch.shape[1] - 1)
        pitches = pitch_ids(found, frame_midi[starts])
        lengths = note_frames(found, found.group_sums(ph_dur[0].to(pitch.dtype)))
        held = held_log_f0(pitches)[at.owner]
        over = (found.anchors & ~found.pause)[at.owner]
        note_log_f0 = torch.where(over, _log_hz(frame_midi), held)[None]
        frames = self.model.expand(self.read(tokens, pitches, lengths), at.owner[None], at.position[None])
        log_f0, _ = self.model.f0(frames, note_log_f0, torch.ones_like(pitch)[:, None])
        led = torch.where(over, _log_hz(_glided(at, frame_midi)), held)[None]
        drawn = (led + expr * (log_f0 - note_log_f0)).clamp(math.log(LOWEST_HZ), math.log(HIGHEST_HZ))
        return torch.where(retake, (drawn - math.log(440.0)) * (12.0 / math.log(2.0)) + 69.0, pitch)


def _notes(at: Placed, midi: Float[Tensor, "K"], frames: Int[Tensor, "K"]) -> Float[Tensor, "T"]:
    """The note that sounds at each frame, edges snapped to those of the phonemes."""
    before = torch.minimum(torch.full_like(at.length, SNAP_FRAMES - 1), (at.length - 1) // 2).clamp(min=0)
    after = (at.length - 1 - before).clamp(min=0)
    time = torch.arange(at.since.shape[0], device=midi.device)
    asked = time - at.since + torch.minimum(torch.maximum(at.since, before), after)
    note = (asked[:, None] >= frames.cumsum(0)[None]).long().sum(dim=1).clamp(max=midi.shape[0] - 1)
    return midi[note]


def _glided(at: Placed, frame_midi: Float[Tensor, "T"]) -> Float[Tensor, "T"]:
    """The mean of the notes around each frame, as far as its phoneme reaches."""
    time = torch.arange(at.since.shape[0], device=frame_midi.device)[:, None]
    first = time - at.since[:, None]
    around = time + torch.arange(-GLIDE_FRAMES, GLIDE_FRAMES + 1, device=frame_midi.device)[None]
    return frame_midi[torch.minimum(torch.maximum(around, first), first + at.length[:, None] - 1)].mean(dim=1)


def _log_hz(midi: Tensor) -> Tensor:
    return (midi - 69.0) * (math.log(2.0) / 12.0) + math.log(440.0)
