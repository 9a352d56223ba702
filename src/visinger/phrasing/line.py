"""A sung line: which note sings what, from when to when, and where the singer breathes.

Where the score leaves it open:

- a gap under 60 ms between notes is sung over; a longer one is a rest (SP);
- a rest of at least 0.35 s before singing ends in a breath (AP): 0.3 s, at most half of the rest;
- a breath mark where there is no such rest takes its breath from the end of its note: 0.25 s, at most half;
- a staccato note sounds for 60 % of its length;
- a note without words goes on with the vowel before it; after a rest it sings that vowel again (with a warning);
- what closes a syllable (ん, っ) sounds on the last note of its melisma;
- several syllables on one note share it evenly.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from visinger.errors import LyricError, at_bar
from visinger.language import Syllable
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.phrasing.slots import Slot
from visinger.score.score import Note, Part, Score
from visinger.units import frame_at

LEGATO_GAP_SECONDS = Fraction(6, 100)
BREATH_REST_SECONDS = Fraction(35, 100)
BREATH_SECONDS = Fraction(3, 10)
MARKED_BREATH_SECONDS = Fraction(1, 4)
STACCATO_SHARE = Fraction(6, 10)

HOLD = Syllable((), "")


@dataclass(frozen=True)
class SungNote:
    """A note with its exact times in seconds and what it sings."""

    note: Note
    index: int
    start: Fraction
    end: Fraction  # of its sound
    following: Fraction  # where the next note starts, or the song ends
    rest: Fraction  # as written, between its end and what follows
    syllables: tuple[Syllable, ...]
    slurred: bool = False  # its first vowel continues the note before

    @property
    def silent(self) -> bool:
        """True for a pause or a breath typed as a lyric."""
        return silent(self.syllables)


def refuse_hold_of_nothing(part: Part, spelled: Mapping[int, tuple[Syllable, ...]], path: Path | None) -> None:
    """Raise LyricError where a note prolongs a vowel and none was sung before."""
    for k, note in enumerate(part.notes):
        syllables = spelled.get(k, (HOLD,))
        if syllables[0].continues:
            raise LyricError(
                f"the lyric '{note.lyric}' prolongs a vowel, but none was sung before",
                where=at_bar(path, note.bar, note.beat),
                remedy="write a syllable",
            )
        if not silent(syllables):
            return


def timed(
    score: Score, part: Part, spelled: Mapping[int, tuple[Syllable, ...]], *, length: Fraction
) -> Iterator[SungNote]:
    """The notes in seconds: cut where the next begins, shortened by staccato and breath marks."""
    seconds = score.tempo_map.seconds
    following = seconds(part.notes[0].start_tick)
    for k, note in enumerate(part.notes):
        last = k + 1 == len(part.notes)
        start, following = following, length if last else seconds(part.notes[k + 1].start_tick)
        end = min(seconds(note.end_tick), following)
        if following - end < LEGATO_GAP_SECONDS and not last:
            end = following
        rest = following - end
        written_end = end
        if note.staccato:
            end = start + (written_end - start) * STACCATO_SHARE
        if note.breath_after and not last and rest < BREATH_REST_SECONDS:
            end = min(end, max(start + (written_end - start) / 2, following - MARKED_BREATH_SECONDS))
        yield SungNote(note, k, start, end, following, rest, spelled.get(k, (HOLD,)))


def voiced(sung: Iterable[SungNote], path: Path | None, doubts: list[str]) -> Iterator[SungNote]:
    """Give every note the vowels it sings and codas to the last note of their melisma.

    Looks one note ahead. What is doubtful is added to `doubts` as it is met. The
    notes begin with a syllable (`refuse_hold_of_nothing`).
    """
    before: SungNote | None = None
    held = HOLD  # the last syllable sung
    for note in sung:
        resolved = note
        if before is not None and note.syllables[0].continues:
            coda = note.syllables[0].coda
            slurred = before.end == note.start and not before.silent
            if slurred:
                coda = (*held.coda, *coda)
                before = replace(before, syllables=(*before.syllables[:-1], replace(held, coda=())))
            elif not note.note.lyric and (before.rest or before.silent):
                place = at_bar(path, note.note.bar, note.note.beat)
                doubts.append(f"{place}: a note after a rest has no lyric; it sings '{held.nucleus}' again")
            first = Syllable((), held.nucleus, coda)
            resolved = replace(note, syllables=(first, *note.syllables[1:]), slurred=slurred)
        if before is not None:
            yield before
        if not resolved.silent:
            held = resolved.syllables[-1]
        before = resolved
    if before is not None:
        yield before


def laid_out(sung: Iterable[SungNote], frames: int) -> Iterator[Slot]:
    """Slots of notes, rests and breaths on the absolute frame grid, `frames` in all; looks one note ahead."""
    before: SungNote | None = None
    for note in sung:
        if before is None:
            yield from _rest(Fraction(0), note.start, breath=_breath(note.start, note))
        else:
            breath = _breath(before.rest, note)
            if before.note.breath_after and not breath:
                breath = min(before.following - before.end, MARKED_BREATH_SECONDS)
            yield from _rest(before.end, before.following, breath=breath)
        count = len(note.syllables)
        for j, syllable in enumerate(note.syllables):
            start = note.start + (note.end - note.start) * j / count if j else note.start
            yield Slot(frame_at(start), syllable, note.note.pitch_midi, note.index, note.slurred and j == 0)
        before = note
    if before is not None and before.end < before.following:
        yield from _pause(frame_at(before.end), frames, SILENCE)


def _breath(rest: Fraction, following: SungNote) -> Fraction:
    """The seconds of breath at the end of a written rest."""
    if rest < BREATH_REST_SECONDS or following.silent:
        return Fraction(0)
    return min(BREATH_SECONDS, rest / 2)


def _rest(start: Fraction, end: Fraction, *, breath: Fraction) -> Iterator[Slot]:
    """A pause from `start` to `end` seconds, of which the last `breath` seconds are a breath."""
    if start == end:
        return
    inhale = frame_at(end - breath)
    yield from _pause(frame_at(start), inhale, SILENCE)
    yield from _pause(inhale, frame_at(end), BREATH)


def _pause(start_frame: int, end_frame: int, symbol: str) -> Iterator[Slot]:
    """A pause or a breath; none where it would have no frame."""
    if end_frame > start_frame:
        yield Slot(start_frame, Syllable((), symbol))


def silent(syllables: Sequence[Syllable]) -> bool:
    """True when all that a note sings is a pause or a breath."""
    return all(syllable.nucleus in (SILENCE, BREATH) for syllable in syllables)
