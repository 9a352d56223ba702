"""Songs of any length, cut into phrases of bounded size.

Cuts are sought at rests, then at breaths, then inside long vowels. A cut in a
silence needs no context: both phrases meet in the pause. Any other cut lies
inside one held sound, within the 30 % of its slot (15 % before a coda) that the
score lock always leaves it, and both phrases sing on past it: `keep_frames` says what to keep, and the kept
frames of all phrases tile the song exactly. A long silence becomes phrases of its
own, which a singer need not sing. A cut depends on the slots up to the longest phrase and its
context ahead, never on the rest of the song.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from visinger.phrasing.lock import KEPT_SHARE_DENOMINATOR, KEPT_SHARE_NUMERATOR
from visinger.phrasing.phrase import BREATH, SILENCE, Phrase
from visinger.phrasing.slots import Slot, SlotTable

LONGEST_PHRASE_FRAMES = 1000  # ten seconds kept
FIRST_PHRASE_FRAMES = 400  # a song's first sound should not wait for ten seconds
PREFERRED_FRAMES = 300  # below it a phrase waits for the next rest
CONTEXT_FRAMES = 100  # sung beyond a cut in sound, or to the end of a note near by
SHORTEST_CONTEXT_FRAMES, LONGEST_CONTEXT_FRAMES = 60, 200
LONG_REST_FRAMES = 60  # half of it still holds any consonant
LONG_VOWEL_FRAMES = 40
SILENT_PHRASE_FRAMES = 300
SILENT_MARGIN_FRAMES = 50

ALWAYS, AT_REST, AT_BREATH, AT_PAUSE, AT_LONG_VOWEL, AT_NOTE = range(6)


@dataclass(frozen=True)
class _Place:
    """Where the song may be cut: the frame, how well (0 best), and how long the sound around it is."""

    frame: int
    rank: int
    length: int


@dataclass(frozen=True)
class _Stretch:
    """Slots of a song, and the places to cut among them."""

    table: SlotTable
    places: list[_Place]  # in time order
    first_sound: int  # the frame of the song's first sound; any later one before there is a sound

    def next_cut(self, start: int, song_frames: int) -> tuple[int, int]:
        """Frame and rank of the cut that ends the phrase from `start` on."""
        begin = bisect_right(self.places, start, key=lambda place: place.frame)
        reach, end = begin, song_frames
        while reach < len(self.places) and self.places[reach].frame <= start + LONGEST_PHRASE_FRAMES:
            if self.places[reach].rank == ALWAYS:
                end = self.places[reach].frame
                break
            reach += 1
        return _next_cut(self.places[begin:reach], start, end, opening=start <= self.first_sound)


def cut(table: SlotTable) -> tuple[Phrase, ...]:
    """Phrases whose kept frames tile [0, T), each keeping at most `LONGEST_PHRASE_FRAMES`."""
    symbols = table.symbols()
    sounding = [k for k, symbol in enumerate(symbols) if symbol != SILENCE]
    first_sound = int(table.starts[sounding[0]]) if sounding else 0
    whole = _Stretch(table, _places(table, symbols), first_sound)
    return tuple(_phrases(lambda _start: whole, table.frames))


def cut_as_laid(slots: Iterable[Slot], frames: int, language: str) -> Iterator[Phrase]:
    """What `cut` makes of all the slots together, each phrase made as soon as the slots that it needs are laid.

    `frames` is T of the song, where the last slot ends.
    """
    return _phrases(_Window(slots, frames, language).around, frames)


def _phrases(around: Callable[[int], _Stretch], frames: int) -> Iterator[Phrase]:
    """Cut phrase after phrase; `around` gives all that a phrase from some frame on depends on."""
    start, rank_before = 0, ALWAYS
    while start < frames:
        stretch = around(start)
        end, rank_after = stretch.next_cut(start, frames)
        first = start if rank_before <= AT_REST else _context_before(stretch.table, start)
        last = end if rank_after <= AT_REST else _context_after(stretch.table, end)
        yield stretch.table.phrase(first, last, keep=(start, end))
        start, rank_before = end, rank_after


class _Window:
    """The slots near the phrase to come: earlier ones are forgotten, later ones not yet asked for."""

    def __init__(self, slots: Iterable[Slot], frames: int, language: str) -> None:
        self._coming = iter(slots)
        self._frames = frames
        self._language = language
        self._held: list[Slot] = []
        self._ended = False
        self._first_sound: int | None = None

    def around(self, start: int) -> _Stretch:
        """The slots around the phrase that starts at `start`, which never falls from call to call."""
        far = start + LONGEST_PHRASE_FRAMES + 2 * LONGEST_CONTEXT_FRAMES
        while not self._ended and (not self._held or self._held[-1].start_frame <= far):
            slot = next(self._coming, None)
            if slot is None:
                self._ended = True
                break
            self._held.append(slot)
            if self._first_sound is None and slot.symbol != SILENCE:
                self._first_sound = slot.start_frame
        near = start - 2 * LONGEST_CONTEXT_FRAMES
        past = next((k for k in range(len(self._held) - 1) if self._held[k + 1].start_frame >= near), 0)
        del self._held[:past]
        # Until the slots have ended, the last one held only says where the one before it ends.
        slots, end = (self._held, self._frames) if self._ended else (self._held[:-1], self._held[-1].start_frame)
        table = SlotTable.of(slots, end, self._language)
        first_sound = start if self._first_sound is None else self._first_sound
        return _Stretch(table, _places(table, [slot.symbol for slot in self._held]), first_sound)


def _places(table: SlotTable, symbols: Sequence[str]) -> list[_Place]:
    """Every place to cut, in time order; `symbols` (K, one more where the song goes on) is what the slots hold."""
    starts = table.starts.tolist()
    closed = table.closed()
    places: list[_Place] = []
    for k, symbol in enumerate(symbols[: len(starts) - 1]):
        start, length = starts[k], starts[k + 1] - starts[k]
        if symbol == SILENCE and length >= SILENT_PHRASE_FRAMES:
            places += _silent_places(start, length, ends_song=k == len(symbols) - 1)
        elif symbol == SILENCE and k == len(symbols) - 1:
            continue  # nothing follows that a cut could free
        elif symbol == SILENCE and (length >= LONG_REST_FRAMES or _opens_breath(symbols, k, length)):
            places.append(_Place(start + length // 2, AT_REST, length))
        elif length >= 4:
            sure = KEPT_SHARE_NUMERATOR * length // KEPT_SHARE_DENOMINATOR
            inside = start + max(1 if closed[k] else 2, sure // 2 if closed[k] else sure)
            rank = AT_LONG_VOWEL if length >= LONG_VOWEL_FRAMES else AT_NOTE
            rank = {SILENCE: AT_PAUSE, BREATH: AT_BREATH}.get(symbol, rank)
            places += [
                _Place(frame, rank, length) for frame in range(inside, max(inside + 1, start + length - 200), 200)
            ]
    return [place for place in places if 0 < place.frame < table.frames]


def _opens_breath(symbols: Sequence[str], k: int, length: int) -> bool:
    return length >= 10 and k + 1 < len(symbols) and symbols[k + 1] == BREATH


def _silent_places(start: int, length: int, *, ends_song: bool) -> list[_Place]:
    """Cuts that leave the middle of a long silence alone, in phrases of bounded size."""
    first = start + SILENT_MARGIN_FRAMES if start else 0
    last = start + length - (0 if ends_song else SILENT_MARGIN_FRAMES)
    frames = [*range(first, last, LONGEST_PHRASE_FRAMES), last]
    return [_Place(frame, ALWAYS, length) for frame in frames]


def _next_cut(window: list[_Place], start: int, end: int, *, opening: bool) -> tuple[int, int]:
    """Where the phrase that starts at `start` is cut, at `end` the latest; the window is in time order."""
    if opening and end - start > FIRST_PHRASE_FRAMES:
        # A rest may come later by the context that a cut in sound would have to sing anyway.
        reach = FIRST_PHRASE_FRAMES + CONTEXT_FRAMES
        rests = [p for p in window if p.rank == AT_REST and p.frame - start <= reach]
        early = [p for p in window if p.rank <= AT_LONG_VOWEL and p.frame - start <= FIRST_PHRASE_FRAMES]
        if rests:
            return rests[-1].frame, AT_REST
        if early:
            return _cut_in_sound(early, start, FIRST_PHRASE_FRAMES)
    rests = [p for p in window if p.rank == AT_REST]
    late = [p for p in rests if p.frame - start >= PREFERRED_FRAMES]
    if late and not (opening and end - start <= FIRST_PHRASE_FRAMES):
        return late[0].frame, AT_REST
    if end - start <= LONGEST_PHRASE_FRAMES:
        return end, ALWAYS
    return (rests[-1].frame, AT_REST) if rests else _cut_in_sound(window, start, LONGEST_PHRASE_FRAMES)


def _cut_in_sound(within: list[_Place], start: int, limit: int) -> tuple[int, int]:
    """The best place that is no long rest, in the second half of what is allowed where there is one."""
    for rank in (AT_BREATH, AT_PAUSE, AT_LONG_VOWEL, AT_NOTE):
        of_rank = [p for p in within if p.rank == rank]
        late = [p for p in of_rank if p.frame - start >= limit // 2]
        if late:
            best = max(late, key=lambda p: (p.length, p.frame))
            return best.frame, best.rank
    if within:
        return within[-1].frame, within[-1].rank
    return start + limit, AT_NOTE


def _context_before(table: SlotTable, cut_frame: int) -> int:
    """Where a phrase begins to sing so as to be in full voice at its cut: at a note's start where one is near."""
    return _nearest_start(table, cut_frame, cut_frame - CONTEXT_FRAMES)


def _context_after(table: SlotTable, cut_frame: int) -> int:
    """Where a phrase stops singing after its cut: at a note's end where one is near."""
    return _nearest_start(table, cut_frame, cut_frame + CONTEXT_FRAMES)


def _nearest_start(table: SlotTable, cut_frame: int, wanted: int) -> int:
    """The slot start nearest to `wanted` that leaves between the shortest and the longest context; else `wanted`."""
    wanted = min(max(wanted, 0), table.frames)
    k = int(np.searchsorted(table.starts, wanted))
    around = table.starts[max(k - 1, 0) : k + 1].tolist()
    side = 1 if wanted > cut_frame else -1  # a start beyond the cut would be no context at all
    good = [f for f in around if SHORTEST_CONTEXT_FRAMES <= side * (f - cut_frame) <= LONGEST_CONTEXT_FRAMES]
    return min(good, key=lambda f: abs(f - wanted), default=wanted)
