"""Training the recogniser, on recordings alone, in minutes of one core.

CTC alone stays on a plateau of blanks for as long as it does not know where
anything lies; with 60 phonemes that is longer than we have. Every take has
labels for its frames, so the frame head is taught first, by itself, and CTC
begins with its weights: repeats collapse, and silence is already the blank.

Shapes: B clips · T frames · U steps.
"""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from visinger.alignment.augmentation import Lesson, augmented, lesson
from visinger.alignment.network import BLANK, SUBSAMPLING, RecogniserConfig, RecogniserNetwork
from visinger.alignment.recogniser import PhonemeRecogniser, spoken
from visinger.corpora.take import Take
from visinger.phrasing.phrase import BREATH, SILENCE

MANY_PHONEMES = 50  # with 40, CTC finds its way by itself, and makes more of the time
FRAMES_FIRST = 0.35  # with so many


@dataclass(frozen=True)
class LearningConfig:
    """How long and how fast to learn."""

    epochs: int = 60
    minutes: float = math.inf  # of processor time; the schedule is bent to end by then
    batch_frames: int = 2_000
    learning_rate: float = 2e-3
    weight_decay: float = 0.03
    frames_first: float | None = None  # share of the course in which only the frame head learns; None: by the phonemes
    frame_weight: float = 0.5  # of the frame head's cross-entropy beside CTC, afterwards
    averaging: float = 0.995  # exponential mean of the weights, per step
    speeds: tuple[float, ...] = (0.85, 0.92, 1.0, 1.08, 1.17)
    seed: int = 0
    network: RecogniserConfig = field(default_factory=RecogniserConfig)


def frame_labels(take: Take, ids: dict[str, int]) -> NDArray[np.int64]:
    """(T) the phoneme that owns each frame; 0 for SP and AP."""
    owners = [0 if p in (SILENCE, BREATH) else ids[p] for p in take.phrase.phonemes]
    return np.repeat(np.array(owners, dtype=np.int64), take.frames)


def lessons(takes: Sequence[Take], symbols: Sequence[str], speeds: Sequence[float]) -> list[list[Lesson]]:
    """Per take its lessons, one a speed; takes without words are left out."""
    ids = {symbol: index for index, symbol in enumerate(symbols, start=1)}
    made = []
    for take in takes:
        target = np.array([ids[p] for p in spoken(take.phrase.phonemes)], dtype=np.int64)
        if len(target):
            labels = frame_labels(take, ids)
            made.append([lesson(take.samples, labels, target, speed=speed) for speed in speeds])
    return made


def collate(clips: Sequence[Lesson]) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Padded log-mels [B M T], frame counts [B], step labels [B U] (-1 = padding), joined targets, their counts [B]."""
    longest = max(c.frames for c in clips)
    mels = torch.zeros(len(clips), clips[0].log_mel.shape[0], longest)
    steps = torch.full((len(clips), -(-longest // SUBSAMPLING)), -1, dtype=torch.int64)
    for row, clip in enumerate(clips):
        mels[row, :, : clip.frames] = torch.from_numpy(clip.log_mel)
        labels = clip.frame_labels[::SUBSAMPLING]
        steps[row, : len(labels)] = torch.from_numpy(labels)
    targets = torch.from_numpy(np.concatenate([c.phonemes for c in clips]))
    return (
        mels,
        torch.tensor([c.frames for c in clips]),
        steps,
        targets,
        torch.tensor([len(c.phonemes) for c in clips]),
    )


def _batches(clips: Sequence[Lesson], batch_frames: int, rng: np.random.Generator) -> list[list[Lesson]]:
    """Clips of like length together, each batch at most `batch_frames` when padded, in random order."""
    order = np.argsort([c.frames * rng.uniform(0.9, 1.1) for c in clips])
    batches: list[list[Lesson]] = [[]]
    for index in order:
        clip = clips[index]
        longest = max([clip.frames, *(c.frames for c in batches[-1])])
        if batches[-1] and longest * (len(batches[-1]) + 1) > batch_frames:
            batches.append([])
        batches[-1].append(clip)
    return [batches[i] for i in rng.permutation(len(batches))]


def _loss(network: RecogniserNetwork, clips: Sequence[Lesson], frame_weight: float | None) -> Tensor:
    """CTC and the frame head's cross-entropy; the latter alone where `frame_weight` is None."""
    mels, counts, steps, targets, target_counts = collate(clips)
    heard = network(mels, counts)
    frame = functional.nll_loss(heard.frame.flatten(0, 1), steps.flatten(), ignore_index=-1)
    if frame_weight is None:
        return frame
    ctc = functional.ctc_loss(
        heard.ctc.transpose(0, 1), targets, heard.counts, target_counts, blank=BLANK, zero_infinity=True
    )
    return ctc + frame_weight * frame


class _Lessons:
    """The course: every take once an epoch, at a speed and in a variation of its own, until the time is up."""

    def __init__(self, clips: Sequence[Sequence[Lesson]], config: LearningConfig) -> None:
        self.clips, self.config = clips, config
        self.rng = np.random.default_rng(config.seed)
        self.began = time.process_time()
        self.epoch = 0

    @property
    def minutes(self) -> float:
        """Processor time spent so far: on a shared machine the clock on the wall says little."""
        return (time.process_time() - self.began) / 60

    def __iter__(self) -> Iterator[tuple[float, list[Lesson]]]:
        """Yield (progress 0…1, batch)."""
        while self.epoch < self.config.epochs:
            chosen = [augmented(variants[self.rng.integers(len(variants))], self.rng) for variants in self.clips]
            batches = _batches(chosen, self.config.batch_frames, self.rng)
            for index, batch in enumerate(batches):
                spent = self.minutes / self.config.minutes
                if spent >= 1:
                    return
                yield max((self.epoch + index / len(batches)) / self.config.epochs, spent), batch
            self.epoch += 1


def learn(
    takes: Sequence[Take], config: LearningConfig, *, report: Callable[[str], None] | None = None
) -> PhonemeRecogniser:
    """Train on `takes`. The learning rate rises for a twentieth, then falls to zero along a cosine.

    The weights kept are an exponential mean. Raises ValueError when no take holds a word.
    """
    symbols = sorted({p for take in takes for p in spoken(take.phrase.phonemes)})
    clips = lessons(takes, symbols, config.speeds)
    if not clips:
        raise ValueError("no take holds a word")
    torch.manual_seed(config.seed)
    network = _fitted(RecogniserNetwork(config.network, len(symbols)), clips).train()
    average = torch.optim.swa_utils.AveragedModel(
        network, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(config.averaging)
    )
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=config.learning_rate, betas=(0.9, 0.98), weight_decay=config.weight_decay
    )
    frames_first = config.frames_first
    if frames_first is None:
        frames_first = FRAMES_FIRST if len(symbols) > MANY_PHONEMES else 0.0
    course, losses, steps, knows_places = _Lessons(clips, config), [], 0, frames_first == 0
    for progress, batch in course:
        if not knows_places and progress >= frames_first:
            knows_places = True
            for taught in (network, average.module):
                taught.ctc_head.load_state_dict(taught.frame_head.state_dict())
        for group in optimiser.param_groups:
            group["lr"] = config.learning_rate * _schedule(progress)
        loss = _loss(network, batch, config.frame_weight if knows_places else None)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        average.update_parameters(network)
        losses.append(float(loss.detach()))
        steps += 1
        if report and steps % 50 == 0:
            report(f"epoch {course.epoch}, step {steps}: loss {np.mean(losses[-50:]):.3f}, {course.minutes:.1f} min")
    story: dict[str, object] = {
        "takes": len(clips),
        "seconds_of_audio": round(sum(variants[0].frames * config.speeds[0] for variants in clips) / 100),
        "epochs": course.epoch,
        "steps": steps,
        "cpu_minutes": round(course.minutes, 1),
        "parameters": sum(p.numel() for p in network.parameters()),
        "seed": config.seed,
    }
    return PhonemeRecogniser(average.module, symbols, story)


def _fitted(network: RecogniserNetwork, clips: Sequence[Sequence[Lesson]]) -> RecogniserNetwork:
    """The network, told the mean and deviation of every mel band of the recordings."""
    everything = torch.from_numpy(np.concatenate([each.log_mel for variants in clips for each in variants], axis=1))
    network.normalise_by(everything.mean(dim=1), everything.std(dim=1).clamp_min(1e-3))
    return network


def _schedule(progress: float) -> float:
    if progress < 0.05:
        return 0.05 + 19 * progress
    return 0.5 * (1 + math.cos(math.pi * min((progress - 0.05) / 0.95, 1.0)))
