"""VISinger (§2, Fig. 1): posterior encoder, prior encoder and decoder, trained as one.

`forward` trains on a batch. `encode`, `ratios`, `expand`, `f0`, `prior`,
`latent` and `decode` are the path of singing, cut where a user edits, and are
what is exported; `sing` walks it in one go.

Several singers (beyond the paper): a learnt vector for each is added to every
phoneme's text. Durations, F0 and prior are all read from the text, so all of
them become the singer's, and of the exported graphs only the first must be told
who sings. The vectors begin at zero: every singer begins as the one voice that
a warm start brings.

Shapes: B takes · N phonemes · T frames · S samples, S = T × hop · R samples of the segment
· H hidden channels · C latent channels.
"""

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from visinger import losses
from visinger.models.batch import Batch, Outcome, Term
from visinger.models.parts.blocks import BlocksConfig
from visinger.models.parts.decoding import DECODERS, Rates, Segment, decode, decode_segment, single_precision
from visinger.models.parts.duration_predictor import DurationConfig, DurationPredictor
from visinger.models.parts.f0_predictor import F0Predictor, note_log_f0, sung_hz
from visinger.models.parts.flow import Flow, FlowConfig
from visinger.models.parts.frame_prior import FramePriorNetwork
from visinger.models.parts.harmonic_decoder import HarmonicDecoderConfig
from visinger.models.parts.hifigan_decoder import HiFiGANConfig
from visinger.models.parts.length_regulator import LengthRegulator, owners
from visinger.models.parts.mask import within
from visinger.models.parts.phoneme_predictor import PhonemePredictor, phonemes_in_window
from visinger.models.parts.posterior_encoder import PosteriorConfig, PosteriorEncoder
from visinger.models.parts.source import Source
from visinger.models.parts.spectrogram import LinearSpectrogram, LogMel, SpectrumConfig
from visinger.models.parts.text_encoder import EmbeddingConfig, TextEncoder
from visinger.models.system import Foretold
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ

SUNG_NOISE = 0.333  # of the prior's draws in training, near what the voices sing with
CERTAINLY_VOICED = 10.0  # the logit of a contour that is the score's own


@dataclass(frozen=True)
class VISingerConfig:
    """The whole network. Defaults are the paper's, and VITS' where it says so; docs/paper.md has the rest."""

    sample_rate_hz: int = SAMPLE_RATE_HZ  # §3.1
    hop_samples: int = HOP_SAMPLES  # docs/paper.md
    hidden: int = 192  # VITS
    latent: int = 192  # VITS
    phoneme_predictor: bool = True  # Table 2: removed
    f0_predictor: bool = True  # Table 2: removed
    frame_prior: bool = True  # Table 2: removed
    note_norm: bool = True  # Fig. 3: removed
    predicted_f0_mix: float = 0.0  # share of takes whose frame prior is trained on predicted F0
    sung_share: float = 0.0  # of takes whose segment is decoded from the prior, as in singing (beyond the paper)
    stft: bool = False  # also return the multi-resolution STFT distance (beyond the paper)
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    spectrum: SpectrumConfig = field(default_factory=SpectrumConfig)
    text_blocks: BlocksConfig = field(default_factory=lambda: BlocksConfig(count=6))  # §3.2
    duration: DurationConfig = field(default_factory=DurationConfig)
    f0_blocks: BlocksConfig = field(default_factory=lambda: BlocksConfig(count=6))  # §3.2
    prior_blocks: BlocksConfig = field(default_factory=lambda: BlocksConfig(count=4))  # §3.2
    phoneme_blocks: BlocksConfig = field(default_factory=lambda: BlocksConfig(count=2))  # §2.3
    posterior: PosteriorConfig = field(default_factory=PosteriorConfig)
    flow: FlowConfig = field(default_factory=FlowConfig)
    decoder: str = "hifigan"  # §3.2; or "harmonic"
    hifigan: HiFiGANConfig = field(default_factory=HiFiGANConfig)
    harmonic: HarmonicDecoderConfig = field(default_factory=HarmonicDecoderConfig)

    def __post_init__(self) -> None:
        if self.decoder not in DECODERS:
            raise ValueError(f"no decoder '{self.decoder}': one of {' '.join(DECODERS)}")
        for name in ("predicted_f0_mix", "sung_share"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} {getattr(self, name)} must lie in 0…1")


class VISinger(nn.Module):
    """Lyrics and a score in, singing out. `phonemes` counts the vocabulary, padding included."""

    ranked_by: ClassVar[str] = "mel"

    def __init__(self, config: VISingerConfig, phonemes: int, *, singers: int = 1) -> None:
        super().__init__()
        self.config, self.phonemes, self.singers = config, phonemes, singers
        hidden, latent, spectrum = config.hidden, config.latent, config.spectrum
        self.text_encoder = TextEncoder(
            phonemes,
            hidden,
            config.text_blocks,
            phoneme_channels=config.embedding.phoneme,
            pitch_channels=config.embedding.pitch,
            duration_channels=config.embedding.duration,
        )
        self.singer_embedding = nn.Embedding(singers, hidden) if singers > 1 else None
        if self.singer_embedding is not None:
            nn.init.zeros_(self.singer_embedding.weight)
        self.duration_predictor = DurationPredictor(
            hidden,
            layers=config.duration.layers,
            filter_channels=config.duration.filter_channels,
            kernel_size=config.duration.kernel_size,
            dropout=config.duration.dropout,
            note_norm=config.note_norm,
            elastic=config.duration.elastic,
        )
        self.length_regulator = LengthRegulator(hidden)
        self.f0_predictor = F0Predictor(hidden, config.f0_blocks) if config.f0_predictor else None
        self.frame_prior = FramePriorNetwork(
            hidden, latent, config.prior_blocks if config.frame_prior else None, guided=config.f0_predictor
        )
        self.flow = Flow.of(config.flow, latent)
        rates = Rates(config.sample_rate_hz, config.hop_samples)
        self.decoder = DECODERS[config.decoder](latent, config.hifigan, config.harmonic, rates)
        # from here on only for training
        self.spectrogram = LinearSpectrogram(spectrum.n_fft, config.hop_samples)
        self.log_mel = LogMel.of(spectrum, config.sample_rate_hz)
        self.posterior_encoder = PosteriorEncoder.of(config.posterior, spectrum, latent)
        self.phoneme_predictor = (
            PhonemePredictor(latent, hidden, phonemes, config.phoneme_blocks) if config.phoneme_predictor else None
        )

    # ---- training ----

    def forward(self, batch: Batch) -> Outcome:
        """All losses of the generator but the adversarial ones, and the segment for the discriminators.

        Frames are cut to the batch's window before any frame-level network runs.
        """
        terms: dict[str, Term] = {}
        observed: dict[str, Term] = {}
        mask = within(batch.frame_counts, batch.f0_hz.shape[1])
        text = self._text(batch)
        terms |= self._duration_terms(batch, text)

        owner, position = owners(batch.frames, mask.shape[2], batch.window_starts)
        frames = self.expand(text, owner, position)
        note = torch.gather(note_log_f0(batch.pitches), 1, owner)
        guide_hz = batch.f0_hz
        if self.f0_predictor is not None:
            log_f0, voicing = self.f0(frames, note, mask)
            inside = mask[:, 0] > 0
            terms["f0"] = losses.f0(log_f0, batch.f0_hz, inside)
            terms["voicing"] = losses.voicing(voicing, batch.f0_hz, inside)
            guide_hz = self._guide(batch, sung_hz(log_f0.float(), voicing).detach())
        prior_mean, prior_log_std = self.prior(frames, guide_hz, mask)

        with single_precision(mask):
            spectrum = self.spectrogram(batch.samples, batch.frame_counts * self.config.hop_samples)
        mean, log_std = self.posterior_encoder(spectrum, mask)
        z = losses.posterior_sample(mean, log_std, batch.posterior_noise) * mask
        flowed, log_det = self.flow(z, mask)
        density = losses.log_prior_density(flowed.float(), prior_mean.float(), prior_log_std.float())
        terms["kl"] = losses.kl(log_std, density, log_det, mask)
        if self.phoneme_predictor is not None:
            targets, counts = phonemes_in_window(
                batch.phonemes,
                batch.frames,
                phoneme_counts=batch.phoneme_counts,
                window_starts=batch.window_starts,
                frame_counts=batch.frame_counts,
            )
            logits = self.phoneme_predictor(z, mask)
            terms["ctc"], observed["ctc_hidden"] = losses.ctc(logits, batch.frame_counts, targets, counts)

        source_hz = batch.f0_hz if self.f0_predictor is not None else torch.exp(note)
        decoded, sung = z, None
        if self.config.sung_share:
            drawn = self.latent(prior_mean, prior_log_std, batch.posterior_noise * SUNG_NOISE, mask).to(z.dtype)
            if self.training:
                sung = _drawn(batch, 1, self.config.sung_share)
                decoded = torch.where(sung[:, None, None], drawn, z)
            else:  # where nothing is learnt, every take is measured both ways
                terms["sung_mel"] = self._segment(batch, drawn, source_hz).terms["mel"]
        segment = self._segment(batch, decoded, source_hz, sung=sung)
        return Outcome(terms | segment.terms, segment.generated, segment.real, observed)

    def foretell(self, batch: Batch) -> Foretold:
        """Durations, and with the recorded ones F0 and voicing."""
        text = self._text(batch)
        durations = self.durations(text, batch.note_frames, within(batch.phoneme_counts, batch.phonemes.shape[1]))
        mask = within(batch.frame_counts, batch.f0_hz.shape[1])
        owner, position = owners(batch.frames, mask.shape[2], batch.window_starts)
        note = torch.gather(note_log_f0(batch.pitches), 1, owner)
        log_f0, voicing = self.f0(self.expand(text, owner, position), note, mask)
        return Foretold(durations, log_f0, voicing)

    def _segment(self, batch: Batch, z: Tensor, source_hz: Tensor, *, sung: Bool[Tensor, "B"] | None = None) -> Segment:
        return decode_segment(
            self.decoder,
            batch,
            z,
            source_hz,
            spectrogram=self.spectrogram,
            log_mel=self.log_mel,
            stft=self.config.stft,
            sung=sung,
        )

    def _text(self, batch: Batch) -> Tensor:
        score = (batch.phonemes, batch.pitches, batch.note_frames, batch.phoneme_counts)
        return self.encode(*score, singers=batch.singers)

    def _duration_terms(self, batch: Batch, text: Tensor) -> dict[str, Term]:
        mask = within(batch.phoneme_counts, batch.phonemes.shape[1])
        heard = text.detach() if self.config.duration.detached else text
        predicted, inside = self.durations(heard, batch.note_frames, mask), mask[:, 0] > 0
        terms = {"duration": losses.duration(predicted, batch.frames, inside)}
        if self.config.duration.log:
            terms["log_duration"] = losses.log_duration(predicted, batch.frames, inside)
        return terms

    def _guide(self, batch: Batch, predicted_hz: Tensor) -> Tensor:
        """The F0 that the frame prior sees: recorded, or predicted in a share of the takes."""
        return torch.where(_drawn(batch, 0, self.config.predicted_f0_mix)[:, None], predicted_hz, batch.f0_hz)

    # ---- singing, step by step ----

    def encode(
        self,
        phonemes: Int[Tensor, "B N"],
        pitches: Int[Tensor, "B N"],
        note_frames: Int[Tensor, "B N"],
        phoneme_counts: Int[Tensor, "B"],
        *,
        singers: Int[Tensor, "B"] | None = None,
    ) -> Float[Tensor, "B H N"]:
        """The score condition c, phoneme by phoneme (§2.3.1); of a network of several singers, theirs.

        Raises ValueError when such a network is not told who sings.
        """
        mask = within(phoneme_counts, phonemes.shape[1])
        text = self.text_encoder(phonemes, pitches, note_frames, mask)
        if self.singer_embedding is None:
            return text
        if singers is None:
            raise ValueError(f"a network of {self.singers} singers must be told who sings")
        return text + self.singer_embedding(singers)[:, :, None] * mask

    def durations(
        self, text: Float[Tensor, "B H N"], note_frames: Int[Tensor, "B N"], mask: Float[Tensor, "B 1 N"]
    ) -> Float[Tensor, "B N"]:
        """d̂ of eq. 8 in frames, before the score lock."""
        return self.duration_predictor(text, note_frames, mask)

    def expand(
        self, text: Float[Tensor, "B H N"], owner: Int[Tensor, "B T"], position: Float[Tensor, "B 2 T"]
    ) -> Float[Tensor, "B H T"]:
        """h_text (§2.3.2); owner and position come from the durations (`length_regulator.owners`)."""
        return self.length_regulator(text, owner, position)

    def f0(
        self, frames: Float[Tensor, "B H T"], note_log_f0: Float[Tensor, "B T"], mask: Float[Tensor, "B 1 T"]
    ) -> tuple[Float[Tensor, "B T"], Float[Tensor, "B T"]]:
        """Log-F0 (natural, Hz) and the logit of being voiced (§2.3.3); without F0 predictor the notes, voiced."""
        if self.f0_predictor is None:
            return note_log_f0, torch.full_like(note_log_f0, CERTAINLY_VOICED)
        return self.f0_predictor(frames, note_log_f0, mask)

    def prior(
        self, frames: Float[Tensor, "B H T"], f0_hz: Float[Tensor, "B T"], mask: Float[Tensor, "B 1 T"]
    ) -> tuple[Float[Tensor, "B C T"], Float[Tensor, "B C T"]]:
        """μ_θ and log σ_θ of eq. 6, frame by frame; F0 is 0 where unvoiced."""
        return self.frame_prior(frames, f0_hz, mask)

    def latent(
        self,
        mean: Float[Tensor, "B C T"],
        log_std: Float[Tensor, "B C T"],
        noise: Float[Tensor, "B C T"],
        mask: Float[Tensor, "B 1 T"],
    ) -> Float[Tensor, "B C T"]:
        """ẑ: the flow turned round on a draw from the prior (§2.3.4); `noise` is scaled already."""
        return self.flow.invert((mean + noise * torch.exp(log_std)) * mask, mask)

    def decode(self, z: Float[Tensor, "B C T"], source: Source) -> Float[Tensor, "B 1 S"]:
        """Eq. 2."""
        return decode(self.decoder, z, source)

    @torch.no_grad()
    def sing(
        self,
        batch: Batch,
        *,
        source_noise: Float[Tensor, "B S"],
        noise_scale: float = 0.667,
        on_recorded_f0: bool = False,
    ) -> Float[Tensor, "B S"]:
        """The batch's scores, sung with its durations and the predicted F0; recordings are not looked at.

        The latent noise is the batch's, times `noise_scale` (VITS: 0.667). With `on_recorded_f0` the
        pitch is the batch's too: a distance to the recording then tells of the sound alone.
        """
        mask = within(batch.frame_counts, batch.f0_hz.shape[1])
        owner, position = owners(batch.frames, mask.shape[2], batch.window_starts)
        frames = self.expand(self._text(batch), owner, position)
        f0_hz = batch.f0_hz
        if not on_recorded_f0:
            log_f0, voicing = self.f0(frames, torch.gather(note_log_f0(batch.pitches), 1, owner), mask)
            f0_hz = sung_hz(log_f0, voicing) * mask[:, 0]
        mean, log_std = self.prior(frames, f0_hz, mask)
        z = self.latent(mean, log_std, batch.posterior_noise * noise_scale, mask)
        start_phase = torch.zeros(len(f0_hz), dtype=torch.float64, device=f0_hz.device)
        wave = self.decode(z, Source(f0_hz, start_phase, source_noise))[:, 0]
        return wave * mask[:, 0].repeat_interleave(self.config.hop_samples, dim=1)


def _drawn(batch: Batch, channel: int, share: float) -> Bool[Tensor, "B"]:
    """A share of the takes, by a noise value of each take's own: no matter which process trains it."""
    return torch.special.ndtr(batch.posterior_noise[:, channel, 0].float()) < share
