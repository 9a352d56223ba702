"""Where the parameters are, beside the paper's counts (VISinger Table 1)."""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn.utils import parametrize

from visinger.models.visinger import VISinger, VISingerConfig

PUBLISHED = {"VISinger": 36.50, "VITS": 27.41}  # Table 1, M
PARTS = {  # attribute of the model → (box of Fig. 1, where its size comes from)
    "text_encoder": ("text encoder", "§3.2: 6 FFT blocks, embeddings 256 + 128 + 128"),
    "duration_predictor": ("duration predictor", "§3.2: 3 convolutions"),
    "length_regulator": ("length regulator", "position inside the phoneme, not in the paper"),
    "f0_predictor": ("F0 predictor", "§3.2: 6 FFT blocks"),
    "frame_prior": ("frame prior network", "§3.2: 4 FFT blocks"),
    "flow": ("flow", "VITS: 4 couplings of 4 WaveNet layers"),
    "decoder": ("decoder", "VITS: HiFi-GAN V1 on 192 channels"),
}
TRAINED_ONLY = {"posterior_encoder": "posterior encoder", "phoneme_predictor": "phoneme predictor"}


@dataclass(frozen=True)
class PartCount:
    """One box of Fig. 1 and its parameters, weight norms folded."""

    part: str
    parameters: int
    source: str


def folded_parameters(module: nn.Module | None) -> int:
    """Parameters once weight norms are folded into the weights: what is exported and what papers count."""
    if module is None:
        return 0
    norms = {
        id(parameter)
        for child in module.modules()
        if parametrize.is_parametrized(child, "weight")
        for name, parameter in child.parametrizations.weight.named_parameters()
        if name == "original0"  # of (norm, direction) the norm
    }
    return sum(p.numel() for p in module.parameters() if id(p) not in norms)


def part_counts(model: VISinger) -> list[PartCount]:
    """The inference path, part by part; parts that a recipe leaves out count 0."""
    as_published = model.config == VISingerConfig()
    return [
        PartCount(name, folded_parameters(getattr(model, part)), source if as_published else "the recipe")
        for part, (name, source) in PARTS.items()
    ]


def parameter_table(model: VISinger) -> str:
    """A Markdown table of the inference path beside the paper's 36.50 M, the difference explained."""
    counts = part_counts(model)
    total = sum(count.parameters for count in counts)
    lines = ["| part | parameters (M) | size from |", "|---|--:|---|"]
    lines += [f"| {count.part} | {_millions(count.parameters)} | {count.source} |" for count in counts]
    lines.append(f"| **inference path** | **{_millions(total)}** | paper: {PUBLISHED['VISinger']:.2f} |")
    for part, name in TRAINED_ONLY.items():
        lines.append(f"| {name} | {_millions(folded_parameters(getattr(model, part)))} | only in training |")
    return "\n".join([*lines, "", *_explained(model, total)])


def _explained(model: VISinger, total: int) -> Iterator[str]:
    difference = total / 1e6 - PUBLISHED["VISinger"]
    yield f"Difference from Table 1: {difference:+.2f} M."
    if model.config != VISingerConfig():
        yield "This recipe differs from the paper's, so its count does too."
        return
    added = _added_to_vits(model) / 1e6
    published_added = PUBLISHED["VISinger"] - PUBLISHED["VITS"]
    block = folded_parameters(model.text_encoder.blocks.layers[0]) / 1e6
    yield (
        f"Table 1 puts {published_added:.2f} M between VITS and VISinger. The parts that §2.3 adds (F0 predictor and "
        f"frame prior network) have {added:.2f} M here: ten FFT blocks of {block:.2f} M each, VITS' own size, and "
        f"their projections. Of the difference, {added - published_added:+.2f} M are therefore in what is added and "
        f"{difference - added + published_added:+.2f} M in what VITS has too."
    )
    yield (
        "The second part holds what §3.2 puts before the text encoder (phoneme 256, pitch 128, duration 128, and their "
        f"fusion: {_before_text_blocks(model) / 1e6:.2f} M; VITS has one phoneme embedding), and a duration predictor "
        f"of {folded_parameters(model.duration_predictor) / 1e6:.2f} M in place of VITS' stochastic one. The paper "
        "prints no count by part, so what is left cannot be placed more finely."
    )


def _added_to_vits(model: VISinger) -> int:
    return folded_parameters(model.f0_predictor) + folded_parameters(model.frame_prior)


def _before_text_blocks(model: VISinger) -> int:
    return folded_parameters(model.text_encoder) - folded_parameters(model.text_encoder.blocks)


def published_model(phonemes: int) -> VISinger:
    """The paper's network without memory for its weights (meta device): enough to count."""
    with torch.device("meta"):
        return VISinger(VISingerConfig(), phonemes)


def _millions(parameters: int) -> str:
    return f"{parameters / 1e6:.2f}"
