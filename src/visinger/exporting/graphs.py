"""The four graphs of a voice, cut where a user edits (VISinger Fig. 1, the path of singing).

    score ─ rhythm ─► durations ─ intonation ─► F0 ─ prior ─► latent ─ decoder ─► wave

Shapes: N phonemes · T frames · H hidden · C latent channels · S samples, S = T × hop.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from visinger.models.parts.source import Source
from visinger.models.visinger import VISinger


class Rhythm(nn.Module):
    """Score → text and predicted durations d̂ = r · d_N in frames (eq. 8); of several singers, one's."""

    def __init__(self, model: VISinger) -> None:
        super().__init__()
        self.model = model

    def forward(
        self, phonemes: Tensor, pitches: Tensor, note_frames: Tensor, singer: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        every = torch.ones_like(phonemes)
        text = self.model.encode(phonemes, pitches, note_frames, every.sum(dim=1), singers=singer)
        return text, self.model.durations(text, note_frames, every[:, None].to(text.dtype))


class Intonation(nn.Module):
    """Text spread over its frames → natural log of F0 in Hz, and the probability of voicing."""

    def __init__(self, model: VISinger) -> None:
        super().__init__()
        self.model = model

    def forward(self, text: Tensor, owner: Tensor, position: Tensor, note_log_f0: Tensor) -> tuple[Tensor, Tensor]:
        frames = self.model.expand(text, owner, position)
        log_f0, logit = self.model.f0(frames, note_log_f0, torch.ones_like(note_log_f0)[:, None])
        return log_f0, torch.sigmoid(logit)


class Prior(nn.Module):
    """Text, frames, F0 and scaled noise → the latent z."""

    def __init__(self, model: VISinger) -> None:
        super().__init__()
        self.model = model

    def forward(self, text: Tensor, owner: Tensor, position: Tensor, f0_hz: Tensor, noise: Tensor) -> Tensor:
        mask = torch.ones_like(f0_hz)[:, None]
        frames = self.model.expand(text, owner, position)
        mean, log_std = self.model.prior(frames, f0_hz, mask)
        return self.model.latent(mean, log_std, noise, mask)


class Decoder(nn.Module):
    """z → wave, for decoders that take nothing else."""

    def __init__(self, model: VISinger) -> None:
        super().__init__()
        self.decoder = model.decoder

    def forward(self, z: Tensor) -> Tensor:
        return self.decoder(z)[:, 0]


class ExcitedDecoder(nn.Module):
    """z, F0, start phase and white noise → wave, and the phase at every frame's start and at the end."""

    def __init__(self, model: VISinger) -> None:
        super().__init__()
        self.decoder = model.decoder

    def forward(self, z: Tensor, f0_hz: Tensor, start_phase: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        wave, phases = self.decoder.decode(z, Source(f0_hz, start_phase, noise))
        return wave[:, 0], phases


@dataclass(frozen=True)
class Cut:
    """One graph: its module, tensors to trace it with, the names of what it gives, and which axes may vary."""

    name: str
    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: tuple[str, ...]
    axes: dict[str, dict[int, str]]  # input → axis → its letter, N, T or S


def cuts(model: VISinger, *, phonemes: int = 7, frames: int = 50) -> tuple[Cut, ...]:
    """The four graphs of a model that `rewriting.ready` prepared, with example inputs of the given lengths."""
    generator = torch.Generator().manual_seed(0)
    hop = model.decoder.hop_samples
    score = {
        "phonemes": torch.arange(phonemes)[None] % (model.phonemes - 1) + 1,
        "pitches": torch.full((1, phonemes), 60),
        "note_frames": torch.full((1, phonemes), 30),
    }
    if model.singers > 1:
        score["singer"] = torch.tensor([1])
    by_phoneme = {key: {} if key == "singer" else {1: "N"} for key in score}
    rhythm = Rhythm(model)
    with torch.no_grad():
        text = rhythm(**score)[0]
    owner = (torch.arange(frames) * phonemes // frames)[None]
    position = torch.rand(1, 2, frames, generator=generator)
    f0_hz = torch.rand(1, frames, generator=generator) * 200 + 150
    f0_hz[:, ::5] = 0.0
    z = torch.randn(1, model.config.latent, frames, generator=generator)
    regulated = {"text": text, "owner": owner, "position": position}
    by_frame = {"text": {2: "N"}, "owner": {1: "T"}, "position": {2: "T"}}
    decoder = Cut("decoder", Decoder(model), {"z": z}, ("wave",), {"z": {2: "T"}})
    if model.decoder.excited:
        decoder = Cut(
            "decoder",
            ExcitedDecoder(model),
            {
                "z": z,
                "f0_hz": f0_hz,
                "start_phase": torch.tensor([0.25], dtype=torch.float64),
                "noise": torch.randn(1, frames * hop, generator=generator),
            },
            ("wave", "phases"),
            {"z": {2: "T"}, "f0_hz": {1: "T"}, "start_phase": {}, "noise": {1: "S"}},
        )
    return (
        Cut("rhythm", rhythm, score, ("text", "predicted_frames"), by_phoneme),
        Cut(
            "intonation",
            Intonation(model),
            {**regulated, "note_log_f0": torch.full((1, frames), 5.5)},
            ("log_f0", "voicing"),
            {**by_frame, "note_log_f0": {1: "T"}},
        ),
        Cut(
            "prior",
            Prior(model),
            {**regulated, "f0_hz": f0_hz, "noise": z},
            ("z",),
            {**by_frame, "f0_hz": {1: "T"}, "noise": {2: "T"}},
        ),
        decoder,
    )
