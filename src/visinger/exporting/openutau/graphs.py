"""The six graphs of a bank, with example inputs to trace them (`exporting/graphs.py` for voices).

Letters of open axes: N phonemes · W words · K notes · T frames.
"""

from dataclasses import dataclass

import torch

from visinger.exporting.graphs import Cut
from visinger.exporting.openutau.acoustic import Acoustic
from visinger.exporting.openutau.duration import Duration, DurationLinguistic
from visinger.exporting.openutau.pitch import Pitch, PitchLinguistic
from visinger.exporting.openutau.vocoder import Vocoder
from visinger.models.visinger import VISinger


@dataclass(frozen=True)
class Singing:
    """What the graphs must know of the voice beside its network."""

    symbols: tuple[str, ...]
    language: str
    singer: int
    gain: float
    noise_scale: float


def cuts(model: VISinger, singing: Singing) -> dict[str, Cut]:
    """Path in the bank, without suffix → its graph; the model must be `rewriting.ready`."""
    symbols, language, singer = singing.symbols, singing.language, singing.singer
    frames, lengths = 50, torch.tensor([[8, 3, 12, 4, 15, 8]])
    tokens = torch.arange(6)[None] % len(symbols) + 1
    steps = torch.tensor([10])
    f0 = torch.linspace(200.0, 300.0, frames)[None]
    acoustic = Acoustic(model, symbols, language, singer=singer, noise_scale=singing.noise_scale)
    phonemes, curve = {1: "N"}, {1: "T"}
    found = (
        Cut(
            "acoustic",
            acoustic,
            {"tokens": tokens, "durations": lengths, "f0": f0, "steps": steps},
            ("mel",),
            {"tokens": phonemes, "durations": phonemes, "f0": curve, "steps": {}},
        ),
        Cut(
            "dsvocoder/vocoder",
            Vocoder(model, gain=singing.gain),
            {"mel": torch.randn(1, frames, model.config.latent + 1), "f0": f0},
            ("waveform",),
            {"mel": curve, "f0": curve},
        ),
        Cut(
            "dsdur/linguistic",
            DurationLinguistic(),
            {"tokens": tokens, "word_div": torch.tensor([[2, 2, 2]]), "word_dur": torch.tensor([[50, 30, 20]])},
            ("encoder_out", "x_masks"),
            {"tokens": phonemes, "word_div": {1: "W"}, "word_dur": {1: "W"}},
        ),
        Cut(
            "dsdur/dur",
            Duration(model, symbols, language, singer=singer),
            {
                "encoder_out": torch.tensor([[[1.0, 50, 1], [2, 50, 0], [3, 30, 1], [2, 30, 0], [3, 20, 1]]]),
                "x_masks": torch.zeros(1, 5, dtype=torch.bool),
                "ph_midi": torch.full((1, 5), 60),
            },
            ("ph_dur_pred",),
            {"encoder_out": phonemes, "x_masks": phonemes, "ph_midi": phonemes},
        ),
        Cut(
            "dspitch/linguistic",
            PitchLinguistic(),
            {"tokens": tokens, "ph_dur": lengths},
            ("encoder_out", "x_masks"),
            {"tokens": phonemes, "ph_dur": phonemes},
        ),
        Cut(
            "dspitch/pitch",
            Pitch(model, symbols, language, singer=singer),
            {
                "encoder_out": tokens.float()[:, :, None],
                "note_midi": torch.tensor([[60.0, 60.0, 62.0]]),
                "note_dur": torch.tensor([[11, 16, 23]]),
                "ph_dur": lengths,
                "pitch": torch.full((1, frames), 60.0),
                "retake": torch.ones(1, frames, dtype=torch.bool),
                "steps": steps,
                "expr": torch.ones(1, frames),
            },
            ("pitch_pred",),
            {
                "encoder_out": phonemes,
                "note_midi": {1: "K"},
                "note_dur": {1: "K"},
                "ph_dur": phonemes,
                "pitch": curve,
                "retake": curve,
                "steps": {},
                "expr": curve,
            },
        ),
    )
    return {cut.name: cut for cut in found}
