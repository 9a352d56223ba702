"""Songs cut into segments of about five seconds (VISinger §3.1), at pauses where there are any.

The cheapest way through all possible cuts is taken. Long pauses are not kept
whole: a take keeps half a second of silence, and the breath, beside the singing.
"""

import itertools
from dataclasses import dataclass

from visinger.corpora.framing import Framed, cut
from visinger.corpora.recording import NO_NOTE
from visinger.corpora.take import Take
from visinger.phrasing.phrase import BREATH
from visinger.units import FRAMES_PER_SECOND

WANTED_SECONDS, SHORTEST_SECONDS, LONGEST_SECONDS = 5.0, 2.0, 8.0
MARGIN_FRAMES = 50  # of a pause, kept beside the singing
BREATH_LEAD_FRAMES = 5
CRUMB_FRAMES = 2
MOST_HELD_OVER_FRAMES = 5  # by which the last note's slot may grow to end with its vowel
CUT_IN_SINGING = 6.0  # dearer than a segment 2.4 s off the wanted length
OUT_OF_BOUNDS = 20.0  # per second beyond the shortest and the longest
# Phonemes that begin with a closure: the voice stops there, a cut is not heard.
CLOSURES = frozenset(("k", "ky", "t", "ts", "ch", "p", "py", "cl"))


@dataclass(frozen=True)
class Gap:
    """A possible cut: one segment ends at `left`, the next starts at `right`."""

    left: int
    right: int
    cost: float = 0.0


def takes(framed: Framed) -> list[Take]:
    """The song's takes in order, named SONG-00, SONG-01, …; empty when nothing is sung."""
    if all(phoneme.paused for phoneme in framed.recording.phonemes):
        return []
    pieces = segments(framed)
    name = framed.recording.name
    return [cut(framed, f"{name}-{k:02d}", first, end) for k, (first, end) in enumerate(pieces)]


def segments(framed: Framed) -> list[tuple[int, int]]:
    """`(first, end)` frames of each segment, from the first sung phoneme to the last."""
    gaps = _gaps(framed)
    best: list[tuple[float, int]] = [(0.0, -1)]
    for here in range(1, len(gaps)):
        choices = [
            (best[before][0] + _price((gaps[here].left - gaps[before].right) / FRAMES_PER_SECOND), before)
            for before in range(here)
            if gaps[here].left > gaps[before].right
        ]
        cost, before = min(choices) if choices else (float("inf"), here - 1)
        best.append((cost + gaps[here].cost, before))
    path = [len(gaps) - 1]
    while best[path[-1]][1] >= 0:
        path.append(best[path[-1]][1])
    path.reverse()
    return [(gaps[a].right, gaps[b].left) for a, b in itertools.pairwise(path)]


def _price(seconds: float) -> float:
    beyond = max(SHORTEST_SECONDS - seconds, seconds - LONGEST_SECONDS, 0.0)
    return (seconds - WANTED_SECONDS) ** 2 + OUT_OF_BOUNDS * beyond


def _gaps(framed: Framed) -> list[Gap]:
    """Every place where a cut may fall, the song's two ends included."""
    phonemes, starts = framed.recording.phonemes, framed.starts
    sung = [n for n, phoneme in enumerate(phonemes) if not phoneme.paused]
    opening = _pause_gap(framed, 0, sung[0]) if sung[0] else Gap(0, 0)
    gaps = [Gap(0, opening.right)]
    n = sung[0]
    while n <= sung[-1]:
        if phonemes[n].paused and framed.slot_notes[framed.slot[n]] == NO_NOTE:
            after = next(k for k in range(n, len(phonemes)) if not phonemes[k].paused)
            gap = _pause_gap(framed, n, after)
            if gap is not None:
                gaps.append(gap)
            n = after
            continue
        if n > sung[0] and _closes(framed, n):
            gaps.append(Gap(int(starts[n]), int(starts[n]), CUT_IN_SINGING))
        n += 1
    closing = _pause_gap(framed, n, len(phonemes)) if n < len(phonemes) else None
    gaps.append(Gap(closing.left if closing else framed.frames, framed.frames))
    return gaps


def _closes(framed: Framed, n: int) -> bool:
    """True where a note begins with a closure and both sides of the cut keep a slot."""
    k, frame = int(framed.slot[n]), int(framed.starts[n])
    begins = framed.slot[n - 1] == k - 1 and framed.slot_notes[k - 1] != NO_NOTE and framed.slot_notes[k] != NO_NOTE
    fits = framed.slot_starts[k - 1] < frame < framed.slot_starts[k + 1]
    return begins and fits and framed.phonemes[n] in CLOSURES


def _pause_gap(framed: Framed, first: int, after: int) -> Gap | None:
    """The cut inside the pause of phonemes [first, after): None where label and score share no frame of it."""
    starts, k = framed.starts, int(framed.slot[first])
    low = max(int(starts[first]), int(framed.slot_starts[k])) + (0 if first == 0 else 1)
    high = min(int(starts[after]), int(framed.slot_starts[k + 1])) - (0 if after == len(framed.phonemes) else 1)
    if low > high:
        return None
    breaths = [n for n in range(first, after) if framed.phonemes[n] == BREATH]
    half = (high - low) // 2
    left = low + min(MARGIN_FRAMES, half)
    right = high - min(MARGIN_FRAMES, half)
    for n in breaths:  # a breath is never cut: the nearer side keeps it, the right one in doubt
        breath_first, breath_end = int(starts[n]), int(starts[n + 1])
        if breath_end >= right - MARGIN_FRAMES and after < len(framed.phonemes):
            right = min(right, max(breath_first - BREATH_LEAD_FRAMES, low))
        if breath_first < left:
            left = min(breath_end, right) if after == len(framed.phonemes) else min(left, breath_first)
    left = max(min(left, right), low)
    held_over = int(starts[first]) - int(framed.slot_starts[k])
    if first > 0 and left - starts[first] <= CRUMB_FRAMES and 0 <= held_over <= MOST_HELD_OVER_FRAMES:
        left = int(starts[first])  # no crumb of a pause: the last note ends the take
    return Gap(left, max(right, left))
