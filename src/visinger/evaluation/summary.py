"""Summaries: the verdicts on many takes as one row a singer, every figure with its interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from visinger.evaluation import intervals
from visinger.evaluation.intervals import Interval
from visinger.evaluation.judging import Verdict
from visinger.evaluation.metrics import MS_PER_FRAME


@dataclass(frozen=True)
class Measure:
    """A column of the tables: what it is called, its unit, and how the verdicts become one figure."""

    name: str
    unit: str
    title: str
    figure: Callable[[Sequence[Verdict]], Interval]


def _pooled(name: str, scale: float = 1.0) -> Callable[[Sequence[Verdict]], Interval]:
    def figure(verdicts: Sequence[Verdict]) -> Interval:
        found = [v.tallies[name] for v in verdicts if name in v.tallies]
        return intervals.pooled([scale * t.total for t in found], [t.count for t in found])

    return figure


def _root(name: str) -> Callable[[Sequence[Verdict]], Interval]:
    def figure(verdicts: Sequence[Verdict]) -> Interval:
        mean = _pooled(name)(verdicts)
        return Interval(*(float(np.sqrt(x)) for x in (mean.value, mean.low, mean.high)), mean.clips)

    return figure


def _of_values(name: str, figure: Callable[[NDArray[np.float64]], float]) -> Callable[[Sequence[Verdict]], Interval]:
    def over_clips(verdicts: Sequence[Verdict]) -> Interval:
        return intervals.statistic([v.values[name] for v in verdicts if name in v.values], figure)

    return over_clips


def onset_spread_ms(deviations: NDArray[np.float64]) -> float:
    """Median distance from the median, of onset deviations in ms."""
    return float(np.median(np.abs(deviations - np.median(deviations))))


def _p90(deviations: NDArray[np.float64]) -> float:
    return float(np.quantile(np.abs(deviations - np.median(deviations)), 0.9))


def _percent(name: str, title: str) -> Measure:
    return Measure(name, "%", title, _pooled(name, 100))


MEASURES: tuple[Measure, ...] = (
    Measure("f0_mae_hz", "Hz", "F0 MAE", _pooled("f0_mae_hz")),
    Measure("f0_mae_cents", "cents", "F0 MAE", _pooled("f0_mae_cents")),
    Measure("log_f0_rmse", "ln Hz", "log-F0 RMSE", _root("log_f0_squares")),
    _percent("semitone_accuracy", "semitone accuracy"),
    _percent("voicing_error", "voicing error"),
    Measure("duration_mae_frames", "frames", "Dur MAE", _pooled("duration_mae_frames")),
    Measure("duration_mae_ms", "ms", "Dur MAE", _pooled("duration_mae_frames", MS_PER_FRAME)),
    Measure("unlocked_mae_ms", "ms", "Dur MAE before the score lock", _pooled("unlocked_mae_frames", MS_PER_FRAME)),
    Measure("consonant_mae_ms", "ms", "consonants' Dur MAE", _pooled("consonant_mae_frames", MS_PER_FRAME)),
    Measure("mel_distance", "ln", "mel distance", _pooled("mel_distance")),
    Measure("mcd_db", "dB", "MCD", _pooled("mcd_db")),
    Measure("mcd_espnet_db", "dB", "MCD as ESPnet computes it (time-warped)", _pooled("mcd_espnet_db")),
    _percent("note_frames_within_50_cents", "note frames within 50 cents of the score"),
    _percent("curve_within_50_cents", "vowel frames within 50 cents of the curve"),
    _percent("curve_heard", "of them heard as pitched"),
    Measure("curve_median_cents", "cents", "median distance from the curve", _of_values("curve_cents", np.median)),
    Measure("onset_bias_ms", "ms", "onset bias", _of_values("onset_ms", np.median)),
    Measure("onset_spread_ms", "ms", "onset spread (median)", _of_values("onset_ms", onset_spread_ms)),
    Measure("onset_p90_ms", "ms", "onset spread (p90)", _of_values("onset_ms", _p90)),
    _percent("onsets_heard", "onsets heard"),
    _percent("phoneme_error_rate", "phoneme error rate"),
    Measure("rtf", "CPU-s/s", "processor seconds a second of singing", _pooled("rtf")),
    Measure("clicks_per_minute", "1/min", "clicks", _pooled("clicks_per_minute")),
    Measure("dc_db", "dB", "direct current (loudest clip)", _of_values("dc_db", np.max)),
    Measure("loudness_lufs", "LUFS", "loudness (median clip)", _of_values("loudness_lufs", np.median)),
    Measure("above_8khz_db", "dB", "power above 8 kHz (median clip)", _of_values("above_8khz_db", np.median)),
)

# the recording beside itself says nothing
_OF_ITSELF = frozenset(
    ("f0_mae_hz", "f0_mae_cents", "log_f0_rmse", "semitone_accuracy", "voicing_error", "mel_distance", "mcd_db")
)


# measures whose differences between systems are tested
POOLED = (
    "f0_mae_hz",
    "f0_mae_cents",
    "semitone_accuracy",
    "voicing_error",
    "duration_mae_ms",
    "unlocked_mae_ms",
    "consonant_mae_ms",
    "mel_distance",
    "mcd_db",
    "mcd_espnet_db",
    "phoneme_error_rate",
)


@dataclass(frozen=True)
class Row:
    """One singer in one mode."""

    singer: str
    mode: str
    clips: int
    figures: dict[str, Interval]  # by measure's name; only those that could be taken


def summarise(verdicts: Sequence[Verdict]) -> list[Row]:
    """One row for each singer and mode, in the order of their first verdicts."""
    groups: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        groups.setdefault((verdict.singer, verdict.mode), []).append(verdict)
    rows = []
    for (singer, mode), group in groups.items():
        skipped = _OF_ITSELF if singer == "recording" else frozenset()
        figures = {m.name: m.figure(group) for m in MEASURES if m.name not in skipped}
        rows.append(Row(singer, mode, len(group), {k: f for k, f in figures.items() if np.isfinite(f.value)}))
    return rows


@dataclass(frozen=True)
class Comparison:
    """One measure of one singer minus the baseline's, over the takes that both sang."""

    singer: str
    mode: str
    measure: Measure
    difference: Interval  # in the measure's unit
    p_value: float  # of no difference, by sign flips; not corrected


def difference(verdicts: Sequence[Verdict], name: str, one: tuple[str, str], other: tuple[str, str]) -> Interval:
    """A pooled tally of one (singer, mode) minus another's, paired over the takes that both sang."""
    return intervals.paired(*_paired_columns(verdicts, name, one, other))


def compare(verdicts: Sequence[Verdict], baseline: str) -> list[Comparison]:
    """Every other singer beside the baseline in the same mode, in every measure of `POOLED` that both have.

    Differences with their bootstrap intervals and paired permutation tests over
    takes (`intervals.sign_flip_p_value`); correct the p-values for how many are
    shown (`intervals.holm`).
    """
    singers = dict.fromkeys((v.singer, v.mode) for v in verdicts if v.singer not in (baseline, "recording"))
    found = []
    for singer, mode in singers:
        for measure in (m for m in MEASURES if m.name in POOLED):
            name, scale = _TALLIES.get(measure.name, (measure.name, 1.0))
            columns = [
                np.asarray(column, np.float64) * factor
                for column, factor in zip(
                    _paired_columns(verdicts, name, (singer, mode), (baseline, mode)), (scale, 1, scale, 1), strict=True
                )
            ]
            if len(columns[0]) > 1 and columns[1].sum() and columns[3].sum():
                p_value = intervals.sign_flip_p_value(*columns)
                found.append(Comparison(singer, mode, measure, intervals.paired(*columns), p_value))
    return found


# measure → the tally it is made of, and the factor between them
_TALLIES = {
    "semitone_accuracy": ("semitone_accuracy", 100.0),
    "voicing_error": ("voicing_error", 100.0),
    "phoneme_error_rate": ("phoneme_error_rate", 100.0),
    "duration_mae_ms": ("duration_mae_frames", MS_PER_FRAME),
    "unlocked_mae_ms": ("unlocked_mae_frames", MS_PER_FRAME),
    "consonant_mae_ms": ("consonant_mae_frames", MS_PER_FRAME),
}


def _paired_columns(
    verdicts: Sequence[Verdict], name: str, one: tuple[str, str], other: tuple[str, str]
) -> list[list[float]]:
    """Totals and counts of the one, then of the other, of the takes that both sang."""
    found: list[dict[str, Verdict]] = [
        {v.take: v for v in verdicts if (v.singer, v.mode) == who and name in v.tallies} for who in (one, other)
    ]
    shared = sorted(set(found[0]) & set(found[1]))
    return [[getattr(side[t].tallies[name], part) for t in shared] for side in found for part in ("total", "count")]
