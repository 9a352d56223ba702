"""The report of a study: Markdown for people, CSV for programs, and two pictures."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from visinger.evaluation.figures import duration_deviation
from visinger.evaluation.intervals import holm
from visinger.evaluation.reports import shown
from visinger.experiments.branches.comparison import MEASURES, Difference, Line, differences, lines
from visinger.experiments.branches.contenders import CHIEFS, CONTENDERS, Group
from visinger.experiments.branches.settings import Settings
from visinger.experiments.branches.study import Study
from visinger.files import write_text

HEADINGS: dict[Group, str] = {
    "rhythm": "Rhythm: durations of held-out songs",
    "pitch": "Pitch: F0 of held-out songs, given the recorded durations",
}
NOTES: dict[Group, str] = {
    "rhythm": (
        "Over sung phonemes (no pauses, no breaths). *Locked*: after the score lock, which is what is sung; without "
        "the word: as predicted. Text encoders are trained with the duration loss alone and no stop-gradient lies "
        "before the predictor (VITS and VISinger have one): nothing else teaches them here. All see the same score: "
        "phoneme, note pitch, note length. Stochastic durations are drawn once, with VITS' noise scale of 0.8."
    ),
    "pitch": (
        "Over the frames in which the recording is voiced, whatever a contender says of voicing: the same frames for "
        "all. Taught in windows, in which attention sees nothing else; judged on whole takes. The score's notes are "
        "voiced throughout, so their voicing error is the share of unvoiced frames, pauses included."
    ),
}
FIG_3 = ("visinger", "no-note-norm", "fastspeech", "vits-labelled", "vits")


@dataclass(frozen=True)
class Written:
    """What a report consists of."""

    files: tuple[Path, ...]
    text: str


def write(
    study: Study, folder: Path, *, name: str, command: str, tuned_on: Sequence[int] = (), only: Sequence[str] = ()
) -> Written:
    """The report of what is done so far; OutputError where the folder cannot be written.

    `only`: the contenders that were asked for; none: all. `tuned_on`: folds whose test songs were looked at while
    settings were chosen; the figures stand again without them.
    """
    verdicts = study.verdicts()
    groups: dict[Group, list[Line]] = {group: lines(verdicts, group) for group in HEADINGS}
    text = markdown(study, groups, command=command, pictures=name, tuned_on=tuned_on, only=only)
    files = [folder / f"{name}.md", folder / f"{name}.csv"]
    write_text(files[0], text, make_folder=True)
    write_text(files[1], as_csv(groups))
    deviations = {
        line.reading.title: np.concatenate([heard.deviations_ms["unlocked"] for heard in line.heard])
        for line in groups["rhythm"]
        if line.reading.name in FIG_3
    }
    if deviations:
        files.append(folder / name / "duration-deviation.png")
        title = "Deviation of predicted durations on held-out songs, before the score lock (Fig. 3)"
        duration_deviation(files[-1], deviations, title=title)
    return Written(tuple(files), text)


def markdown(
    study: Study,
    groups: dict[Group, list[Line]],
    *,
    command: str,
    pictures: str,
    tuned_on: Sequence[int] = (),
    only: Sequence[str] = (),
) -> str:
    """Everything in one page."""
    parts = [
        "# Rhythm and pitch branches, trained alone",
        f"Made by `{command}`.",
        _settings(study, only),
    ]
    for group, found in groups.items():
        if found:
            parts += [f"## {HEADINGS[group]}", NOTES[group], table(found, group)]
            tested = differences(found, group)
            if tested:
                parts += [_tested(found, group), differences_table(tested)]
            untouched = [verdict for verdict in study.verdicts() if verdict.fold not in tuned_on]
            if tuned_on and untouched:
                parts += [_untouched(tuned_on), table(lines(untouched, group), group)]
    if groups["rhythm"]:
        parts.append(f"![Fig. 3: duration deviation]({pictures}/duration-deviation.png)")
        parts.append(_search(groups["rhythm"]))
    everyone = [line for found in groups.values() for line in found]
    parts += ["## How they learnt", learning(everyone), _unfinished(study, everyone)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _settings(study: Study, only: Sequence[str]) -> str:
    settings, corpus = study.settings, study.corpus
    songs = len({entry.song for entry in corpus.entries})
    asked = [c.name for c in CONTENDERS if not only or c.name in only]
    done = {name: sum(study.path(f.number, name).is_file() for f in study.folds) for name in asked}
    undone = [f"{name} ({count} of {len(study.folds)})" for name, count in done.items() if count < len(study.folds)]
    progress = f"Folds not finished: {', '.join(undone)}." if undone else "All folds are finished."
    if only:
        progress = f"Asked for, of {len(CONTENDERS)} contenders: {', '.join(asked)}. {progress}"
    return (
        f"{corpus.card.name}: {songs} songs, {len(corpus.entries)} takes; {settings.folds} folds by song, in each "
        f"{settings.validation_songs} songs of the training folds for validation. {progress} "
        f"Rhythm: {_regime(settings, 'rhythm')}; pitch: {_regime(settings, 'pitch')}. AdamW (0.8, 0.99), weight decay "
        f"0.01, linear warm-up, half a cosine down to 5 %; judged are the weights of the best validation: in rhythm "
        f"the mean error in frames before the lock, in pitch the loss (eq. 9 and voicing), for all contenders alike. "
        f"Precision {settings.precision}, seed {settings.seed}. Brackets are 95 % bootstrap intervals over songs; "
        f"p-values are Wilcoxon's signed-rank test over songs, corrected by Holm in each table. Nothing is time-warped."
    )


def _regime(settings: Settings, group: Group) -> str:
    regime = settings.regime(group)
    window = f" (windows of {regime.window_frames} frames)" if regime.window_frames else ""
    return (
        f"{regime.steps} steps of {regime.batch_takes} takes{window}, learning rate {regime.learning_rate:g}, "
        f"validated every {regime.validate_every}"
    )


def table(found: Sequence[Line], group: Group) -> str:
    """The lines, a measure a column."""
    measures = MEASURES[group]
    out = [
        "| contender | parameters | songs | " + " | ".join(f"{m.title}, {m.unit}" for m in measures) + " |",
        "|---|--:|--:|" + "--:|" * len(measures),
    ]
    for line in found:
        millions = f"{line.verdicts[0].parameters / 1e6:.2f} M" if line.verdicts[0].parameters else "–"
        cells = " | ".join(_cell(line.figures[m.name].value, shown(line.figures[m.name]), m.root) for m in measures)
        out.append(f"| {line.reading.title} | {millions} | {line.figures[measures[0].name].clips} | {cells} |")
    return "\n".join(out)


def _cell(value: float, text: str, small: bool) -> str:
    return f"{value:.4f}" if small else text


def _tested(found: Sequence[Line], group: Group) -> str:
    chief = next(line.reading.title for line in found if line.reading.name == CHIEFS[group])
    return f"Differences to *{chief}*, paired by song (negative: smaller):"


def _untouched(tuned_on: Sequence[int]) -> str:
    looked_at = f"fold{'s' if len(tuned_on) > 1 else ''} {', '.join(map(str, tuned_on))}"
    return (
        f"The settings (steps, learning rates, learning by windows) were chosen with the test songs of {looked_at} in "
        "sight. Without them:"
    )


def differences_table(tested: Sequence[Difference]) -> str:
    """Differences in Markdown, p-values corrected by Holm over the table."""
    out = [
        "| contender | measure | difference | songs in which it is better | p (Holm) |",
        "|---|---|--:|--:|--:|",
    ]
    for one, p_value in zip(tested, holm([one.p_value for one in tested]), strict=True):
        chance = "< 0.001" if p_value < 0.001 else f"{p_value:.3f}"
        out.append(
            f"| {one.reading.title} | {one.measure.title}, {one.measure.unit} | {shown(one.difference)} "
            f"| {one.better_songs} of {one.difference.clips} | {chance} |"
        )
    return "\n".join(out)


def _search(found: Sequence[Line]) -> str:
    """How far alignment search came, for it decides what its predictor could learn."""
    ends = [v.curve[-1].alignment_frames for line in found if line.reading.name == "vits" for v in line.verdicts]
    ends = [late for late in ends if late is not None]
    if not ends:
        return ""
    return (
        f"Alignment search: over the last steps the durations it found on the training songs lay "
        f"{np.mean(ends):.1f} frames (mean over {len(ends)} folds) from the labels, which it does not see. Its "
        "posterior encoder has 4 WaveNet layers and its flow 2 couplings, at full width, instead of VITS' 16 and 4; "
        "z is kept informative by a linear head to the log-mel of its own frame instead of the wave decoder."
    )


def learning(found: Sequence[Line]) -> str:
    """Steps, validation errors and processor time of each contender, averaged over its folds."""
    out = [
        "| contender | folds | step of best validation | validation error: first, best, last | processor time a fold |",
        "|---|--:|--:|--:|--:|",
    ]
    for line in found:
        taught = [v for v in line.verdicts if v.curve]
        if line.reading is line.contender.readings[0] and taught:
            first, last = (np.mean([v.curve[at].error for v in taught]) for at in (0, -1))
            best = np.mean([min(point.error for point in v.curve) for v in taught])
            unit = "frames" if line.contender.group == "rhythm" else "(loss)"
            out.append(
                f"| {line.reading.title} | {len(taught)} | {np.mean([v.best_step for v in taught]):.0f} "
                f"| {first:.2f}, {best:.2f}, {last:.2f} {unit} | {np.mean([v.seconds for v in taught]):.0f} s |"
            )
    return "\n".join(out)


def _unfinished(study: Study, found: Sequence[Line]) -> str:
    """Who would have gone on learning: their figures say how fast they learn as well as how much they can."""
    going_on = [
        line.reading.title
        for line in found
        if line.reading is line.contender.readings[0]
        and line.contender.learns
        and any(v.best_step == study.settings.regime(line.contender.group).steps for v in line.verdicts)
    ]
    if not going_on:
        return ""
    return (
        "The best validation was the last one, in a fold at least, of: " + "; ".join(going_on) + ". They were still "
        "learning when their steps were over."
    )


def as_csv(groups: dict[Group, list[Line]]) -> str:
    """A line a figure, then a line a difference."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["group", "contender", "kind", "measure", "unit", "value", "low", "high", "songs", "p_value"])
    for group, found in groups.items():
        for line in found:
            for measure in MEASURES[group]:
                one = line.figures[measure.name]
                numbers = [f"{x:.6g}" for x in (one.value, one.low, one.high)]
                writer.writerow(
                    [group, line.reading.name, "figure", measure.name, measure.unit, *numbers, one.clips, ""]
                )
        for tested in differences(found, group):
            gap, measure = tested.difference, tested.measure
            numbers = [f"{x:.6g}" for x in (gap.value, gap.low, gap.high)]
            kind = f"minus {CHIEFS[group]}"
            writer.writerow(
                [
                    group,
                    tested.reading.name,
                    kind,
                    measure.name,
                    measure.unit,
                    *numbers,
                    gap.clips,
                    f"{tested.p_value:.4g}",
                ]
            )
    return text.getvalue()
