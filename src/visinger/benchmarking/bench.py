"""Everything `visinger bench` measures, in the order that keeps comparisons fair: what is compared takes turns."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

from visinger.benchmarking import ceilings, newborn, scaling, training_speed
from visinger.benchmarking.report import Bench, VoiceFigures
from visinger.benchmarking.singing_speed import SingingTrial
from visinger.errors import VisingerError
from visinger.score.score import Note, Part, Score, Tempo, TempoMap
from visinger.score.writing import write
from visinger.voices import embedded
from visinger.voices.description import read_description

# a plain tune for each language that voices sing: its words, and its pitches over the voice's middle
WORDS = {
    "ja": tuple("はるのかぜがふいてとおくまでうたがきこえる"),
    "zh": ("chun1", "feng1", "chui1", "guo4", "shan1", "gang1", "wo3", "men5", "yi4", "qi3", "ge1", "chang4"),
    "en": ("la",),
}
STEPS = (0, 2, 4, 5, 4, 2, 0, -1, 0, 4, 7, 5, 4, 2, 0, 0)  # semitones
TICKS = (480, 480, 960, 480, 480, 960, 240, 240, 480, 960, 480, 480, 960, 480, 960, 1440)
REST_EVERY, REST_TICKS = 8, 480
TUNE_NOTES, QUARTERS_PER_MINUTE = 48, 100


@dataclass(frozen=True)
class Plan:
    """What to measure; every field is an option of `visinger bench`."""

    voices: tuple[str, ...] = ()
    score: Path | None = None  # otherwise a tune of our own in the first voice's language
    repeats: int = 5
    processes: bool = True  # first sound, memory and scaling, which need new processes
    training: str = ""  # a recipe
    training_steps: int = 3
    overrides: Mapping[str, Any] = field(default_factory=dict)  # of the recipe, by dotted key


def run(plan: Plan) -> Bench:
    """Measure; errors of voices, scores and recipes pass through."""
    with tempfile.TemporaryDirectory() as folder:
        figures = _voices(plan, Path(folder)) if plan.voices else ()
    bandwidth = ceilings.bandwidth_gb_per_second() if plan.voices else 0.0
    training = None
    if plan.training:
        training = training_speed.measure(plan.training, steps=plan.training_steps, overrides=plan.overrides)
    return Bench(figures, bandwidth, training)


def _voices(plan: Plan, folder: Path) -> tuple[VoiceFigures, ...]:
    score = plan.score or _own_tune(plan.voices[0], folder)
    trials = [SingingTrial(name, score) for name in plan.voices]
    best = ceilings.convolution_ceiling()
    for _ in range(plan.repeats):
        for trial in trials:  # in turns, so that a busy moment hits all alike
            trial.again()
        best = max(best, ceilings.convolution_ceiling([best.shape], repeats=1), key=lambda one: one.gflops)
    made = []
    for name, trial in zip(plan.voices, trials, strict=True):
        speed = trial.speed(best)
        if not plan.processes:
            made.append(VoiceFigures(speed, None, None, None))
            continue
        made.append(
            VoiceFigures(
                speed,
                newborn.first_sound(name, score),
                newborn.whole_song(name, score, folder / "song.wav"),
                scaling.measure(name, score),
            )
        )
    return tuple(made)


def _own_tune(voice: str, folder: Path) -> Path:
    """A plain tune in the voice's language and range, as a file: the path to a wave begins there."""
    described = read_description(embedded.folder_of(voice))
    if described.language not in WORDS:
        raise VisingerError(
            f"no tune of ours has words for '{described.language}'", where=voice, remedy="give a score with --score"
        )
    path = folder / "tune.json"
    write(
        path, tune(WORDS[described.language], (described.lowest_midi + described.highest_midi) // 2, described.language)
    )
    return path


def tune(words: Sequence[str], middle_midi: int, language: str) -> Score:
    """`TUNE_NOTES` notes around a middle pitch, a rest after every eighth."""
    notes, tick = [], 0
    for k in range(TUNE_NOTES):
        ticks = TICKS[k % len(TICKS)]
        notes.append(Note(tick, ticks, middle_midi + STEPS[k % len(STEPS)], words[k % len(words)]))
        tick += ticks + (REST_TICKS if k % REST_EVERY == REST_EVERY - 1 else 0)
    return Score(
        (Part("voice", tuple(notes)),),
        TempoMap((Tempo(0, Fraction(QUARTERS_PER_MINUTE)),)),
        length_ticks=tick,
        language=language,
    )
