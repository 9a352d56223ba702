"""acoustic.onnx: phonemes, lengths and a drawn pitch → the latent z, as the editor's "mel" (VISinger §2.3).

    tokens durations f0 ─ slots ─ text encoder ─┬─ voicing ─┐
                                                └─ prior ───┴─ flow ─► z, and voicing as one more channel

The editor's pitch curve knows no unvoiced frames. Where the voice would not
sing is its own decision, made from the notes, and it travels with z to the
vocoder, which is given the editor's curve again.

Shapes: N phonemes · T frames · C latent channels.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from visinger.exporting.openutau import chance
from visinger.exporting.openutau.syllables import Kinds, held_log_f0, note_frames, placed, slots, sung_pitches
from visinger.models.visinger import VISinger


class ScoreReader(nn.Module):
    """The text encoder for one singer of the model."""

    def __init__(self, model: VISinger, singer: int) -> None:
        super().__init__()
        self.model = model
        self.register_buffer("singer", torch.tensor([singer]) if model.singers > 1 else None, persistent=False)

    def forward(
        self, tokens: Int[Tensor, "N"], pitches: Int[Tensor, "N"], lengths: Int[Tensor, "N"]
    ) -> Float[Tensor, "1 H N"]:
        every = torch.ones_like(tokens)[None]
        return self.model.encode(tokens[None], pitches[None], lengths[None], every.sum(dim=1), singers=self.singer)


class Acoustic(nn.Module):
    """What the editor calls the acoustic model."""

    def __init__(
        self, model: VISinger, symbols: Sequence[str], language: str, *, singer: int = 0, noise_scale: float
    ) -> None:
        super().__init__()
        self.read = ScoreReader(model, singer)
        self.model, self.noise_scale = model, noise_scale
        self.kinds = Kinds(symbols, language)

    def forward(
        self,
        tokens: Int[Tensor, "1 N"],
        durations: Int[Tensor, "1 N"],
        f0: Float[Tensor, "1 T"],
        steps: Int[Tensor, "1"],  # noqa: ARG002 -- of diffusion; the editor insists on sending it
    ) -> Float[Tensor, "1 T C+1"]:
        found = slots(self.kinds, tokens[0])
        at = placed(durations[0], f0[0])
        pitches = sung_pitches(found, at, f0[0])
        lengths = note_frames(found, found.group_sums(durations[0].to(f0.dtype)))
        text = self.read(tokens[0], pitches, lengths)
        frames = self.model.expand(text, at.owner[None], at.position[None])
        mask = torch.ones_like(f0)[:, None]
        _, voicing = self.model.f0(frames, held_log_f0(pitches)[at.owner][None], mask)
        voiced = (voicing >= 0).to(f0.dtype)
        mean, log_std = self.model.prior(frames, f0 * voiced, mask)
        noise = chance.normal(f0[0], mean.shape[1], stream=1).transpose(0, 1)[None] * self.noise_scale
        z = self.model.latent(mean, log_std, noise, mask)
        return torch.cat([z, voiced[:, None]], dim=1).transpose(1, 2)
