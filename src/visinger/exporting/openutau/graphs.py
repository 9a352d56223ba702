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


PHONEMES, CURVE = {1: "N"}, {1: "T"}  # the open axis of what is given for each phoneme, each frame
FRAMES = 50
TOKENS = torch.tensor([[1, 2, 3, 4, 3, 1]])
LENGTHS = torch.tensor([[8, 3, 12, 4, 15, 8]])  # FRAMES in sum
STEPS = torch.tensor([10])


def cuts(model: VISinger, singing: Singing) -> dict[str, Cut]:
    """Path in the bank, without suffix → its graph; the model must be `rewriting.ready`."""
    found = (*_sounding(model, singing), *_lasting(model, singing), *_intoning(model, singing))
    return {cut.name: cut for cut in found}


def _sounding(model: VISinger, singing: Singing) -> tuple[Cut, ...]:
    """Acoustic model and vocoder."""
    f0 = torch.linspace(200.0, 300.0, FRAMES)[None]
    acoustic = Acoustic(
        model, singing.symbols, singing.language, singer=singing.singer, noise_scale=singing.noise_scale
    )
    return (
        Cut(
            "acoustic",
            acoustic,
            {"tokens": TOKENS, "durations": LENGTHS, "f0": f0, "steps": STEPS},
            ("mel",),
            {"tokens": PHONEMES, "durations": PHONEMES, "f0": CURVE, "steps": {}},
        ),
        Cut(
            "dsvocoder/vocoder",
            Vocoder(model, gain=singing.gain),
            {"mel": torch.randn(1, FRAMES, model.config.latent + 1), "f0": f0},
            ("waveform",),
            {"mel": CURVE, "f0": CURVE},
        ),
    )


def _lasting(model: VISinger, singing: Singing) -> tuple[Cut, ...]:
    """Dsdur."""
    return (
        Cut(
            "dsdur/linguistic",
            DurationLinguistic(),
            {"tokens": TOKENS, "word_div": torch.tensor([[2, 2, 2]]), "word_dur": torch.tensor([[50, 30, 20]])},
            ("encoder_out", "x_masks"),
            {"tokens": PHONEMES, "word_div": {1: "W"}, "word_dur": {1: "W"}},
        ),
        Cut(
            "dsdur/dur",
            Duration(model, singing.symbols, singing.language, singer=singing.singer),
            {
                "encoder_out": torch.tensor([[[1.0, 50, 1], [2, 50, 0], [3, 30, 1], [2, 30, 0], [3, 20, 1]]]),
                "x_masks": torch.zeros(1, 5, dtype=torch.bool),
                "ph_midi": torch.full((1, 5), 60),
            },
            ("ph_dur_pred",),
            {"encoder_out": PHONEMES, "x_masks": PHONEMES, "ph_midi": PHONEMES},
        ),
    )


def _intoning(model: VISinger, singing: Singing) -> tuple[Cut, ...]:
    """Dspitch."""
    given = {
        "encoder_out": TOKENS.float()[:, :, None],
        "note_midi": torch.tensor([[60.0, 60.0, 62.0]]),
        "note_dur": torch.tensor([[11, 16, 23]]),
        "ph_dur": LENGTHS,
        "pitch": torch.full((1, FRAMES), 60.0),
        "retake": torch.ones(1, FRAMES, dtype=torch.bool),
        "steps": STEPS,
        "expr": torch.ones(1, FRAMES),
    }
    open_axes = {
        **dict.fromkeys(("encoder_out", "ph_dur"), PHONEMES),
        **{name: {1: "K"} for name in ("note_midi", "note_dur")},
        **dict.fromkeys(("pitch", "retake", "expr"), CURVE),
        "steps": {},
    }
    return (
        Cut(
            "dspitch/linguistic",
            PitchLinguistic(),
            {"tokens": TOKENS, "ph_dur": LENGTHS},
            ("encoder_out", "x_masks"),
            {"tokens": PHONEMES, "ph_dur": PHONEMES},
        ),
        Cut(
            "dspitch/pitch",
            Pitch(model, singing.symbols, singing.language, singer=singing.singer),
            given,
            ("pitch_pred",),
            open_axes,
        ),
    )
