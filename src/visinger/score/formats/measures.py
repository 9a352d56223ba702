"""Reads the bars of one MusicXML part as they are written: notes, marks and repeat signs."""

import re
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element

from visinger.errors import ScoreError, at_bar
from visinger.score.bounds import check_pitch
from visinger.score.formats import marks
from visinger.score.formats.doubts import Doubts
from visinger.score.formats.numerals import decimal, integer, note_value, number_list
from visinger.score.formats.written import Grace, Lyric, WrittenMeasure, WrittenNote
from visinger.score.lyrics import cleaned, joined

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
FINEST_DIVISIONS = 10**6
MOST_VERSES = 99
_SYLLABIC = {(True, True): "single", (True, False): "begin", (False, True): "end", (False, False): "middle"}


class PartReader:
    """Walks one `<part>`; remembers what stays in force from bar to bar."""

    def __init__(self, path: Path, doubts: Doubts, *, name: str = "", concert_pitch: bool = False) -> None:
        self.path, self.doubts, self.name, self.concert_pitch = path, doubts, name, concert_pitch
        self.divisions = Fraction(1)
        self.signature: tuple[int, int] | None = (4, 4)
        self.transpositions: dict[str, int] = {}
        self.verse_names: dict[str, int] = {}
        self.measures: list[WrittenMeasure] = []
        self.cursor = Fraction(0)
        self.at = Fraction(0)  # the place that messages name
        self.now = WrittenMeasure("1", implicit=False)
        self.last_note: WrittenNote | None = None  # the one that <chord/> adds to

    def read(self, part: Element) -> list[WrittenMeasure]:
        """All bars of the part, in written order."""
        for element in part:
            if element.tag == "measure":
                self._measure(element)
        return self.measures

    def _measure(self, element: Element) -> None:
        number = (element.get("number") or str(len(self.measures) + 1))[:20]
        self.now = WrittenMeasure(number, implicit=element.get("implicit") == "yes", signature=self.signature)
        self.cursor, self.last_note = Fraction(0), None
        self.measures.append(self.now)
        for child in element:
            self.at = self.cursor
            if child.tag == "note":
                self._note(child)
            elif child.tag in ("backup", "forward"):
                self._move(child)
            elif child.tag == "attributes":
                self._attributes(child)
            elif child.tag == "direction":
                marks.read_direction(child, self.now, self.cursor, self.divisions, self)
            elif child.tag == "sound":
                marks.read_sound(child, self.now, self.cursor, self.divisions, self)
            elif child.tag == "barline":
                before = self.measures[-2] if len(self.measures) > 1 else None
                marks.read_barline(child, self.now, before, self.doubts)
        self.now.signature = self.signature

    # -- places ----------------------------------------------------------------------------------

    def beat(self) -> Fraction:
        """The 1-based beat of what is being read."""
        unit = self.signature[1] if self.signature else 4
        return 1 + self.at * unit / 4

    def place(self) -> str:
        return at_bar(self.path, self.now.number, self.beat())

    def refuse(self, problem: str, remedy: str) -> NoReturn:
        raise ScoreError(problem, where=self.place(), remedy=remedy)

    def doubt(self, message: str) -> None:
        self.doubts.add(f"{self.name}: {message}" if self.name else message, self.now.number, self.beat())

    # -- attributes and the cursor ---------------------------------------------------------------

    def _attributes(self, element: Element) -> None:
        divisions = element.findtext("divisions")
        if divisions is not None:
            value = decimal(divisions)
            if value is None or not 0 < value <= FINEST_DIVISIONS:
                shown = divisions.strip()[:20]
                self.refuse(f"divisions of {shown!r}", f"a number from 1 to {FINEST_DIVISIONS} is expected")
            self.divisions = value
        time = element.find("time")
        if time is not None:
            self._time(time)
        for transpose in element.iterfind("transpose"):
            chromatic = decimal(transpose.findtext("chromatic")) or Fraction(0)
            octaves = integer(transpose.findtext("octave-change")) or 0
            self.transpositions[transpose.get("number", "")] = round(chromatic) + 12 * octaves

    def _time(self, time: Element) -> None:
        """A time signature; `3+2` and several pairs are added up over one beat unit."""
        if time.find("senza-misura") is not None:
            self.signature = None
            return
        pairs = []
        for beats, unit in zip(time.iterfind("beats"), time.iterfind("beat-type"), strict=False):
            counts = [integer(text) for text in (beats.text or "").split("+")]
            below = integer(unit.text)
            if below not in (1, 2, 4, 8, 16, 32, 64, 128) or any(c is None or not 0 < c <= 256 for c in counts):
                self.doubt("a time signature that cannot be read is passed over")
                return
            pairs.append((sum(c for c in counts if c), below))
        if pairs:
            finest = max(unit for _, unit in pairs)
            self.signature = (sum(beats * finest // unit for beats, unit in pairs), finest)

    def _duration(self, element: Element) -> Fraction | None:
        text = element.findtext("duration")
        if text is None:
            return None
        value = decimal(text)
        if value is None or value < 0:
            self.refuse(f"a duration of {text.strip()[:20]!r}", "a number of divisions is expected")
        return value / self.divisions

    def _move(self, element: Element) -> None:
        distance = self._duration(element) or Fraction(0)
        if element.tag == "forward":
            self.cursor += distance
            self.now.length = max(self.now.length, self.cursor)
            return
        self.last_note = None
        if distance > self.cursor:
            self.doubt("a <backup> reaches before its bar; it stops at the bar line")
        self.cursor = max(self.cursor - distance, Fraction(0))

    # -- notes -----------------------------------------------------------------------------------

    def _note(self, element: Element) -> None:
        grace = element.find("grace")
        quarters = Fraction(0) if grace is not None else self._length(element)
        in_chord = element.find("chord") is not None and self.last_note is not None
        onset = self.last_note.onset if in_chord and self.last_note else self.cursor
        self.at = onset
        if in_chord and self.last_note:
            quarters = min(quarters, self.last_note.quarters)  # a chord's notes are no longer than its first
        else:
            self.cursor = onset + quarters
            self.now.length = max(self.now.length, self.cursor)
        note = self._spelt(element, grace, onset, quarters)
        if note is None:
            if not in_chord:
                self.last_note = None
            return
        if in_chord and self.last_note and self.now.notes and note.voice == self.last_note.voice:
            self.now.notes.pop()
            note = self._chord(self.last_note, note)
        self.now.notes.append(note)
        self.last_note = note

    def _length(self, element: Element) -> Fraction:
        """How long a note sounds; told from its printed value where no duration is given."""
        quarters = self._duration(element)
        if quarters:
            return quarters
        rest = element.find("rest")
        if rest is not None and (rest.get("measure") == "yes" or element.find("type") is None):
            return quarters if quarters is not None else (self.now.nominal or Fraction(0))
        printed = note_value(element)
        if printed and element.find("cue") is None:
            self.doubt("a note without a duration gets the length of its printed value")
        return printed or Fraction(0)

    def _chord(self, first: WrittenNote, second: WrittenNote) -> WrittenNote:
        self.doubt("of a chord the highest note is taken")
        high, low = (first, second) if (first.pitch_midi or -1) >= (second.pitch_midi or -1) else (second, first)
        return replace(
            high,
            onset=first.onset,
            quarters=first.quarters,
            lyrics={**low.lyrics, **high.lyrics},
            breath_after=first.breath_after or second.breath_after,
            staccato=first.staccato or second.staccato,
            fermata=first.fermata or second.fermata,
        )

    def _spelt(
        self, element: Element, grace: Element | None, onset: Fraction, quarters: Fraction
    ) -> WrittenNote | None:
        """The note at `onset`, or None where there is nothing to sing or wait for."""
        if element.find("cue") is not None:
            self.doubt("cue notes are passed over")
            return None
        if element.find("unpitched") is not None:
            self.doubt("unpitched notes are passed over")
            return None
        staff = (element.findtext("staff") or "").strip()
        pitch = None if element.find("rest") is not None else self._pitch(element, staff)
        if pitch is None and grace is not None:
            return None
        ties = {tie.get("type") for tie in (*element.iterfind("tie"), *element.iterfind("notations/tied"))}
        articulations = {mark.tag for group in element.iterfind("notations/articulations") for mark in group}
        for dynamics in element.iterfind("notations/dynamics"):
            marks.read_dynamics(dynamics, self.now, onset, staff)
        return WrittenNote(
            onset=onset,
            quarters=quarters,
            pitch_midi=pitch,
            voice=(element.findtext("voice") or "").strip()[:20] or staff or "1",
            staff=staff,
            lyrics=self._lyrics(element),
            tied_back="stop" in ties,
            tied_on="start" in ties,
            grace=_grace(element, grace) if grace is not None else None,
            breath_after=bool(articulations & {"breath-mark", "caesura"}),
            staccato=bool(articulations & {"staccato", "staccatissimo"}),
            fermata=element.find("notations/fermata") is not None,
            rounds=frozenset(_rounds(element)),
        )

    def _pitch(self, element: Element, staff: str) -> int | None:
        pitch = element.find("pitch")
        if pitch is None:
            self.doubt("a note without a pitch is passed over")
            return None
        step = SEMITONES.get((pitch.findtext("step") or "").strip().upper())
        octave = integer(pitch.findtext("octave"))
        if step is None or octave is None or not -10 <= octave <= 20:
            self.refuse("a pitch without a step A to G or an octave", "correct the <pitch>")
        alter = decimal(pitch.findtext("alter")) or Fraction(0)
        if alter.denominator != 1:
            self.doubt("a microtone is sung as the nearest semitone")
        written = 12 * (octave + 1) + step + round(alter)
        if not self.concert_pitch:
            written += self.transpositions.get(staff, self.transpositions.get("", 0))
        check_pitch(written, self.place())
        return written

    # -- words -----------------------------------------------------------------------------------

    def _lyrics(self, element: Element) -> dict[int, Lyric]:
        lyrics: dict[int, Lyric] = {}
        for entry in element.iterfind("lyric"):
            lyric = _lyric(entry)
            if lyric is None:
                if entry.find("humming") is not None or entry.find("laughing") is not None:
                    self.doubt("humming and laughing are not sung")
                continue
            # Some programs say the round of a repeat instead of numbering the lines.
            for verse in _rounds(entry) or (self._verse(entry.get("number")),):
                if verse in lyrics:
                    self.doubt(f"a second lyric line numbered {verse} is passed over")
                else:
                    lyrics[verse] = lyric
        return lyrics

    def _verse(self, number: str | None) -> int:
        """The verse that a lyric's number means; names such as `part1verse2` end in it."""
        text = (number or "1").strip()
        if text not in self.verse_names:
            digits = re.search(r"(\d{1,3})$", text)
            found = int(digits.group(1)) if digits else len(set(self.verse_names.values())) + 1
            self.verse_names[text] = min(max(found, 1), MOST_VERSES)
        return self.verse_names[text]


def _rounds(element: Element) -> tuple[int, ...]:
    """The rounds of a repeat for which alone something is printed (`time-only="1, 2"`); empty where for all."""
    return tuple(number_list(element.get("time-only", "")))


def _lyric(entry: Element) -> Lyric | None:
    """The text of a `<lyric>`, elided syllables joined; None where it only holds or laughs."""
    text, syllabics, extends = "", [], False
    for child in entry:
        if child.tag == "text":
            text = joined(text, cleaned(child.text or ""))
        elif child.tag == "syllabic":
            syllabics.append((child.text or "").strip())
        elif child.tag == "extend":
            extends = True
    if not text:
        return None
    first, last = (syllabics[0], syllabics[-1]) if syllabics else ("single", "single")
    return Lyric(text, _SYLLABIC[first not in ("middle", "end"), last not in ("begin", "middle")], extends)


def _grace(element: Element, grace: Element) -> Grace:
    return Grace(
        slashed=grace.get("slash") == "yes",
        from_previous=grace.get("steal-time-previous") is not None,
        written_quarters=note_value(element) or Fraction(1, 2),
    )
