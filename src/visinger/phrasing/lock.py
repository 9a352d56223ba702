"""The score lock: predicted durations made to fit the score exactly (VISinger §2.3.2; docs/paper.md, "score lock").

Shapes: N phonemes · K slots · T frames.

Vowel-anchored phrases. The consonants of `before_beat` are laid before their
slot, in the time of the slot before, which keeps at least 30 % of its length and
2 frames a phoneme; vowel and coda then fill what is left of their slot. At the
start of a phrase, where nothing precedes, consonants come from their own note,
at most half of it, and the vowel is that much late. Every vowel else starts
exactly on its slot, unless a slot is shorter than its phonemes: those then borrow
whole frames, from the note before first, from the note after last.

What a slot's phonemes get depends on that slot, the lengths of its neighbours and
the consonants that follow, on nothing further: a phrase cut with one slot of
context is locked like the whole song, given the same predictions. A held vowel
always owns its slot's first 30 % (15 % where a coda closes it), so both sides of
a cut made there agree.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from visinger.phrasing.phrase import Phrase

KEPT_SHARE_NUMERATOR, KEPT_SHARE_DENOMINATOR = 3, 10  # a slot keeps 30 % of itself from the consonants after it
KEPT_FRAMES = 2  # ... and two frames for each of its phonemes
LONGEST_ONSET_FRAMES = 100  # a second: beyond it a prediction is a mistake
LONGEST_CODA_FRAMES = 100

Frames = NDArray[np.int64]


def lock(phrase: Phrase, predicted_frames: ArrayLike) -> Frames:
    """(N) whole frames per phoneme, T in sum, from predicted lengths (N) in frames.

    Every phoneme has at least one frame wherever T >= N. Raises `ValueError`
    for predictions that are not finite or of another count.
    """
    predicted = np.asarray(predicted_frames, dtype=np.float64)
    if predicted.shape != (len(phrase.phonemes),):
        raise ValueError(f"{predicted.shape} predicted durations for {len(phrase.phonemes)} phonemes")
    if not np.isfinite(predicted).all():
        raise ValueError("a predicted duration is not a finite number")
    if not len(predicted):
        return np.zeros(0, dtype=np.int64)
    predicted = np.maximum(predicted, 1e-3)
    if phrase.convention == "consonant-inclusive":
        lengths = np.diff(phrase.slot_starts)
        frames = _shares(lengths, predicted, phrase.slot)
        starts = phrase.slot_starts[phrase.slot] + _offsets_within(frames, phrase.slot)
    else:
        starts = _anchored_starts(phrase, predicted)
    return np.diff(_separated(starts, phrase.frames))


@dataclass(frozen=True)
class _Slots:
    """What each slot holds, (K) each; the body is the vowel and what closes it."""

    lengths: Frames
    onsets: Frames  # consonants before the beat
    bodies: Frames  # phonemes from the beat on
    onset_predicted: NDArray[np.float64]

    @classmethod
    def of(cls, phrase: Phrase, predicted: NDArray[np.float64]) -> "_Slots":
        count, before = len(phrase.slot_starts) - 1, phrase.before_beat
        return cls(
            lengths=np.diff(phrase.slot_starts),
            onsets=np.bincount(phrase.slot[before], minlength=count),
            bodies=np.bincount(phrase.slot[~before], minlength=count),
            onset_predicted=_sums(predicted[before], phrase.slot[before], count),
        )

    @property
    def wanted(self) -> Frames:
        """(K) frames that the consonants of a slot ask for, one each at least."""
        rounded = np.floor(self.onset_predicted + 0.5).astype(np.int64)
        asked = np.minimum(rounded, np.maximum(LONGEST_ONSET_FRAMES, self.onsets))
        return np.where(self.onsets > 0, np.maximum(asked, self.onsets), 0)


def _anchored_starts(phrase: Phrase, predicted: NDArray[np.float64]) -> Frames:
    """(N) first frame of each phoneme before borrowing: consonants before their beat, vowels on it."""
    slots = _Slots.of(phrase, predicted)
    before, slot = phrase.before_beat, phrase.slot
    late = np.zeros_like(slots.lengths)  # (K) how far into its slot the vowel starts
    first = int(slots.lengths[0])
    late[0] = max(
        min(int(slots.wanted[0]), first // 2), min(int(slots.onsets[0]), max(first - int(slots.bodies[0]), 0))
    )
    lengths = slots.lengths - late

    kept = np.maximum(KEPT_FRAMES * slots.bodies, -(-KEPT_SHARE_NUMERATOR * lengths // KEPT_SHARE_DENOMINATOR))
    room = np.maximum(lengths - kept, 0)
    at_least = np.clip(lengths[:-1] - slots.bodies[:-1], 0, slots.onsets[1:])  # a frame each comes before the share
    early = np.zeros_like(late)  # (K) how far before its slot the first consonant starts
    early[1:] = np.minimum(slots.wanted[1:], np.maximum(room[:-1], at_least))

    body_frames = lengths.copy()  # (K) what vowel and coda fill
    body_frames[:-1] -= early[1:]
    starts = np.empty(len(predicted), dtype=np.int64)
    onset_frames = _shares(early + late, predicted[before], slot[before])
    starts[before] = (phrase.slot_starts[:-1] - early)[slot[before]] + _offsets_within(onset_frames, slot[before])
    held = _body_shares(body_frames, predicted[~before], slot[~before])
    starts[~before] = (phrase.slot_starts[:-1] + late)[slot[~before]] + _offsets_within(held, slot[~before])
    return starts


def _body_shares(totals: Frames, predicted: NDArray[np.float64], slot: Frames) -> Frames:
    """Vowel and codas: the codas' predicted share of the slot, at most half of it and a second; the vowel the rest."""
    count = len(totals)
    is_vowel = np.ones(len(slot), dtype=bool)
    is_vowel[1:] = slot[1:] != slot[:-1]
    codas = np.bincount(slot[~is_vowel], minlength=count)
    coda_predicted = _sums(predicted[~is_vowel], slot[~is_vowel], count)
    all_predicted = np.maximum(_sums(predicted, slot, count), 1e-3)
    coda_frames = np.floor(totals * coda_predicted / all_predicted + 0.5).astype(np.int64)
    most = np.minimum(totals // 2, np.maximum(LONGEST_CODA_FRAMES, codas))
    coda_frames = np.clip(np.maximum(np.minimum(coda_frames, most), codas), 0, np.maximum(totals - 1, 0))
    coda_frames[codas == 0] = 0
    frames = np.empty(len(slot), dtype=np.int64)
    frames[is_vowel] = (totals - coda_frames)[slot[is_vowel]]
    frames[~is_vowel] = _shares(coda_frames, predicted[~is_vowel], slot[~is_vowel])
    return frames


def _shares(totals: Frames, weights: NDArray[np.float64], group: Frames) -> Frames:
    """Divide each group's total in proportion to the weights, by largest remainder.

    A share of nothing then takes one frame from its group's largest share.
    """
    if not len(group):
        return np.zeros(0, dtype=np.int64)
    count = len(totals)
    exact = totals[group] * weights / _sums(weights, group, count)[group]
    shares = np.floor(exact).astype(np.int64)
    missing = totals - _sums(shares, group, count).astype(np.int64)
    order = np.lexsort((-(exact - shares), group))
    shares[order] += _rank_within(group[order]) < missing[group[order]]
    starved = np.bincount(group[shares == 0], minlength=count)
    if starved.any():
        order = np.lexsort((-shares, group))
        largest = order[_rank_within(group[order]) == 0]  # one per group that occurs
        owed = starved[group[largest]]
        payable = shares[largest] > owed
        paid = np.zeros(count, dtype=bool)
        paid[group[largest[payable]]] = True
        shares[(shares == 0) & paid[group]] = 1
        shares[largest[payable]] -= owed[payable]
    return shares


def _sums(values: NDArray[np.float64] | Frames, group: Frames, count: int) -> NDArray[np.float64]:
    """(count) sum of the values of each group."""
    return np.bincount(group, weights=values, minlength=count).astype(np.float64)


def _rank_within(group: Frames) -> Frames:
    """(n) position of each element among those of its group, the groups standing together."""
    index = np.arange(len(group))
    first = np.ones(len(group), dtype=bool)
    first[1:] = group[1:] != group[:-1]
    since: Frames = index - np.maximum.accumulate(np.where(first, index, 0))
    return since


def _offsets_within(frames: Frames, group: Frames) -> Frames:
    """(n) frames of its group that come before each element."""
    if not len(group):
        return np.zeros(0, dtype=np.int64)
    before: Frames = np.cumsum(frames) - frames
    within: Frames = before - before[np.arange(len(group)) - _rank_within(group)]
    return within


def _separated(starts: Frames, total: int) -> Frames:
    """(N + 1) boundaries from 0 to `total` in which every phoneme has a frame, moved as little as that needs."""
    count = len(starts)
    if total < count:  # more phonemes than frames: spread what there is
        return np.arange(count + 1, dtype=np.int64) * total // count
    bounds = np.concatenate([starts, [total]])
    bounds[0] = 0
    index = np.arange(count + 1)
    # A phoneme must start a frame before the next one: pull earlier first, so that the note
    # after a grace note stays on its beat; then push later what was pulled below zero.
    slack = bounds - index
    slack = np.minimum.accumulate(slack[::-1])[::-1]
    return np.maximum(slack, 0) + index
