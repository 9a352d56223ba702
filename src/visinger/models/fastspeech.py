"""FastSpeech for singing (VISinger §3.2, the first stage of "FastSpeech + Neural vocoder"; Ren et al. 2019).

Score in, log-mel out: phonemes through a feed-forward transformer, repeated
over their frames, and through a second one. The embedding of each frame's note
pitch is added to the decoder's input, "to make the decoder only need to predict
the deviation" (§3.2, after XiaoiceSing). Durations are labelled, so the teacher
that FastSpeech distils them and its mels from is left out.

Shapes: B takes · N phonemes · T frames · S samples, S = T × hop · H hidden channels · M mel bands.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from visinger import losses
from visinger.models.batch import Batch, Outcome
from visinger.models.parts.blocks import BlocksConfig
from visinger.models.parts.decoding import single_precision
from visinger.models.parts.duration_predictor import DurationConfig, DurationPredictor
from visinger.models.parts.feed_forward_transformer import FeedForwardTransformer, TransformerConfig
from visinger.models.parts.length_regulator import owners
from visinger.models.parts.mask import within
from visinger.models.parts.spectrogram import LinearSpectrogram, LogMel, SpectrumConfig
from visinger.models.parts.text_encoder import EmbeddingConfig, TextEncoder
from visinger.models.system import Foretold
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ

# Log-mels of singing have about this mean and deviation (measured: PJS −5.8 and 2.2, our Mandarin syllables −6.3 and
# 2.5). The last layer speaks in these units, so that training begins with the colour of the voice, not its level.
TYPICAL_LOG_MEL, TYPICAL_SPREAD = -6.0, 2.5


@dataclass(frozen=True)
class FastSpeechDurationConfig(DurationConfig):
    """The duration predictor's convolutions, as FastSpeech has them."""

    layers: int = 2  # FastSpeech
    filter_channels: int = 256  # FastSpeech
    kernel_size: int = 3  # FastSpeech
    dropout: float = 0.1  # FastSpeech
    detached: bool = False  # FastSpeech trains it jointly with the encoder


@dataclass(frozen=True)
class FastSpeechConfig:
    """The whole network. Defaults are the paper's, and FastSpeech's where it says so; docs/paper.md has the rest."""

    sample_rate_hz: int = SAMPLE_RATE_HZ  # §3.1
    hop_samples: int = HOP_SAMPLES  # docs/paper.md
    hidden: int = 384  # FastSpeech
    note_norm: bool = False  # FastSpeech predicts frames; true: eq. 8 here too
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)  # §3.2
    spectrum: SpectrumConfig = field(default_factory=SpectrumConfig)
    encoder: TransformerConfig = field(default_factory=TransformerConfig)
    duration: FastSpeechDurationConfig = field(default_factory=FastSpeechDurationConfig)
    decoder: TransformerConfig = field(default_factory=TransformerConfig)

    @property
    def latent(self) -> int:
        """It needs no noise."""
        return 0


class FastSpeech(nn.Module):
    """Lyrics and a score in, log-mel out. `phonemes` counts the vocabulary, padding included."""

    ranked_by: ClassVar[str] = "mel_squares"

    def __init__(self, config: FastSpeechConfig, phonemes: int) -> None:
        super().__init__()
        self.config, self.phonemes = config, phonemes
        hidden, embedding = config.hidden, config.embedding
        self.score_embedding = TextEncoder(
            phonemes,
            hidden,
            BlocksConfig(count=0),  # the three embeddings and their fusion alone
            phoneme_channels=embedding.phoneme,
            pitch_channels=embedding.pitch,
            duration_channels=embedding.duration,
        )
        self.encoder = FeedForwardTransformer(hidden, config.encoder)
        self.duration_predictor = DurationPredictor(
            hidden,
            layers=config.duration.layers,
            filter_channels=config.duration.filter_channels,
            kernel_size=config.duration.kernel_size,
            dropout=config.duration.dropout,
            note_norm=config.note_norm,
        )
        self.residual_link = nn.Linear(embedding.pitch, hidden, bias=False)
        self.decoder = FeedForwardTransformer(hidden, config.decoder)
        self.out = nn.Conv1d(hidden, config.spectrum.mel_bands, 1)
        # from here on only for training
        self.spectrogram = LinearSpectrogram(config.spectrum.n_fft, config.hop_samples)
        self.log_mel = LogMel.of(config.spectrum, config.sample_rate_hz)

    # ---- training ----

    def forward(self, batch: Batch) -> Outcome:
        """Both losses; there is no wave for discriminators."""
        text = self.encode(batch.phonemes, batch.pitches, batch.note_frames, batch.phoneme_counts)
        drawn, recorded = self._draw(batch, text), self.recorded(batch)
        inside = within(batch.frame_counts, drawn.shape[2])[:, 0] > 0
        return Outcome(
            {
                "mel_squares": losses.mel_squares(recorded, drawn, inside),
                "log_duration": losses.log_duration(*self._foretold_frames(batch, text)),
            }
        )

    def _foretold_frames(self, batch: Batch, text: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Predicted frames, recorded frames, and which of them are phonemes."""
        mask = within(batch.phoneme_counts, batch.phonemes.shape[1])
        heard = text.detach() if self.config.duration.detached else text
        return self.durations(heard, batch.note_frames, mask), batch.frames, mask[:, 0] > 0

    def _draw(self, batch: Batch, text: Tensor) -> Float[Tensor, "B M T"]:
        """The window's log-mel with the recorded durations."""
        mask = within(batch.frame_counts, batch.f0_hz.shape[1])
        owner, _ = owners(batch.frames, mask.shape[2], batch.window_starts)
        return self.mel(text, batch.pitches, owner, mask, starts=batch.window_starts)

    def recorded(self, batch: Batch) -> Float[Tensor, "B M T"]:
        """The recording's log-mel in the window; frames at padding mean nothing."""
        with single_precision(batch.samples):
            return self.log_mel(self.spectrogram(batch.samples, batch.frame_counts * self.config.hop_samples))

    # ---- singing, step by step ----

    def encode(
        self,
        phonemes: Int[Tensor, "B N"],
        pitches: Int[Tensor, "B N"],
        note_frames: Int[Tensor, "B N"],
        phoneme_counts: Int[Tensor, "B"],
    ) -> Float[Tensor, "B H N"]:
        """The score, phoneme by phoneme; padding is zero."""
        mask = within(phoneme_counts, phonemes.shape[1])
        return self.encoder(self.score_embedding(phonemes, pitches, note_frames, mask), mask)

    def durations(
        self, text: Float[Tensor, "B H N"], note_frames: Int[Tensor, "B N"], mask: Float[Tensor, "B 1 N"]
    ) -> Float[Tensor, "B N"]:
        """Positive durations in frames, before the score lock; 0 at padding."""
        return self.duration_predictor(text, note_frames, mask)

    def mel(
        self,
        text: Float[Tensor, "B H N"],
        pitches: Int[Tensor, "B N"],
        owner: Int[Tensor, "B T"],
        mask: Float[Tensor, "B 1 T"],
        *,
        starts: Int[Tensor, "B"] | None = None,
    ) -> Float[Tensor, "B M T"]:
        """Natural log of mel magnitudes (`parts.spectrogram.LogMel`'s), frame by frame; 0 at padding.

        `owner` is the phoneme of each frame (`length_regulator.owners`), `starts`
        the first frame's place in its take, where the frames are a window of it.
        """
        # the link is added before phonemes become frames: fewer products, the same sums
        linked = text + self.residual_link(self.score_embedding.pitch(pitches)).transpose(1, 2)
        frames = torch.gather(linked, 2, owner[:, None].expand(-1, linked.shape[1], -1))
        heard = self.decoder(frames * mask, mask, starts)
        return (TYPICAL_LOG_MEL + TYPICAL_SPREAD * self.out(heard)) * mask

    @torch.no_grad()
    def draw(self, batch: Batch) -> Float[Tensor, "B M T"]:
        """The batch's log-mels with the recorded durations: what a vocoder is fine-tuned on (§3.2)."""
        return self._draw(batch, self.encode(batch.phonemes, batch.pitches, batch.note_frames, batch.phoneme_counts))

    def foretell(self, batch: Batch) -> Foretold:
        """Durations; it has no F0 of its own."""
        text = self.encode(batch.phonemes, batch.pitches, batch.note_frames, batch.phoneme_counts)
        mask = within(batch.phoneme_counts, batch.phonemes.shape[1])
        return Foretold(frames=self.durations(text, batch.note_frames, mask))

    def sing(
        self,
        batch: Batch,  # noqa: ARG002
        *,
        source_noise: Float[Tensor, "B S"],  # noqa: ARG002
        noise_scale: float = 0.667,  # noqa: ARG002
    ) -> None:
        """Nothing: a vocoder makes its waves."""
        return
