"""How loud a corpus is sung: against the pitch, along the phrase, along the note; consonants, breaths, and lengths.

Levels are of 20 ms, in dB. One regression over all notes tells apart what comes
together in music: high notes, long notes and the middle of a phrase. Each take
and each vowel has a level of its own in it, so that neither the microphone's
distance nor an open a passes for expression.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from visinger.corpora.sung_notes import Sound, SungNote, SungTake
from visinger.corpora.sung_pitch import median
from visinger.units import FRAMES_PER_SECOND

FEWEST_NOTES = 12  # for a regression, beyond the levels of takes and vowels
FEWEST_IN_STRETCH = 4  # for a place in the phrase to mean anything
HELD_FRAMES = 45
ATTACK_FRAMES = (0, 2, 4, 8)  # after a vowel's onset
CONSONANT_KINDS = ("unvoiced", "voiced")
EFFECTS = ("slope", "arch", "tilt", "last", "accent")


@dataclass(frozen=True)
class LoudnessManner:
    """What `concatenation.dynamics` paints, as measured; NaN for what the takes do not show."""

    notes: int
    db_per_semitone: float
    arch_db: float  # the middle of a phrase above its ends
    tilt_db: float  # from a phrase's start to its end
    last_db: float  # a phrase's last note above what arch and tilt say
    db_per_doubling: float  # of a note's length
    chance_db: float  # standard deviation of what all that leaves
    spread_db: float  # standard deviation of the notes' levels about their takes' means
    attack_db: tuple[float, ...]  # 0, 20, 40 and 80 ms after a vowel's onset, against its settled level
    start_attack_db: tuple[float, ...]  # the same of notes after a rest
    decay_db_per_second: float  # inside notes over 0.45 s that others follow
    last_decay_db_per_second: float  # inside those before a rest
    release_seconds: float  # before a rest: from 3 to 20 dB under the settled level
    breaths: int
    breath_db: float  # its middle half against the take's vowels
    breath_seconds: float


@dataclass(frozen=True)
class ConsonantManner:
    """Consonants of one kind ("unvoiced", "voiced")."""

    kind: str
    count: int
    level_db: float  # its middle half against the vowel it leads to
    level_spread_db: float  # standard deviation over the consonants of one symbol
    milliseconds: float  # median
    elasticity: float  # of its length, in the length of its own note: 1 is in proportion
    elasticity_before: float  # in the length of the note whose time it takes
    spread: float  # standard deviation of the logarithm of what is left


@dataclass
class _Rows:
    """One entry a note, in the order of the takes."""

    levels: list[float] = field(default_factory=list)
    effects: list[tuple[float, ...]] = field(default_factory=list)
    groups: list[tuple[str, str]] = field(default_factory=list)  # take, vowel


def loudness(takes: Sequence[SungTake]) -> LoudnessManner:
    """The loudness manner of some takes."""
    rows = _rows(takes)
    effects, chance, spread = _regressed(rows)
    attacks, starts, decays, last_decays, releases = _along_notes(takes)
    breaths, breath_seconds = [], []
    for take in takes:
        vowel = median([take.settled_db(note) for notes in take.stretches for note in notes])
        for breath in take.breaths:
            breaths.append(_middle_db(take.level_db, breath) - vowel)
            breath_seconds.append((breath.end - breath.start) / FRAMES_PER_SECOND)
    return LoudnessManner(
        notes=len(rows.levels),
        db_per_semitone=effects["slope"],
        arch_db=effects["arch"],
        tilt_db=effects["tilt"],
        last_db=effects["last"],
        db_per_doubling=effects["accent"],
        chance_db=chance,
        spread_db=spread,
        attack_db=_medians(attacks),
        start_attack_db=_medians(starts),
        decay_db_per_second=median(decays),
        last_decay_db_per_second=median(last_decays),
        release_seconds=median(releases),
        breaths=len(breaths),
        breath_db=median(breaths),
        breath_seconds=median(breath_seconds),
    )


def _rows(takes: Iterable[SungTake]) -> _Rows:
    rows = _Rows()
    for take in takes:
        for notes in take.stretches:
            if len(notes) < FEWEST_IN_STRETCH:
                continue
            first, last = notes[0].start, notes[-1].end
            for note in notes:
                place = (0.5 * (note.start + note.vowel_end) - first) / max(last - first, 1)
                rows.levels.append(take.settled_db(note))
                rows.groups.append((take.name, note.vowel))
                arch = 1 - (2 * place - 1) ** 2
                longer = np.log2(max(note.length_frames, 1))
                rows.effects.append((note.pitch_midi, arch, place - 0.5, float(note.before_rest), longer))
    return rows


def _regressed(rows: _Rows) -> tuple[dict[str, float], float, float]:
    """The effects in dB, and the spread of what they leave and of all; means of takes and vowels taken out of both."""
    nothing = dict.fromkeys(EFFECTS, np.nan), np.nan, np.nan
    count = len(rows.levels)
    if not count:
        return nothing
    grouping = np.concatenate(
        [_indicators([take for take, _ in rows.groups]), _indicators([vowel for _, vowel in rows.groups])[:, 1:]],
        axis=1,
    )
    if count < grouping.shape[1] + FEWEST_NOTES:
        return nothing
    levels, effects = np.array(rows.levels), np.array(rows.effects)
    levels -= grouping @ np.linalg.lstsq(grouping, levels, rcond=None)[0]
    effects -= grouping @ np.linalg.lstsq(grouping, effects, rcond=None)[0]
    weights = np.linalg.lstsq(effects, levels, rcond=1e-6)[0]
    free = count - grouping.shape[1]
    left = levels - effects @ weights
    spread = float(np.sqrt(np.square(levels).sum() / free))
    chance = float(np.sqrt(np.square(left).sum() / max(free - len(weights), 1)))
    return dict(zip(EFFECTS, map(float, weights), strict=True)), chance, spread


def _indicators(names: list[str]) -> NDArray[np.float64]:
    """One column a name, 1 where it stands."""
    known = {name: k for k, name in enumerate(dict.fromkeys(names))}
    return np.eye(len(known))[[known[name] for name in names]]


def _along_notes(takes: Sequence[SungTake]) -> tuple[list, list, list[float], list[float], list[float]]:
    """Attacks of notes inside phrases and at their start, decays inside and at the end, releases at the end."""
    attacks: list[tuple[float, ...]] = []
    starts: list[tuple[float, ...]] = []
    decays: list[float] = []
    last_decays: list[float] = []
    releases: list[float] = []
    for take in takes:
        for note in (note for notes in take.stretches for note in notes):
            length = note.vowel_end - note.start
            settled = take.settled_db(note)
            if length >= 2 * ATTACK_FRAMES[-1]:
                against = tuple(float(take.level_db[note.start + k] - settled) for k in ATTACK_FRAMES)
                (starts if note.after_rest else attacks).append(against)
            if length >= HELD_FRAMES:
                held = take.level_db[note.start + 12 : note.vowel_end - 12]
                slope = float(np.polyfit(np.arange(len(held)) / FRAMES_PER_SECOND, held, 1)[0])
                (last_decays if note.before_rest else decays).append(slope)
            if note.before_rest and length >= 20:
                releases.append(_release(take.level_db, note, settled))
    return attacks, starts, decays, last_decays, releases


def _release(level_db: NDArray[np.float64], note: SungNote, settled: float) -> float:
    """Seconds from 3 to 20 dB under the settled level at a note's end; NaN where it never gets so soft."""
    tail = level_db[note.centre().stop : note.end + 40] - settled
    soft = np.flatnonzero(tail < -20)
    if not len(soft):
        return np.nan
    loud = np.flatnonzero(tail[: soft[0]] > -3)
    return (int(soft[0]) - (int(loud[-1]) if len(loud) else 0)) / FRAMES_PER_SECOND


def _middle_db(level_db: NDArray[np.float64], sound: Sound) -> float:
    """The mean power of a sound's middle half, where its neighbours are not heard."""
    quarter = (sound.end - sound.start) // 4
    inner = level_db[sound.start + quarter : sound.end - quarter]
    return float(10 * np.log10(np.mean(10 ** (inner / 10))))


def _medians(rows: list[tuple[float, ...]]) -> tuple[float, ...]:
    return tuple(median(column) for column in np.array(rows, dtype=np.float64).reshape(-1, len(ATTACK_FRAMES)).T)


def consonants(takes: Iterable[SungTake]) -> tuple[ConsonantManner, ...]:
    """The consonants of each kind that stand alone before a vowel."""
    found: dict[str, list[tuple[Sound, float, float, float]]] = {kind: [] for kind in CONSONANT_KINDS}
    for take in takes:
        for notes in take.stretches:
            for before, note in zip((None, *notes), notes, strict=False):
                if len(note.onset) != 1 or note.onset[0].end <= note.onset[0].start:
                    continue
                (sound,) = note.onset
                kind = take.kinds.get(sound.symbol)
                if kind not in found:
                    continue
                level = _middle_db(take.level_db, sound) - take.settled_db(note)
                earlier = np.nan if before is None else before.length_frames
                found[kind].append((sound, level, note.length_frames, earlier))
    return tuple(_summed(kind, rows) for kind, rows in found.items() if rows)


def _summed(kind: str, rows: list[tuple[Sound, float, float, float]]) -> ConsonantManner:
    symbols = [sound.symbol for sound, _, _, _ in rows]
    lengths = np.array([sound.end - sound.start for sound, _, _, _ in rows], dtype=np.float64)
    levels, own, before = (np.array([row[k] for row in rows], dtype=np.float64) for k in (1, 2, 3))
    elasticity, spread = _elasticity(symbols, lengths, own)
    return ConsonantManner(
        kind=kind,
        count=len(rows),
        level_db=median(levels),
        level_spread_db=float((levels - _own_means(symbols, levels)).std()),
        milliseconds=1000 / FRAMES_PER_SECOND * median(lengths),
        elasticity=elasticity,
        elasticity_before=_elasticity(symbols, lengths, before)[0],
        spread=spread,
    )


def _own_means(symbols: list[str], values: NDArray[np.float64]) -> NDArray[np.float64]:
    columns = _indicators(symbols)
    return columns @ (columns.T @ values / columns.sum(axis=0))


def _elasticity(symbols: list[str], lengths: NDArray[np.float64], notes: NDArray[np.float64]) -> tuple[float, float]:
    """The slope of log length on log note length within each symbol, and the spread of what it leaves."""
    known = np.isfinite(notes) & (notes > 0)
    if known.sum() < FEWEST_NOTES:
        return np.nan, np.nan
    names = [symbol for symbol, keep in zip(symbols, known, strict=True) if keep]
    x, y = np.log(notes[known]), np.log(lengths[known])
    x, y = x - _own_means(names, x), y - _own_means(names, y)
    if not x.any():
        return np.nan, np.nan
    slope = float(x @ y / (x @ x))
    return slope, float((y - slope * x).std())
