"""A voice folder made into a voicebank for OpenUtau: one zip, ready to be dropped on the editor.

FOLDER/  character.txt character.yaml dsconfig.yaml phonemes.txt acoustic.onnx readme.txt CARD.md
dsvocoder/  dsdur/  dspitch/
"""

import tempfile
import zipfile
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from visinger.errors import VisingerError, VoiceError
from visinger.exporting.export import TERMS, TOLERANCE, twin
from visinger.exporting.graphs import Cut
from visinger.exporting.onnx_files import write_graph
from visinger.exporting.openutau.dictionaries import dictionary_text, entries
from visinger.exporting.openutau.graphs import Singing, cuts
from visinger.exporting.openutau.settings import DICTIONARY, Bank, texts
from visinger.exporting.recovery import recover
from visinger.exporting.rewriting import ready
from visinger.files import written_whole
from visinger.voices import embedded
from visinger.voices.description import VoiceDescription
from visinger.voices.graphs import open_graph

SUFFIX = ".zip"
_WRITTEN = (1980, 1, 1, 0, 0, 0)  # the oldest date a zip can hold: equal banks are equal files


@dataclass(frozen=True)
class BankWritten:
    """A written bank, and how far each graph's answers lie from torch's (share of the largest value)."""

    path: Path
    name: str
    bytes: int
    lyrics: int  # how many its dictionary knows
    differences: dict[str, float]


def write_bank(voice: str | Path, target: Path, *, singer: str = "") -> BankWritten:
    """Write the bank of an embedded voice or a voice folder; of several singers one, by name (the first).

    Raises VoiceError for a damaged voice or an unknown singer, VisingerError for a voice that the
    editor could not play, OutputError when the zip cannot be written.
    """
    target = Path(target)
    if target.suffix.lower() != SUFFIX:
        raise VisingerError("is no name for a voicebank", where=target, remedy=f"end it in {SUFFIX}")
    folder = embedded.folder_of(voice)
    recovered = recover(folder)
    described = recovered.description
    bank = Bank(described, _singer(described, singer), version("visinger"))
    files = texts(bank)
    words = dictionary_text(described.language, described.phonemes)
    files |= {f"{part}/{DICTIONARY}": words for part in ("dsdur", "dspitch")}
    files |= {name.replace(".txt", ".md"): (folder / name).read_text(encoding="utf-8")
              for name in ("CARD.md", TERMS) if (folder / name).is_file()}  # fmt: skip
    model = twin(recovered.model)
    ready(model, half=True)
    singing = Singing(
        symbols=described.phonemes,
        language=described.language,
        singer=max(described.singers.index(bank.singer), 0) if described.singers else 0,
        gain=described.gain,
        noise_scale=described.noise_scale,
    )
    differences = {}
    with tempfile.TemporaryDirectory(prefix="visinger-bank-") as room, written_whole(target, make_folder=True) as aside:
        for path, cut in cuts(model, singing).items():
            differences[path] = _written(path, cut, Path(room))
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, text in files.items():
                archive.writestr(_entry(bank, name), text.encode())
            for path in differences:
                archive.writestr(_entry(bank, f"{path}.onnx"), (Path(room) / f"{path}.onnx").read_bytes())
    lyrics = len(entries(described.language, described.phonemes))
    return BankWritten(target, bank.name, target.stat().st_size, lyrics, differences)


def _singer(described: VoiceDescription, asked: str) -> str:
    singers = described.singers or (described.singer,)
    if asked and asked not in singers:
        raise VoiceError(f"no singer '{asked}'", where=described.name, remedy=f"its singers: {', '.join(singers)}")
    return asked or singers[0]


def _entry(bank: Bank, name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(f"{bank.folder}/{name}", _WRITTEN)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


@torch.no_grad()
def _written(path: str, cut: Cut, room: Path) -> float:
    """Write one graph; how far onnxruntime's answers lie from torch's. Too far is a fault of the export."""
    (room / path).parent.mkdir(parents=True, exist_ok=True)
    write_graph(replace(cut, name=Path(path).name), (room / path).parent)
    given = {name: tensor.numpy() for name, tensor in cut.inputs.items()}
    answers = open_graph(room / f"{path}.onnx", threads=1).run(given)
    wanted = cut.module(**cut.inputs)
    worst = 0.0
    for name, tensor in zip(cut.outputs, wanted if isinstance(wanted, tuple) else (wanted,), strict=True):
        answer, asked = answers[name].astype(np.float64), tensor.numpy().astype(np.float64)
        worst = max(worst, float(np.abs(answer - asked).max() / max(np.abs(asked).max(), 1e-6)))
    if not worst <= TOLERANCE:
        raise VisingerError(
            f"the exported graph '{path}' strays from the network by {worst:.2g}",
            remedy="report this with the voice's recipe; the voice is unharmed",
        )
    return worst
