"""Gates: what a voice must pass to be called good, each with target, figure, interval and verdict.

Every figure comes from what an evaluation measures (`judging`, `examples`,
`scales`); nothing here listens. A gate without a figure is neither passed nor
failed: it says what is missing.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from visinger.evaluation import intervals
from visinger.evaluation.examples import Example
from visinger.evaluation.intervals import Interval
from visinger.evaluation.judging import Verdict
from visinger.evaluation.metrics import IN_TUNE_CENTS, Tally
from visinger.evaluation.scales import Scale
from visinger.evaluation.summary import onset_spread_ms

# a listener that mistakes more of the recordings than this would pass any voice
DEAF_FROM = 0.4
LEAST_WITHIN_PERCENT, MOST_MEDIAN_CENTS = 98.0, 8.0
MOST_SPREAD_MS = 5.0
MOST_MCD_DB = 1.5
MOST_ERROR_RATIO, FEWEST_PHONEMES = 1.5, 600
# −60 dB is a thousandth of full scale: 40 dB under singing at −18 LUFS, and no edit at it can be heard
MOST_DC_DB = -60.0
LOUDNESS_LUFS, LOUDNESS_OFF_LU = -18.0, 1.0
MOST_BRIGHTNESS_DB = 3.0
LARGEST_MB = 40.0


@dataclass(frozen=True)
class Gate:
    """One condition; `passed` is None where it was not measured."""

    name: str
    target: str
    unit: str
    figure: Interval | None
    passed: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Evidence:
    """What the gates of one voice are told from."""

    voice: str
    verdicts: Sequence[Verdict]  # held-out takes: the recording, the posterior copy, the voice
    words: Sequence[Verdict]  # recordings and voice on the phrases whose words are counted
    words_of: str  # what those phrases are
    examples: Sequence[Example]
    scale: Scale | None
    natural_range: str
    corpus_lufs: float | None  # training takes times the voice's fixed gain
    megabytes: dict[str, float]  # of each embedded voice, this one in its place


def gates(evidence: Evidence) -> list[Gate]:
    """Every gate, in the order of the report."""
    return [
        *_pitch(evidence),
        _onsets(evidence),
        _cepstra(evidence),
        _words(evidence),
        _clicks(evidence),
        _direct_current(evidence),
        _loudness(evidence),
        _brightness(evidence),
        _keyboard(evidence),
        _size(evidence),
    ]


def _pitch(evidence: Evidence) -> list[Gate]:
    sung = _of(evidence.verdicts, evidence.voice, "score")
    examples = evidence.examples
    within = [
        ("held-out songs", [v.tallies["curve_within_50_cents"] for v in sung], [v.values["curve_cents"] for v in sung]),
        ("examples", [e.following.within for e in examples], [e.following.cents for e in examples]),
    ]
    found = []
    for where, tallies, cents in within:
        share = _pooled(tallies, 100.0)
        median = intervals.statistic(cents) if cents else None
        worst = min((100 * t.mean for t in tallies if t.count), default=float("nan"))
        found += [
            _gate(
                f"vowel frames within 50 cents of the curve, {where}",
                f"≥ {LEAST_WITHIN_PERCENT:g}",
                "%",
                share,
                lambda x: x >= LEAST_WITHIN_PERCENT,
                f"worst of {len(tallies)}: {worst:.1f} %" if tallies else "nothing sung",
            ),
            _gate(
                f"median distance from the curve, {where}",
                f"≤ {MOST_MEDIAN_CENTS:g}",
                "cents",
                median,
                lambda x: x <= MOST_MEDIAN_CENTS,
            ),
        ]
    return found


def _onsets(evidence: Evidence) -> Gate:
    pairs = _pairs(evidence.verdicts, (evidence.voice, "score"), ("recording", "given"))
    ours, theirs = ([v.values["onset_ms"] for v in side] for side in pairs)
    figure = intervals.paired_statistic(ours, theirs, onset_spread_ms) if ours else None
    sides = {"voice": np.concatenate(ours or [np.zeros(0)]), "recordings": np.concatenate(theirs or [np.zeros(0)])}
    said = ", ".join(f"{who} {onset_spread_ms(side):.1f} ms" for who, side in sides.items() if len(side))
    return _gate(
        "onset spread above the recordings' own (median deviation)",
        f"≤ {MOST_SPREAD_MS:g}",
        "ms",
        figure,
        lambda x: x <= MOST_SPREAD_MS,
        said,
    )


def _cepstra(evidence: Evidence) -> Gate:
    who = (evidence.voice, "given"), ("posterior copy", "given")
    columns = _columns(evidence.verdicts, "mcd_db", *who)
    figure = intervals.paired(*columns) if columns[0] else None
    detail = "needs --checkpoint"
    if columns[0]:
        ours, theirs = sum(columns[0]) / sum(columns[1]), sum(columns[2]) / sum(columns[3])
        detail = f"voice {ours:.2f} dB, posterior copy {theirs:.2f} dB"
    return _gate(
        "MCD above the posterior copy's", f"≤ {MOST_MCD_DB:g}", "dB", figure, lambda x: x <= MOST_MCD_DB, detail
    )


def _words(evidence: Evidence) -> Gate:
    columns = _columns(evidence.words, "phoneme_error_rate", (evidence.voice, "score"), ("recording", "given"))
    counted = int(sum(columns[1]))
    figure = intervals.paired_ratio(*columns) if counted else None
    detail, deaf = f"not heard on {evidence.words_of}", False
    if counted:
        ours, theirs = intervals.pooled(*columns[:2]), intervals.pooled(*columns[2:])
        detail = f"{evidence.words_of}, {counted} phonemes: voice {_percent(ours)}, recordings {_percent(theirs)}" + (
            "" if counted >= FEWEST_PHONEMES else f"; fewer than {FEWEST_PHONEMES} phonemes"
        )
        deaf = theirs.value > DEAF_FROM
        detail += "; the recogniser is too poor to judge by: teach it for longer" if deaf else ""
    gate = _gate(
        "phoneme error rate over the recordings'",
        f"≤ {MOST_ERROR_RATIO:g} on ≥ {FEWEST_PHONEMES} phonemes",
        "×",
        figure,
        lambda x: x <= MOST_ERROR_RATIO and counted >= FEWEST_PHONEMES,
        detail,
    )
    return replace(gate, passed=None) if deaf else gate


def _clicks(evidence: Evidence) -> Gate:
    tallies = [v.tallies["clicks_per_minute"] for v in _of(evidence.verdicts, evidence.voice)]
    tallies += [Tally(e.health.clicks, e.seconds / 60) for e in evidence.examples]
    human = [v.tallies["clicks_per_minute"] for v in _of(evidence.verdicts, "recording")]
    scale = evidence.scale.clicks if evidence.scale else 0
    heard = int(sum(t.total for t in tallies)) + scale
    detail = f"{heard} in {sum(t.count for t in tallies):.1f} minutes and the scale"
    detail += f"; recordings {int(sum(t.total for t in human))} in {sum(t.count for t in human):.1f}" if human else ""
    return _gate("clicks", "0", "1/min", _pooled(tallies), lambda x: x == 0 and scale == 0, detail)


def _direct_current(evidence: Evidence) -> Gate:
    found = [v.values["dc_db"] for v in _of(evidence.verdicts, evidence.voice)]
    found += [np.array([e.health.dc_db]) for e in evidence.examples]
    figure = intervals.statistic(found, np.max) if found else None
    return _gate("direct current, the worst clip", f"≤ {MOST_DC_DB:g}", "dBFS", figure, lambda x: x <= MOST_DC_DB)


def _loudness(evidence: Evidence) -> Gate:
    level = evidence.corpus_lufs
    figure = None if level is None else Interval(level, level, level, 1)
    return _gate(
        "corpus at the voice's fixed gain",
        f"{LOUDNESS_LUFS:g} ± {LOUDNESS_OFF_LU:g}",
        "LUFS",
        figure,
        lambda x: abs(x - LOUDNESS_LUFS) <= LOUDNESS_OFF_LU,
    )


def _brightness(evidence: Evidence) -> Gate:
    pairs = _pairs(evidence.verdicts, (evidence.voice, "score"), ("recording", "given"))
    ours, theirs = ([float(v.values["above_8khz_db"][0]) for v in side] for side in pairs)
    ones = [1.0] * len(ours)
    figure = intervals.paired(ours, ones, theirs, ones) if ours else None
    detail = f"voice {np.mean(ours):.1f} dB, recordings {np.mean(theirs):.1f} dB" if ours else ""
    return _gate(
        "power above 8 kHz beside the recordings', mean of clips",
        f"within ± {MOST_BRIGHTNESS_DB:g}",
        "dB",
        figure,
        lambda x: abs(x) <= MOST_BRIGHTNESS_DB,
        detail,
    )


def _keyboard(evidence: Evidence) -> Gate:
    scale = evidence.scale
    figure, detail = None, "not sung"
    if scale is not None:
        share = 100 * (1 - len(scale.missed) / len(scale.notes)) if scale.notes else 0.0
        figure = Interval(share, share, share, len(scale.notes))
        missed = ", ".join(f"{n.pitch_midi} ({n.vowel})" for n in scale.missed) or "none"
        astray = sum(not n.curve_off_cents < IN_TUNE_CENTS for n in scale.missed)
        worst = max((n.off_cents for n in scale.notes if np.isfinite(n.off_cents)), default=float("nan"))
        detail = f"natural range {evidence.natural_range}; missed: {missed}; of {astray} of them "
        detail += f"already the predicted curve is off; worst note {worst:.0f} cents off"
    return _gate("notes of MIDI 36–84 sung within 50 cents", "100", "%", figure, lambda x: x >= 100, detail)


def _size(evidence: Evidence) -> Gate:
    whole = sum(evidence.megabytes.values())
    figure = Interval(whole, whole, whole, len(evidence.megabytes))
    detail = ", ".join(f"{name} {size:.1f} MB" for name, size in evidence.megabytes.items())
    target = f"≤ {LARGEST_MB:g}"
    return _gate("size of all embedded voices", target, "MB", figure, lambda x: x <= LARGEST_MB, detail)


def _gate(
    name: str, target: str, unit: str, figure: Interval | None, passes: Callable[[float], bool], detail: str = ""
) -> Gate:
    known = figure is not None and bool(np.isfinite(figure.value))
    return Gate(
        name, target, unit, figure if known else None, passes(figure.value) if figure and known else None, detail
    )


def _of(verdicts: Sequence[Verdict], singer: str, mode: str | None = None) -> list[Verdict]:
    return [v for v in verdicts if v.singer == singer and mode in (None, v.mode)]


def _pairs(
    verdicts: Sequence[Verdict], one: tuple[str, str], other: tuple[str, str]
) -> tuple[list[Verdict], list[Verdict]]:
    """The verdicts of both on the takes that both sang, in one order."""
    ours, theirs = ({v.take: v for v in _of(verdicts, *who)} for who in (one, other))
    shared = sorted(set(ours) & set(theirs))
    return [ours[t] for t in shared], [theirs[t] for t in shared]


def _columns(verdicts: Sequence[Verdict], name: str, one: tuple[str, str], other: tuple[str, str]) -> list[list[float]]:
    """Totals and counts of the one, then of the other, over the takes on which both have the tally."""
    having = [v for v in verdicts if name in v.tallies]
    sides = _pairs(having, one, other)
    return [[float(getattr(v.tallies[name], part)) for v in side] for side in sides for part in ("total", "count")]


def _pooled(tallies: Sequence[Tally], scale: float = 1.0) -> Interval | None:
    return intervals.pooled([scale * t.total for t in tallies], [t.count for t in tallies]) if tallies else None


def _percent(figure: Interval) -> str:
    return f"{100 * figure.value:.1f} % [{100 * figure.low:.1f}, {100 * figure.high:.1f}]"


VERDICTS = {True: "passed", False: "failed", None: "not measured"}


def shown(gate: Gate) -> str:
    """The figure with its interval, where it has one."""
    figure = gate.figure
    if figure is None:
        return "–"
    if not figure.low < figure.high:
        return f"{figure.value:.2f}"
    return f"{figure.value:.2f} [{figure.low:.2f}, {figure.high:.2f}]"


def markdown(found: Sequence[Gate]) -> str:
    """The gates as a table for people."""
    lines = ["| gate | target | measured | unit | verdict | of what |", "|---|---|---|---|---|---|"]
    lines += [f"| {g.name} | {g.target} | {shown(g)} | {g.unit} | {VERDICTS[g.passed]} | {g.detail} |" for g in found]
    return "\n".join(lines)


def as_json(found: Sequence[Gate]) -> str:
    """The gates as JSON; `from_json` reads them back."""
    return json.dumps([asdict(gate) for gate in found], indent=1, ensure_ascii=False) + "\n"


def from_json(text: str) -> list[Gate]:
    """Raises ValueError, KeyError or TypeError for what `as_json` did not write."""
    tables: list[dict[str, Any]] = json.loads(text)
    return [Gate(**(t | {"figure": None if t["figure"] is None else Interval(**t["figure"])})) for t in tables]
