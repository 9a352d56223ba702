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

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from visinger.errors import LyricError, at_bar
from visinger.language import Syllable
from visinger.phrasing.phrase import BREATH, SILENCE
from visinger.phrasing.slots import SlotTable, SlotWriter
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
        return all(syllable.nucleus in (SILENCE, BREATH) for syllable in self.syllables)


def timed(
    score: Score, part: Part, spelled: dict[int, tuple[Syllable, ...]], *, length: Fraction
) -> tuple[SungNote, ...]:
    """The notes in seconds: cut where the next begins, shortened by staccato and breath marks."""
    seconds = score.tempo_map.seconds
    starts = [*(seconds(note.start_tick) for note in part.notes), length]
    sung = []
    for k, note in enumerate(part.notes):
        start, following, last = starts[k], starts[k + 1], k + 1 == len(part.notes)
        end = min(seconds(note.end_tick), following)
        if following - end < LEGATO_GAP_SECONDS and not last:
            end = following
        rest = following - end
        written_end = end
        if note.staccato:
            end = start + (written_end - start) * STACCATO_SHARE
        if note.breath_after and not last and rest < BREATH_REST_SECONDS:
            end = min(end, max(start + (written_end - start) / 2, following - MARKED_BREATH_SECONDS))
        sung.append(SungNote(note, k, start, end, following, rest, spelled.get(k, (HOLD,))))
    return tuple(sung)


def voiced(sung: Sequence[SungNote], path: Path | None) -> tuple[tuple[SungNote, ...], list[str]]:
    """Give every note the vowels it sings and codas to the last note of their melisma; say what was doubtful."""
    done: list[SungNote] = []
    warnings: list[str] = []
    held: Syllable | None = None  # the last syllable sung
    for note in sung:
        resolved = note
        if note.syllables[0].continues:
            place = at_bar(path, note.note.bar, note.note.beat)
            if held is None:
                raise LyricError(
                    f"the lyric '{note.note.lyric}' prolongs a vowel, but none was sung before",
                    where=place,
                    remedy="write a syllable",
                )
            coda = note.syllables[0].coda
            before = done[-1]
            slurred = before.end == note.start and not before.silent
            if slurred:
                coda = (*held.coda, *coda)
                done[-1] = replace(before, syllables=(*before.syllables[:-1], replace(held, coda=())))
            elif not note.note.lyric and (before.rest or before.silent):
                warnings.append(f"{place}: a note after a rest has no lyric; it sings '{held.nucleus}' again")
            first = Syllable((), held.nucleus, coda)
            resolved = replace(note, syllables=(first, *note.syllables[1:]), slurred=slurred)
        if not resolved.silent:
            held = resolved.syllables[-1]
        done.append(resolved)
    return tuple(done), warnings


def laid_out(sung: Sequence[SungNote], frames: int, language: str) -> SlotTable:
    """Slots of notes, rests and breaths on the absolute frame grid, `frames` in all."""
    writer = SlotWriter()
    _rest(writer, Fraction(0), sung[0].start, breath=_breath(sung[0].start, sung[0]))
    for k, note in enumerate(sung):
        count = len(note.syllables)
        for j, syllable in enumerate(note.syllables):
            start = note.start + (note.end - note.start) * j / count
            pitch, slurred = note.note.pitch_midi, note.slurred and j == 0
            writer.sing(frame_at(start), syllable, pitch=pitch, note=note.index, slurred=slurred)
        if k + 1 < len(sung):
            breath = _breath(note.rest, sung[k + 1])
            if note.note.breath_after and not breath:
                breath = min(note.following - note.end, MARKED_BREATH_SECONDS)
            _rest(writer, note.end, note.following, breath=breath)
        elif note.end < note.following:
            writer.rest(frame_at(note.end), frames)
    return writer.table(frames, language)


def _breath(rest: Fraction, following: SungNote) -> Fraction:
    """The seconds of breath at the end of a written rest."""
    if rest < BREATH_REST_SECONDS or following.silent:
        return Fraction(0)
    return min(BREATH_SECONDS, rest / 2)


def _rest(writer: SlotWriter, start: Fraction, end: Fraction, *, breath: Fraction) -> None:
    """A pause from `start` to `end` seconds, of which the last `breath` seconds are a breath."""
    inhale = frame_at(end - breath)
    writer.rest(frame_at(start), inhale, SILENCE)
    writer.rest(inhale, frame_at(end), BREATH)
