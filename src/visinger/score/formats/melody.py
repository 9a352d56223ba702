"""From the written notes of one voice to a line that can be sung: graces, verses, ties, overlaps."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import groupby

from visinger.score.formats.curves import tick_at
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.written import Lyric, WrittenNote
from visinger.score.lyrics import continues
from visinger.score.score import Note

SHORT_GRACE = Fraction(1, 4)  # of a quarter: 125 ms at 120 bpm, enough for a syllable
SHORT_GRACE_IN_GROUP = Fraction(1, 8)
LONGEST_SHARE = Fraction(1, 2)  # of the note that graces take their time from
SHARED_TEXT_NOTES = 4  # as many syllables printed in another verse only are a refrain, fewer a melisma


@dataclass(frozen=True)
class Event:
    """A written note at its place in the performance; times in exact quarter notes of the whole piece."""

    note: WrittenNote
    start: Fraction
    end: Fraction
    round: int  # the verse that is wanted
    bar: str
    beat: Fraction
    visit: int = 0  # which bar of the performance
    lyric: Lyric | None = None
    leads: bool = False  # a grace note sung on the beat, in the time of the note after it


def melody(events: Sequence[Event], doubts: Doubts, name: str) -> tuple[Note, ...]:
    """The notes of one voice; `events` in written order, bar after bar, rests left out."""
    timed = _one_at_a_time(_with_graces(list(events)), doubts, name)
    worded = _with_verses(timed)
    return _ticked(_merged_ties(_graces_take_words(worded)), doubts, name)


# -- grace notes ---------------------------------------------------------------------------------


def _with_graces(events: list[Event]) -> list[Event]:
    """Grace notes get time: of the note they lead to or, at the end of a bar or marked so, of the one before."""
    timed: list[Event] = []
    k = 0
    while k < len(events):
        if events[k].note.grace is None:
            timed.append(events[k])
            k += 1
            continue
        group = [events[k]]
        while k + len(group) < len(events) and _continues_group(group, events[k + len(group)]):
            group.append(events[k + len(group)])
        k += len(group)
        following = events[k] if k < len(events) else None
        grace = group[0].note.grace
        if following is not None and _leads(group[0], following) and not (grace and grace.from_previous):
            room = (following.end - following.start) * LONGEST_SHARE
            ends = _laid([replace(event, leads=True) for event in group], following.start, room, timed)
            events[k] = replace(following, start=ends)
        else:
            _lay_before(group, timed)
    return timed


def _leads(grace: Event, event: Event) -> bool:
    """Whether the grace note stands right before this note, in the same bar."""
    return event.note.grace is None and (event.start, event.visit) == (grace.start, grace.visit)


def _continues_group(group: Sequence[Event], event: Event) -> bool:
    first, grace = group[0].note.grace, event.note.grace
    return (
        first is not None
        and grace is not None
        and event.start == group[0].start
        and event.visit == group[0].visit
        and grace.from_previous == first.from_previous
    )


def _wanted(group: Sequence[Event], room: Fraction) -> list[Fraction]:
    """The lengths of a group of graces within `room`."""
    lengths = []
    for event in group:
        grace = event.note.grace
        if len(group) > 1:
            lengths.append(SHORT_GRACE_IN_GROUP)
        elif grace is None or grace.slashed or grace.from_previous:
            lengths.append(SHORT_GRACE)
        else:
            lengths.append(grace.written_quarters)  # an appoggiatura is sung as it is written
    total = sum(lengths, Fraction(0))
    return [length * min(Fraction(1), room / total) for length in lengths]


def _laid(group: Sequence[Event], start: Fraction, room: Fraction, timed: list[Event]) -> Fraction:
    for event, length in zip(group, _wanted(group, room), strict=True):
        timed.append(replace(event, start=start, end=start + length))
        start += length
    return start


def _lay_before(group: Sequence[Event], timed: list[Event]) -> None:
    """Graces that end where they stand, in the time of the note before."""
    end = group[0].start
    room = SHORT_GRACE * len(group)
    if timed and timed[-1].end >= end:
        room = (end - timed[-1].start) * LONGEST_SHARE
    elif timed:
        room = end - timed[-1].end
    room = min(room, end)  # nothing sounds before the piece
    if room <= 0:
        return
    start = end - sum(_wanted(group, room), Fraction(0))
    if timed and timed[-1].end > start:
        timed[-1] = replace(timed[-1], end=start)
    _laid(group, start, room, timed)


def _graces_take_words(events: list[Event]) -> list[Event]:
    """A singer starts the syllable on the grace note before the beat: the main note goes on with it."""
    for k in range(len(events) - 1, 0, -1):
        before, here = events[k - 1], events[k]
        if before.leads and before.end == here.start and here.lyric is not None and before.lyric is None:
            events[k - 1], events[k] = replace(before, lyric=here.lyric), replace(here, lyric=None)
    return events


# -- one note at a time ----------------------------------------------------------------------------


def _one_at_a_time(events: Iterable[Event], doubts: Doubts, name: str) -> list[Event]:
    """Notes in time order; of several that start together the highest, and each ends when the next starts."""
    line: list[Event] = []
    for event in sorted(events, key=lambda e: e.start):
        if event.end <= event.start:
            continue
        if line and event.start == line[-1].start:
            doubts.add(f"{name}: of notes that start together in one voice the highest is taken", event.bar, event.beat)
            high, low = line[-1], event
            if (event.note.pitch_midi or 0) > (high.note.pitch_midi or 0):
                high, low = event, line[-1]
            lyrics = {**low.note.lyrics, **high.note.lyrics}
            line[-1] = replace(high, note=replace(high.note, lyrics=lyrics))
            continue
        if line and event.start < line[-1].end:
            doubts.add(f"{name}: overlapping notes in one voice are cut", event.bar, event.beat)
            line[-1] = replace(line[-1], end=event.start)
        line.append(event)
    return line


# -- verses ----------------------------------------------------------------------------------------


def _with_verses(events: list[Event]) -> list[Event]:
    """Each note with the syllable of its verse.

    Where the verse has no text of its own (a refrain or an ending printed once)
    the first verse's is sung. A gap of a few notes is a melisma instead, as is
    one after a syllable that is marked to be held or to go on.
    """
    worded = list(events)
    with_text = [k for k, event in enumerate(events) if event.note.lyrics]
    runs = [
        (own, list(members))
        for own, members in groupby(with_text, key=lambda k: events[k].round in events[k].note.lyrics)
    ]
    for n, (own, members) in enumerate(runs):
        if own:
            for k in members:
                worded[k] = replace(events[k], lyric=events[k].note.lyrics[events[k].round])
            continue
        before = worded[runs[n - 1][1][-1]].lyric if n > 0 else None
        held = before is not None and (before.extends or before.syllabic in ("begin", "middle"))
        at_edge = n == 0 or n + 1 == len(runs) or events[members[-1]].round != events[runs[n + 1][1][0]].round
        at_edge = at_edge or events[members[0]].round != events[runs[n - 1][1][-1]].round
        if len(members) >= SHARED_TEXT_NOTES or (at_edge and not held):
            for k in members:
                lyrics = events[k].note.lyrics
                worded[k] = replace(events[k], lyric=lyrics[1] if 1 in lyrics else lyrics[min(lyrics)])
    return [
        replace(event, lyric=None) if event.lyric is not None and continues(event.lyric.text) else event
        for event in worded
    ]


# -- ties and ticks --------------------------------------------------------------------------------


def _merged_ties(events: Iterable[Event]) -> list[Event]:
    """Tied notes become one; a tied note with a syllable of its own is struck again."""
    merged: list[Event] = []
    for event in events:
        before = merged[-1] if merged else None
        tied = (
            before is not None
            and before.note.tied_on
            and event.note.tied_back
            and before.note.pitch_midi == event.note.pitch_midi
            and before.end == event.start
            and event.lyric is None
        )
        if before is not None and tied:
            note = replace(
                before.note,
                tied_on=event.note.tied_on,
                breath_after=event.note.breath_after,
                staccato=before.note.staccato or event.note.staccato,
            )
            merged[-1] = replace(before, note=note, end=event.end)
        else:
            merged.append(event)
    return merged


def _ticked(events: Iterable[Event], doubts: Doubts, name: str) -> tuple[Note, ...]:
    notes = []
    for event in events:
        start, end = tick_at(event.start), tick_at(event.end)
        if end <= start:
            doubts.add(f"{name}: a note shorter than a tick is passed over", event.bar, event.beat)
            continue
        notes.append(
            Note(
                start_tick=start,
                duration_ticks=end - start,
                pitch_midi=event.note.pitch_midi or 0,
                lyric=event.lyric.text if event.lyric else None,
                syllabic=event.lyric.syllabic if event.lyric else "single",
                breath_after=event.note.breath_after,
                staccato=event.note.staccato,
                bar=event.bar,
                beat=event.beat,
            )
        )
    return tuple(notes)
