"""Validation: the held-out takes, with the same random numbers every time.

Two kinds of figures: the terms of the loss, with the recorded F0 and durations;
and what the score alone gives, durations and F0 beside the recorded ones.

Shapes: B takes · N phonemes · T frames.
"""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from visinger.corpora.take import Take
from visinger.models.batch import Batch
from visinger.models.parts.f0_predictor import note_log_f0
from visinger.models.parts.length_regulator import owners
from visinger.models.parts.mask import within
from visinger.phrasing.vocabulary import Vocabulary
from visinger.signal.mel import log_mel
from visinger.training.batches import VALIDATION, fixed, keyed
from visinger.training.logbook import Logbook
from visinger.training.recipe import Data

SCORE = "mel"  # the term that ranks checkpoints
SUNG_TAKES = 2  # that can be heard and seen in the logbook
CENTS = 1200 / math.log(2)


@dataclass(frozen=True)
class HeldOut:
    """Whole takes kept from training, in batches of like length."""

    batches: tuple[Batch, ...]
    heard: Batch  # the few that are sung for the logbook
    sample_rate_hz: int
    hop_samples: int
    seed: int

    @classmethod
    def of(cls, takes: Sequence[Take], vocabulary: Vocabulary, data: Data, *, latent_channels: int) -> "HeldOut | None":
        """None where nothing is held out."""
        if not takes:
            return None
        batches, heard = (
            fixed(some, vocabulary, data, latent_channels=latent_channels) for some in (takes, takes[:SUNG_TAKES])
        )
        return cls(tuple(batches), heard[0], takes[0].sample_rate_hz, takes[0].hop_samples, data.seed)

    @torch.no_grad()
    def measure(self, network: nn.Module, device: torch.device) -> dict[str, float]:
        """The terms' means, `duration_mae_frames`, `f0_mae_cents` and `voicing_error` over all takes."""
        totals: dict[str, Tensor] = defaultdict(lambda: torch.zeros((), device=device))
        counts: dict[str, Tensor] = defaultdict(lambda: torch.zeros((), device=device))
        was_training = network.training
        network.eval()
        for batch in self.batches:
            on_device = batch.to(device)
            terms = {name: (term.total, term.count) for name, term in network(on_device).terms.items()}
            for name, (total, count) in (terms | _from_score(network, on_device)).items():
                totals[name] += total
                counts[name] += count
        network.train(was_training)
        return {name: float(total / counts[name].clamp(min=1)) for name, total in totals.items()}

    @torch.no_grad()
    def sing(
        self, network: nn.Module, device: torch.device
    ) -> list[tuple[str, NDArray[np.float32], NDArray[np.float32]]]:
        """The first takes as (name, recorded, sung), sung with the recorded durations and the predicted F0."""
        was_training = network.training
        network.eval()
        batch = self.heard
        noise = keyed(VALIDATION, self.seed, len(self.batches)).standard_normal(batch.samples.shape, dtype=np.float32)
        sung = network.sing(batch.to(device), source_noise=torch.from_numpy(noise).to(device)).float().cpu().numpy()
        network.train(was_training)
        heard = []
        for b, name in enumerate(batch.names):
            length = int(batch.frame_counts[b]) * self.hop_samples
            heard.append((name, batch.samples[b, :length].numpy(), sung[b, :length]))
        return heard

    def show(self, network: nn.Module, device: torch.device, logbook: Logbook, step: int) -> None:
        """Sound and log-mel spectrograms of the first takes: recorded above, sung below."""
        for name, recorded, sung in self.sing(network, device):
            logbook.sound(step, f"sung/{name}", sung, self.sample_rate_hz)
            pictures = [log_mel(wave, self.sample_rate_hz).astype(np.float32) for wave in (sung, recorded)]
            logbook.spectrograms(step, f"sung/{name}", *pictures)


def _from_score(network: nn.Module, batch: Batch) -> dict[str, tuple[Tensor, Tensor]]:
    """Absolute errors of durations (frames), F0 (cents, where both are voiced) and voicing (share of frames)."""
    text = network.encode(batch.phonemes, batch.pitches, batch.note_frames, batch.phoneme_counts)
    inside = within(batch.phoneme_counts, batch.phonemes.shape[1])
    drawn = network.durations(network.ratios(text, inside), batch.note_frames)
    late = (drawn - batch.frames).abs() * inside[:, 0]
    mask = within(batch.frame_counts, batch.f0_hz.shape[1])
    owner, position = owners(batch.frames, mask.shape[2], batch.window_starts)
    note = torch.gather(note_log_f0(batch.pitches), 1, owner)
    log_f0, voicing = network.f0(network.expand(text, owner, position), note, mask)
    sounding, voiced = mask[:, 0] > 0, batch.f0_hz > 0
    both = sounding & voiced & (voicing > 0)
    off = (log_f0 - torch.log(batch.f0_hz.clamp(min=1.0))).abs() * CENTS
    return {
        "duration_mae_frames": (late.sum(), inside.sum()),
        "f0_mae_cents": ((off * both).sum(), both.sum()),
        "voicing_error": (((voicing > 0) != voiced)[sounding].sum(), sounding.sum()),
    }
