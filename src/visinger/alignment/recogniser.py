"""The phoneme recogniser: what does a listener hear in a wave?

Silence and breath are no words: SP and AP are neither taught nor counted.

Shapes: T frames · M mel bands.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from visinger.alignment.editing import Edits, edits
from visinger.alignment.forced import Alignment, force_align
from visinger.alignment.network import BLANK, SUBSAMPLING, RecogniserConfig, RecogniserNetwork
from visinger.configuration import build
from visinger.errors import CheckpointError, LyricError
from visinger.phrasing.phrase import BREATH, SILENCE

WEIGHTS, CARD = "recogniser.safetensors", "recogniser.json"


def spoken(phonemes: Iterable[str]) -> tuple[str, ...]:
    """The phonemes that carry words: all but SP and AP."""
    return tuple(p for p in phonemes if p not in (SILENCE, BREATH))


class PhonemeRecogniser:
    """A trained network and the names of what it tells apart; index 0 of its output is the blank."""

    def __init__(self, network: RecogniserNetwork, symbols: Sequence[str], story: dict[str, object]) -> None:
        self.network = network.eval()
        self.symbols = tuple(symbols)
        self.story = story  # what it was trained on, how long, and how well it does

    def ids(self, phonemes: Iterable[str]) -> list[int]:
        """Output indices of the spoken phonemes; LyricError for a phoneme never taught."""
        known = {symbol: index for index, symbol in enumerate(self.symbols, start=1)}
        wanted = spoken(phonemes)
        strange = [p for p in wanted if p not in known]
        if strange:
            raise LyricError(
                f"the recogniser was never taught the phoneme '{strange[0]}'",
                remedy="train it on recordings of this language",
            )
        return [known[p] for p in wanted]

    def log_probabilities(self, log_mel: NDArray[np.floating]) -> NDArray[np.float64]:
        """Listen to one clip (M, T): (ceil(T / 2), V), natural log, blank first."""
        batch = torch.from_numpy(np.ascontiguousarray(log_mel, dtype=np.float32))[None]
        with torch.inference_mode():
            heard = self.network(batch, torch.tensor([batch.shape[2]]))
        return heard.ctc[0].double().numpy()

    def recognise(self, log_mel: NDArray[np.floating]) -> tuple[str, ...]:
        """The likeliest label of every step, repeats and blanks removed (greedy CTC)."""
        best = self.log_probabilities(log_mel).argmax(axis=1)
        changes = np.flatnonzero(np.diff(best, prepend=-1))
        return tuple(self.symbols[k - 1] for k in best[changes] if k != BLANK)

    def errors(self, log_mel: NDArray[np.floating], meant: Iterable[str]) -> Edits:
        """How far what is heard is from the words meant; SP and AP dropped."""
        return edits(self.recognise(log_mel), spoken(meant))

    def align(self, log_mel: NDArray[np.floating], phonemes: Iterable[str]) -> Alignment:
        """Where each spoken phoneme lies, in frames of 10 ms (multiples of two)."""
        found = force_align(self.log_probabilities(log_mel), self.ids(phonemes))
        return Alignment(found.starts * SUBSAMPLING, found.ends * SUBSAMPLING, found.log_probability)

    def save(self, folder: str | Path) -> None:
        """Write weights and card; the card carries the weights' SHA-256."""
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_file({k: v.contiguous() for k, v in self.network.state_dict().items()}, folder / WEIGHTS)
        card = {
            "symbols": self.symbols,
            "config": dataclasses.asdict(self.network.config),
            "story": self.story,
            "sha256": hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest(),
        }
        (folder / CARD).write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, folder: str | Path) -> "PhonemeRecogniser":
        """Read what `save` wrote; CheckpointError when files are missing or do not belong together."""
        folder = Path(folder)
        try:
            card = json.loads((folder / CARD).read_text(encoding="utf-8"))
            if hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() != card["sha256"]:
                raise CheckpointError("weights and card do not belong together", where=folder, remedy="train it again")
            network = RecogniserNetwork(build(RecogniserConfig, card["config"]), len(card["symbols"]))
            network.load_state_dict(load_file(folder / WEIGHTS))
            return cls(network, card["symbols"], card["story"])
        except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise CheckpointError(f"no readable recogniser ({error})", where=folder, remedy="train it again") from error
