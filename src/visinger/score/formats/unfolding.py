"""Writes out the road through a score: repeats, endings, D.C., D.S., coda and fine."""

from collections.abc import Sequence
from dataclasses import dataclass

from visinger.errors import ScoreError
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.written import Road, WrittenMeasure

MOST_BARS = 50_000


@dataclass(frozen=True)
class Visit:
    """One performance of a written bar; `round` says which verse it is for (1, 2, …)."""

    measure: int
    round: int


def merged_roads(parts: Sequence[Sequence[WrittenMeasure]]) -> list[Road]:
    """The signs of all parts together: many programs print a D.C. or a repeat over one part only."""
    roads = []
    for k in range(max((len(part) for part in parts), default=0)):
        all_roads = [part[k].road for part in parts if k < len(part)]
        road = Road()
        for name in ("forward", "after_jump", "ending_stops", "da_capo", "fine"):
            setattr(road, name, any(getattr(r, name) for r in all_roads))
        for name in ("ending", "segno", "coda", "to_coda", "dal_segno"):
            setattr(road, name, next((getattr(r, name) for r in all_roads if getattr(r, name)), getattr(road, name)))
        road.backward_times = max(r.backward_times for r in all_roads)
        roads.append(road)
    return roads


@dataclass(frozen=True)
class _Ending:
    """Bars `first` to `last` under a bracket with these numbers; `rounds` of the whole group of brackets."""

    first: int
    last: int
    numbers: frozenset[int]
    rounds: int = 0


def _endings(roads: Sequence[Road]) -> dict[int, _Ending]:
    """Each bar under a bracket → its ending."""
    spans: list[_Ending] = []
    for first, road in enumerate(roads):
        if not road.ending:
            continue
        last = first  # a bracket that never ends covers its first bar
        for k in range(first, len(roads)):
            if k > first and (roads[k].ending or roads[k].forward):
                last = k - 1 if roads[k - 1].backward_times else first
                break
            if roads[k].ending_stops or roads[k].backward_times:
                last = k
                break
        spans.append(_Ending(first, last, road.ending))
    by_bar: dict[int, _Ending] = {}
    group: list[_Ending] = []
    for n, span in enumerate(spans):
        group.append(span)
        if n + 1 == len(spans) or spans[n + 1].first != span.last + 1:
            rounds = max(max(member.numbers) for member in group)
            for member in group:
                ending = _Ending(member.first, member.last, member.numbers, rounds)
                by_bar |= dict.fromkeys(range(member.first, member.last + 1), ending)
            group = []
    return by_bar


class _Walk:
    """The state of the walk: where the repeated section starts and which time it is sung."""

    def __init__(self, roads: Sequence[Road], doubts: Doubts, numbers: Sequence[str], where: str) -> None:
        self.roads, self.doubts, self.numbers, self.where = roads, doubts, numbers, where
        self.endings = _endings(roads)
        self.visits: list[Visit] = []
        self.times_sung = [0] * len(roads)
        self.section, self.round = 0, 1
        self.jumped = False
        self.jumps_taken: set[int] = set()

    def road(self) -> list[Visit]:
        at, linear = 0, True
        while at < len(self.roads):
            at, linear = self._step(at, linear)
            if len(self.visits) > MOST_BARS:
                raise ScoreError(
                    f"more than {MOST_BARS:,} bars once its repeats are written out",
                    where=self.where,
                    remedy="take repeats out",
                )
        return self.visits

    def _step(self, at: int, linear: bool) -> tuple[int, bool]:
        """Sing bar `at` or skip it; returns the next bar, and whether it simply follows."""
        road, ending = self.roads[at], self.endings.get(at)
        left = self.endings.get(at - 1) if ending is None else None
        if linear and left is not None and self.section < left.first:
            self.section, self.round = at, 1
        returns = road.forward and not linear  # to a section that starts inside an ending
        if ending is not None and at == ending.first and not returns:
            if self.jumped and not self._repeats_after_jump(ending):
                self.round = ending.rounds  # after D.C. and D.S. the last ending is sung
            if self.round not in ending.numbers and self.round <= ending.rounds:
                return ending.last + 1, True
        if linear and road.forward:
            self.section, self.round = at, 1
        self.times_sung[at] += 1
        self.visits.append(Visit(at, max(self.times_sung[at], self.round)))
        return self._after(at, road, ending)

    def _repeats_after_jump(self, ending: _Ending) -> bool:
        return any(self.roads[k].after_jump for k in range(ending.first, ending.last + 1))

    def _after(self, at: int, road: Road, ending: _Ending | None) -> tuple[int, bool]:
        """Where the road goes at the end of a bar that was just sung."""
        if self.jumped and road.fine:
            return len(self.roads), True
        if self.jumped and road.to_coda:
            target = self._find("coda", road.to_coda, at)
            if target is not None:
                self.section, self.round = target, 1
                return target, False
        if road.backward_times and (not self.jumped or road.after_jump):
            last_round = max(ending.rounds, max(ending.numbers)) if ending else road.backward_times
            if self.round < last_round:
                self.round += 1
                return self.section, False
        if road.backward_times and ending is None:
            self.section, self.round = at + 1, 1
        if (road.da_capo or road.dal_segno) and at not in self.jumps_taken:
            self.jumps_taken.add(at)
            target = 0 if road.da_capo else self._find("segno", road.dal_segno, at)
            if target is not None:
                self.jumped, self.section, self.round = True, target, 1
                return target, False
        return at + 1, True

    def _find(self, sign: str, label: str, at: int) -> int | None:
        """The bar with a sign of this label, or else with the sign at all."""
        labelled = [k for k, road in enumerate(self.roads) if getattr(road, sign) == label]
        found = labelled or [k for k, road in enumerate(self.roads) if getattr(road, sign)]
        if sign == "coda":
            found = [k for k in found if k > at] or found
        if not found:
            self.doubts.add(f"a jump to a {sign} that is nowhere is passed over", self.numbers[at])
            return None
        return found[0]


def unfolded(roads: Sequence[Road], doubts: Doubts, numbers: Sequence[str], where: str) -> list[Visit]:
    """The bars in the order in which they are sung.

    `numbers` are the printed bar numbers, for messages. Each D.C. or D.S. is
    taken once, after the repeats before it; after it, repeats are not taken
    (unless marked `after-jump`) and the last ending is sung.
    """
    return _Walk(roads, doubts, numbers, where).road()
