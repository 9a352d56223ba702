"""Augmentation for the recogniser: one singer's quarter of an hour, made to sound like more.

Shapes: M mel bands · T frames.
"""

from dataclasses import dataclass, replace

import numpy as np
import soxr
from numpy.typing import NDArray

from visinger.signal.mel import log_mel
from visinger.units import SAMPLE_RATE_HZ


@dataclass(frozen=True)
class Lesson:
    """A clip to learn from: its log-mel (M, T), the label of every frame (T), and the phonemes (N)."""

    log_mel: NDArray[np.float32]
    frame_labels: NDArray[np.int64]  # 0 = silence
    phonemes: NDArray[np.int64]

    @property
    def frames(self) -> int:
        return self.log_mel.shape[1]


def lesson(
    samples: NDArray[np.floating], labels: NDArray[np.int64], phonemes: NDArray[np.int64], *, speed: float = 1.0
) -> Lesson:
    """The lesson of a recording played `speed` times as fast: pitch, formants and tempo move together."""
    played = np.asarray(samples, dtype=np.float32)
    if speed != 1.0:
        played = soxr.resample(played, SAMPLE_RATE_HZ, SAMPLE_RATE_HZ / speed)
    mel = log_mel(played, SAMPLE_RATE_HZ).astype(np.float32)
    source = np.minimum(((np.arange(mel.shape[1]) + 0.5) * speed).astype(np.int64), len(labels) - 1)
    return Lesson(mel, labels[source], phonemes)


def _stretched(clip: Lesson, factor: float) -> Lesson:
    """The same sounds, `factor` times as long, pitch and formants unmoved."""
    frames = max(round(clip.frames * factor), 1)
    at = np.clip((np.arange(frames) + 0.5) / factor - 0.5, 0, clip.frames - 1)
    low = np.floor(at).astype(np.int64)
    high = np.minimum(low + 1, clip.frames - 1)
    share = (at - low).astype(np.float32)
    mel = clip.log_mel[:, low] * (1 - share) + clip.log_mel[:, high] * share
    return replace(clip, log_mel=mel, frame_labels=clip.frame_labels[np.round(at).astype(np.int64)])


def _shifted(mel: NDArray[np.float32], bands: float) -> NDArray[np.float32]:
    """The spectrum moved up the mel axis by a fraction of bands; edges repeated."""
    at = np.clip(np.arange(len(mel)) - bands, 0, len(mel) - 1)
    low = np.floor(at).astype(np.int64)
    share = (at - low).astype(np.float32)[:, None]
    return mel[low] * (1 - share) + mel[np.minimum(low + 1, len(mel) - 1)] * share


def _masked(mel: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """SpecAugment (Park et al. 2019) without warping: two bands and some short times become the clip's mean."""
    mel, filling = mel.copy(), mel.mean()
    for _ in range(2):
        height = int(rng.integers(0, 13))
        start = int(rng.integers(0, len(mel) - height))
        mel[start : start + height] = filling
    for _ in range(max(1, mel.shape[1] // 150)):
        width = int(rng.integers(0, min(13, mel.shape[1])))
        start = int(rng.integers(0, mel.shape[1] - width))
        mel[:, start : start + width] = filling
    return mel


def augmented(clip: Lesson, rng: np.random.Generator) -> Lesson:
    """A variation: tempo 0.8–1.25, ±1.5 mel bands, a tilt, ±6 dB, a noise floor, masks."""
    clip = _stretched(clip, float(np.exp(rng.uniform(np.log(0.8), np.log(1.25)))))
    mel = _shifted(clip.log_mel, float(rng.uniform(-1.5, 1.5)))
    tilt = np.linspace(-1.0, 1.0, len(mel), dtype=np.float32)[:, None]
    mel = mel + np.float32(rng.uniform(-0.7, 0.7)) + np.float32(rng.uniform(-0.5, 0.5)) * tilt
    if rng.random() < 0.3:
        floor = np.float32(np.quantile(mel, 0.02) + rng.uniform(0.0, 2.5))
        mel = np.logaddexp(mel, floor + 0.3 * rng.standard_normal(mel.shape).astype(np.float32))
    return replace(clip, log_mel=_masked(mel.astype(np.float32), rng))
