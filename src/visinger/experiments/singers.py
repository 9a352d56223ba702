"""Every system of the experiment as a singer, straight from its checkpoints (VISinger §3.3).

The protocol of `phrasing.singer`: `perform` foretells durations, which the score
lock makes fit, and the pitch that will be sung; `render` makes the wave of any
performance, the recording's own included. What a system cannot be given it
does not look at: VITS and the two-stage systems draw their own pitch.

Noise is keyed by the seed and the frame of the song (`voices.noise`), so every
system of one latent width is given the same.

Shapes: N phonemes · T frames · C latent channels · S samples, S = T × hop.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from visinger.audio import Wave
from visinger.corpora.corpus import file_digest
from visinger.errors import CheckpointError
from visinger.models.parts.f0_predictor import note_log_f0, sung_hz
from visinger.models.parts.length_regulator import owners
from visinger.models.parts.source import Source
from visinger.phrasing.lock import lock
from visinger.phrasing.performance import PhrasePerformance
from visinger.phrasing.phrase import REST, Phrase
from visinger.phrasing.vocabulary import Vocabulary
from visinger.training.trained import Trained, listened_weights, trained_network
from visinger.units import hz_from_midi
from visinger.voices.noise import Stream, normal

NOISE_SCALE = 0.667  # VITS
LOWEST_HZ, HIGHEST_HZ = 30.0, 3000.0  # no singer leaves these; a wild prediction must not either
DURATIONS = 1  # apart from the latent's noise, by seed


@dataclass(frozen=True)
class Score:
    """A phrase as the networks read it, a batch of one."""

    phonemes: Tensor  # (1, N) vocabulary ids
    pitches: Tensor  # (1, N)
    note_frames: Tensor  # (1, N)
    counts: Tensor  # (1)
    mask: Tensor  # (1, 1, N)

    @classmethod
    def of(cls, phrase: Phrase, vocabulary: Vocabulary, device: torch.device) -> "Score":
        """Raises LyricError for a phoneme that the network was not trained on."""
        rows = (vocabulary.ids(phrase.phonemes), phrase.pitches, phrase.note_frames)
        phonemes, pitches, note_frames = (torch.from_numpy(np.array(row, np.int64))[None].to(device) for row in rows)
        counts = torch.tensor([phonemes.shape[1]], device=device)
        return cls(phonemes, pitches, note_frames, counts, torch.ones(1, 1, phonemes.shape[1], device=device))


class SystemSinger(ABC):
    """What all systems' singers share: the score lock after durations, and sound of the right length."""

    def __init__(self, name: str, trained: Trained, *, noise_scale: float = NOISE_SCALE) -> None:
        self.name = name
        self.noise_scale = noise_scale
        self.model: Any = trained.model
        self.vocabulary = Vocabulary(trained.symbols)
        self.sample_rate_hz: int = self.model.config.sample_rate_hz
        self.hop_samples: int = self.model.config.hop_samples
        self.device = next(self.model.parameters()).device

    @abstractmethod
    def _durations(self, score: Score, phrase: Phrase, *, seed: int) -> Tensor:
        """(1, N) frames before the score lock."""

    @abstractmethod
    def _wave(self, score: Score, performance: PhrasePerformance, *, seed: int) -> Tensor:
        """(1, 1, S)."""

    def _pitch(self, score: Score, phrase: Phrase, frames: NDArray[np.int64]) -> NDArray[np.float64]:  # noqa: ARG002
        """(T) the curve that will be sung, in Hz; what the score asks for, from systems that foretell none."""
        pitches = np.repeat(phrase.pitches, frames)
        return np.where(pitches == REST, 0.0, hz_from_midi(pitches))

    @torch.inference_mode()
    def predicted_frames(self, phrase: Phrase, *, seed: int = 0) -> NDArray[np.float64]:
        """(N) durations in frames, before the score lock."""
        drawn = self._durations(Score.of(phrase, self.vocabulary, self.device), phrase, seed=seed)
        return drawn[0].double().cpu().numpy()

    @torch.inference_mode()
    def perform(self, phrase: Phrase, *, seed: int = 0) -> PhrasePerformance:
        """Times under the score lock, and pitch; a phrase of silence keeps the score's."""
        if phrase.silent:
            frames = lock(phrase, phrase.note_frames.astype(np.float64))
            return PhrasePerformance(phrase, frames, np.zeros(phrase.frames))
        return self.intone(phrase, lock(phrase, self.predicted_frames(phrase, seed=seed)))

    @torch.inference_mode()
    def intone(self, phrase: Phrase, frames: NDArray[np.int64]) -> PhrasePerformance:
        """Own pitch on given durations (N)."""
        if phrase.silent:
            return PhrasePerformance(phrase, frames, np.zeros(phrase.frames))
        return PhrasePerformance(
            phrase, frames, self._pitch(Score.of(phrase, self.vocabulary, self.device), phrase, frames)
        )

    @torch.inference_mode()
    def render(self, performance: PhrasePerformance, *, seed: int = 0) -> Wave:
        """The sound: exactly T × hop samples."""
        score = Score.of(performance.phrase, self.vocabulary, self.device)
        samples = self._wave(score, performance, seed=seed)[0, 0].float().cpu().numpy()
        return Wave(np.ascontiguousarray(samples), self.sample_rate_hz)

    def sing(self, phrase: Phrase, *, seed: int = 0) -> Wave:
        """Perform, then render."""
        return self.render(self.perform(phrase, seed=seed), seed=seed)

    def _owners(self, frames: NDArray[np.int64]) -> tuple[Tensor, Tensor, Tensor]:
        """The phoneme (1, T) of each frame, its place (1, 2, T), and a mask (1, 1, T) of ones."""
        total = int(frames.sum())
        owner, position = owners(torch.from_numpy(np.array(frames, np.int64))[None].to(self.device), total)
        return owner, position, torch.ones(1, 1, total, device=self.device)

    def _noise(self, phrase: Phrase, stream: Stream, *, seed: int, width: int) -> Tensor:
        """(1, width, T)."""
        drawn = normal(seed, stream, first_frame=phrase.start_frame, frames=phrase.frames, width=width)
        return torch.from_numpy(np.ascontiguousarray(drawn.T))[None].to(self.device)

    def _source(self, f0_hz: Tensor, phrase: Phrase, *, seed: int) -> Source:
        noise = self._noise(phrase, "source", seed=seed, width=self.hop_samples)
        start_phase = torch.zeros(1, dtype=torch.float64, device=self.device)
        return Source(f0_hz, start_phase, noise.transpose(1, 2).reshape(1, -1))


class VISingerSinger(SystemSinger):
    """VISinger and what is left of it after ablations. It sings the curve it is given, where it predicts F0."""

    def _durations(self, score: Score, phrase: Phrase, *, seed: int) -> Tensor:  # noqa: ARG002
        return self.model.durations(self._text(score), score.note_frames, score.mask)

    def _text(self, score: Score) -> Tensor:
        return self.model.encode(score.phonemes, score.pitches, score.note_frames, score.counts)

    def _pitch(self, score: Score, phrase: Phrase, frames: NDArray[np.int64]) -> NDArray[np.float64]:
        if self.model.f0_predictor is None:
            return super()._pitch(score, phrase, frames)
        owner, position, mask = self._owners(frames)
        note = torch.gather(note_log_f0(score.pitches), 1, owner)
        log_f0, voicing = self.model.f0(self.model.expand(self._text(score), owner, position), note, mask)
        bounded = log_f0.clamp(float(np.log(LOWEST_HZ)), float(np.log(HIGHEST_HZ)))
        return sung_hz(bounded, voicing)[0].double().cpu().numpy()

    def _wave(self, score: Score, performance: PhrasePerformance, *, seed: int) -> Tensor:
        owner, position, mask = self._owners(performance.frames)
        frames = self.model.expand(self._text(score), owner, position)
        f0_hz = torch.from_numpy(performance.f0_hz.astype(np.float32))[None].to(self.device)
        if self.model.f0_predictor is None:  # it was trained on the notes
            f0_hz = torch.exp(torch.gather(note_log_f0(score.pitches), 1, owner))
        mean, log_std = self.model.prior(frames, f0_hz, mask)
        noise = self._noise(performance.phrase, "latent", seed=seed, width=self.model.config.latent)
        z = self.model.latent(mean, log_std, noise * self.noise_scale, mask)
        return self.model.decode(z, self._source(f0_hz, performance.phrase, seed=seed))


class VITSSinger(SystemSinger):
    """VITS: durations are drawn, by the seed; the F0 of a performance is not looked at, for it can be given none."""

    def _durations(self, score: Score, phrase: Phrase, *, seed: int) -> Tensor:
        encoded = self._encoded(score)
        count = score.phonemes.shape[1]
        key = np.random.SeedSequence((seed, DURATIONS, max(phrase.start_frame, 0)))
        noise = np.random.default_rng(key).standard_normal((1, 2, count), dtype=np.float32)
        return self.model.durations(encoded.text, score.mask, torch.from_numpy(noise).to(self.device))

    def _encoded(self, score: Score) -> Any:
        return self.model.encode(score.phonemes, score.pitches, score.note_frames, score.counts)

    def _wave(self, score: Score, performance: PhrasePerformance, *, seed: int) -> Tensor:
        owner, _, mask = self._owners(performance.frames)
        encoded = self._encoded(score)
        noise = self._noise(performance.phrase, "latent", seed=seed, width=self.model.config.latent)
        z = self.model.latent(encoded.mean, encoded.log_std, owner, noise * self.noise_scale, mask)
        notes_hz = torch.exp(torch.gather(note_log_f0(score.pitches), 1, owner))  # as in its training
        return self.model.decode(z, self._source(notes_hz, performance.phrase, seed=seed))


class TwoStageSinger(SystemSinger):
    """FastSpeech and a vocoder, joined by log-mels; the F0 of a performance is not looked at."""

    def __init__(self, name: str, acoustic: Trained, vocoder: Trained) -> None:
        super().__init__(name, acoustic)
        self.vocoder: Any = vocoder.model
        self._draws_samples = vocoder.recipe.get("system") == "wavernn"
        theirs = vocoder.model.config
        if (theirs.sample_rate_hz, theirs.hop_samples) != (self.sample_rate_hz, self.hop_samples):
            raise CheckpointError(
                f"{name}: the vocoder works at {theirs.sample_rate_hz} Hz, hop {theirs.hop_samples}, "
                f"its first stage at {self.sample_rate_hz} Hz, hop {self.hop_samples}",
                remedy="train both at one rate",
            )

    def _durations(self, score: Score, phrase: Phrase, *, seed: int) -> Tensor:  # noqa: ARG002
        return self.model.durations(self._text(score), score.note_frames, score.mask)

    def _text(self, score: Score) -> Tensor:
        return self.model.encode(score.phonemes, score.pitches, score.note_frames, score.counts)

    def _wave(self, score: Score, performance: PhrasePerformance, *, seed: int) -> Tensor:
        owner, _, mask = self._owners(performance.frames)
        mel = self.model.mel(self._text(score), score.pitches, owner, mask)
        return self.vocoder.vocode(mel, seed=seed) if self._draws_samples else self.vocoder.vocode(mel)


SINGERS: dict[str, type[SystemSinger]] = {"visinger": VISingerSinger, "vits": VITSSinger}
ACOUSTIC, VOCODERS = ("fastspeech",), ("hifigan", "wavernn")


def singer(
    name: str, checkpoints: Sequence[Path], *, noise_scale: float = NOISE_SCALE, device: str = "cpu"
) -> SystemSinger:
    """The singer of one checkpoint, or of an acoustic model's and a vocoder's.

    Raises CheckpointError when these make no singer.
    """
    stages = [trained_network(path) for path in checkpoints]
    for stage in stages:
        stage.model.to(device)
    kinds = tuple(str(stage.recipe.get("system", "visinger")) for stage in stages)
    if len(kinds) == 1 and kinds[0] in SINGERS:
        return SINGERS[kinds[0]](name, stages[0], noise_scale=noise_scale)
    if len(kinds) == 2 and kinds[0] in ACOUSTIC and kinds[1] in VOCODERS:
        return TwoStageSinger(name, *stages)
    raise CheckpointError(
        f"{' and '.join(kinds)}: no singer",
        where=checkpoints[0],
        remedy=f"give one of {' '.join(SINGERS)}, or a chain of {' '.join(ACOUSTIC)} and one of {' '.join(VOCODERS)}",
    )


def fingerprint(checkpoints: Sequence[Path], *, noise_scale: float = NOISE_SCALE) -> str:
    """A digest of the weights that sing, and of how they are made to."""
    total = hashlib.sha256(f"{noise_scale:.6g}".encode())
    for path in checkpoints:
        total.update(file_digest(listened_weights(path)).encode())
    return total.hexdigest()
