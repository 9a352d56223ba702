"""The contenders in rhythm: from the score to durations (VISinger §2.3.2, Fig. 3; Table 1's Dur MAE).

Each is a text encoder and a duration predictor, taken from its system in full
width. No stop-gradient lies between them, as it does in VITS and VISinger:
there the encoder is taught by all that comes after it, here by the durations alone.

Shapes: B takes · N phonemes · T frames · C latent channels.
"""

from dataclasses import replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from visinger import losses
from visinger.experiments.branches.songs import Habits
from visinger.losses import Term
from visinger.models.batch import Batch, Outcome
from visinger.models.fastspeech import TYPICAL_LOG_MEL, FastSpeech, FastSpeechConfig
from visinger.models.parts.decoding import single_precision
from visinger.models.parts.duration_predictor import DurationPredictor
from visinger.models.parts.length_regulator import owners
from visinger.models.parts.mask import within
from visinger.models.parts.text_encoder import TextEncoder
from visinger.models.system import Foretold
from visinger.models.visinger import VISingerConfig
from visinger.models.vits import VITS, VITSConfig


class VISingerRhythm(nn.Module):
    """VISinger's text encoder and duration predictor: ratios to the note (eqs. 7-8), or frames without note norm."""

    def __init__(self, config: VISingerConfig, phonemes: int) -> None:
        super().__init__()
        self.text_encoder = score_encoder(config, phonemes)
        self.duration_predictor = DurationPredictor(
            config.hidden,
            layers=config.duration.layers,
            filter_channels=config.duration.filter_channels,
            kernel_size=config.duration.kernel_size,
            dropout=config.duration.dropout,
            note_norm=config.note_norm,
        )

    def forward(self, batch: Batch) -> Outcome:
        """Eq. 7 over all phonemes, pauses too, as in training the whole system."""
        inside = phonemes_of(batch)[:, 0] > 0
        return Outcome({"duration": losses.duration(self._frames(batch), batch.frames, inside)})

    def foretell(self, batch: Batch) -> Foretold:
        """Durations in frames, before the score lock."""
        return Foretold(frames=self._frames(batch))

    def _frames(self, batch: Batch) -> Float[Tensor, "B N"]:
        mask = phonemes_of(batch)
        text = self.text_encoder(batch.phonemes, batch.pitches, batch.note_frames, mask)
        return self.duration_predictor(text, batch.note_frames, mask)


class FastSpeechRhythm(nn.Module):
    """FastSpeech's encoder and duration predictor: frames, learnt on a logarithmic scale."""

    def __init__(self, config: FastSpeechConfig, phonemes: int) -> None:
        super().__init__()
        self.system = FastSpeech(config, phonemes)
        for unused in ("decoder", "out", "residual_link", "spectrogram", "log_mel"):
            setattr(self.system, unused, nn.Identity())

    def forward(self, batch: Batch) -> Outcome:
        """FastSpeech's mean square between logarithms."""
        inside = phonemes_of(batch)[:, 0] > 0
        return Outcome({"log_duration": losses.log_duration(self._frames(batch), batch.frames, inside)})

    def foretell(self, batch: Batch) -> Foretold:
        """Durations in frames, before the score lock."""
        return Foretold(frames=self._frames(batch))

    def _frames(self, batch: Batch) -> Float[Tensor, "B N"]:
        text = self.system.encode(batch.phonemes, batch.pitches, batch.note_frames, batch.phoneme_counts)
        return self.system.durations(text, batch.note_frames, phonemes_of(batch))


class VITSRhythm(nn.Module):
    """VITS' text encoder and stochastic duration predictor, taught the labelled durations.

    What is left of VITS' rhythm when the alignment is not in doubt.
    """

    def __init__(self, config: VITSConfig, phonemes: int) -> None:
        super().__init__()
        self.system = VITS(config, phonemes)
        for unused in ("prior", "decoder", "flow", "posterior_encoder", "spectrogram", "log_mel"):
            setattr(self.system, unused, nn.Identity())

    def forward(self, batch: Batch) -> Outcome:
        """The bound on −log P(d) in nats a phoneme."""
        text = self._text(batch)
        return Outcome({"duration_nll": unlikelihood(self.system, text, batch.frames, phonemes_of(batch))})

    def foretell(self, batch: Batch) -> Foretold:
        """Durations drawn with each take's own noise, before the score lock."""
        mask = phonemes_of(batch)
        return Foretold(frames=self.system.durations(self._text(batch), mask, noise_of_takes(batch)))

    def _text(self, batch: Batch) -> Float[Tensor, "B H N"]:
        return self.system.text_encoder(batch.phonemes, batch.pitches, batch.note_frames, phonemes_of(batch))


class SearchedRhythm(nn.Module):
    """VITS without its wave decoder: the stochastic predictor taught what monotonic alignment search finds.

    In VITS the decoder keeps z informative. Here a linear head does, frame by
    frame, from z to the recording's log-mel, under the same L1 and weight. So
    every frame of z holds its own frame's colour, which is what the search
    compares with each phoneme's prior. Labels are not looked at.
    """

    def __init__(self, config: VITSConfig, phonemes: int) -> None:
        super().__init__()
        self.system = VITS(config, phonemes)
        self.system.decoder = nn.Identity()
        self.colour = nn.Conv1d(config.latent, config.spectrum.mel_bands, 1)
        nn.init.constant_(self.colour.bias, TYPICAL_LOG_MEL)  # begins with the colour, not with the level

    def forward(self, batch: Batch) -> Outcome:
        """KL, log-mel and −log P of the found durations; how far they lie from the labels is observed only."""
        system, mask = self.system, within(batch.frame_counts, batch.f0_hz.shape[1])
        encoded = system.encode(batch.phonemes, batch.pitches, batch.note_frames, batch.phoneme_counts)
        with single_precision(mask):
            spectrum = system.spectrogram(batch.samples, batch.frame_counts * system.config.hop_samples)
            log_mel = system.log_mel(spectrum)
        mean, log_std = system.posterior_encoder(spectrum, mask)
        z = losses.posterior_sample(mean, log_std, batch.posterior_noise) * mask
        flowed, log_det = system.flow(z, mask)
        frames = system.align(flowed, encoded, batch)
        owner, _ = owners(frames, mask.shape[2])
        prior_mean, prior_log_std = (_expanded(each, owner) for each in (encoded.mean, encoded.log_std))
        density = losses.log_prior_density(flowed.float(), prior_mean.float(), prior_log_std.float())
        sung = phonemes_of(batch)
        return Outcome(
            {
                "mel": losses.mel(log_mel, self.colour(z), mask[:, 0] > 0),
                "kl": losses.kl(log_std, density, log_det, mask),
                "duration_nll": unlikelihood(system, encoded.text, frames, sung),
            },
            observed={"alignment_mae_frames": Term(((frames - batch.frames).abs() * sung[:, 0]).sum(), sung.sum())},
        )

    def foretell(self, batch: Batch) -> Foretold:
        """Durations drawn with each take's own noise, before the score lock."""
        text = self.system.encode(batch.phonemes, batch.pitches, batch.note_frames, batch.phoneme_counts).text
        return Foretold(frames=self.system.durations(text, phonemes_of(batch), noise_of_takes(batch)))


class HabitualRhythm(nn.Module):
    """No network: a consonant lasts as long as it mostly does, a vowel has its usual share of the note."""

    def __init__(self, habits: Habits) -> None:
        super().__init__()
        self.register_buffer("frames", torch.from_numpy(habits.frames))
        self.register_buffer("ratios", torch.from_numpy(habits.ratios))
        self.register_buffer("stretched", torch.from_numpy(habits.stretched))

    def foretell(self, batch: Batch) -> Foretold:
        """Durations in frames, before the score lock."""
        of_note = self.ratios[batch.phonemes] * batch.note_frames
        return Foretold(
            frames=torch.where(self.stretched[batch.phonemes], of_note, self.frames[batch.phonemes]).float()
        )


def score_encoder(config: VISingerConfig | VITSConfig, phonemes: int) -> TextEncoder:
    """The text encoder of a configuration."""
    return TextEncoder(
        phonemes,
        config.hidden,
        config.text_blocks,
        phoneme_channels=config.embedding.phoneme,
        pitch_channels=config.embedding.pitch,
        duration_channels=config.embedding.duration,
    )


def phonemes_of(batch: Batch) -> Float[Tensor, "B 1 N"]:
    """1 at phonemes, 0 at padding."""
    return within(batch.phoneme_counts, batch.phonemes.shape[1])


def noise_of_takes(batch: Batch) -> Float[Tensor, "B 2 N"]:
    """N(0, 1) seeded by each take's own first noise value: no matter which takes lie beside it."""
    noise = torch.zeros(len(batch.names), 2, batch.phonemes.shape[1])
    seeds = batch.posterior_noise[:, 0, 0].float().view(torch.int32).tolist()
    for take, (seed, count) in enumerate(zip(seeds, batch.phoneme_counts.tolist(), strict=True)):
        noise[take, :, :count] = torch.randn(2, count, generator=torch.Generator().manual_seed(seed & 0xFFFFFFFF))
    return noise


def unlikelihood(system: VITS, text: Tensor, frames: Int[Tensor, "B N"], mask: Float[Tensor, "B 1 N"]) -> Term:
    """−log P(frames | text), bounded, in nats a phoneme; the text encoder hears of it too."""
    with single_precision(text):
        noise = torch.randn(len(frames), 2, frames.shape[1])
        bound = system.duration_predictor(text.float(), frames, noise, mask)
    return Term(bound.sum(), mask.sum())


def without_noise(branch: nn.Module) -> None:
    """Make a stochastic rhythm draw its own middle: the flow of no noise."""
    config = branch.system.config
    branch.system.config = replace(config, duration=replace(config.duration, noise_scale=0.0))


def _expanded(of_phonemes: Float[Tensor, "B C N"], owner: Int[Tensor, "B T"]) -> Float[Tensor, "B C T"]:
    return torch.gather(of_phonemes, 2, owner[:, None].expand(-1, of_phonemes.shape[1], -1))
