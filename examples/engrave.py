"""Engraves the example songs: songs/NAME.song → NAME.musicxml and NAME.mid.

    python examples/engrave.py [FOLDER]

A .song file has `key: value` lines, an empty line, then lines of notes (`n`)
each followed by its words (`w`; `2` for a second verse, `_` = no new syllable).

    A4 F#4:1/2 R:2   a quarter note, an eighth, a half rest (lengths in quarters)
    ~ ( ) , ^        after a note: tie, slur starts, slur ends, breath, fermata
    @76 mf < > !     before a note: tempo, dynamics, hairpin starts, hairpin ends
    |: | :|          bar lines; a first bar that is short is a pick-up
"""

import re
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from visinger import score

HERE = Path(__file__).resolve().parent
DIVISIONS = 4  # of a quarter note
TYPES = {
    **{Fraction(4): ("whole", 0), Fraction(3): ("half", 1), Fraction(2): ("half", 0)},
    **{Fraction(3, 2): ("quarter", 1), Fraction(1): ("quarter", 0), Fraction(3, 4): ("eighth", 1)},
    **{Fraction(1, 2): ("eighth", 0), Fraction(1, 4): ("16th", 0)},
}
NOTE = re.compile(r"(R|[A-G][#b]?\d)(?::(\d+(?:/\d+)?))?([~(),^]*)")
MARK = re.compile(r"@\d+|[pmf]{1,3}|[<>!]")


@dataclass
class Symbol:
    """One note or rest with what stands before it."""

    name: str  # "R" or step, accidental, octave
    quarters: Fraction
    signs: str
    marks: list[str]
    tied: bool  # goes on from the note before
    syllables: dict[int, str] = field(default_factory=dict)  # verse → text
    held: set[int] = field(default_factory=set)  # verses whose syllable goes on over the next note


@dataclass
class Song:
    """The header and the bars; bar lines by the number of the bar they open or close."""

    header: dict[str, str]
    bars: list[list[Symbol]]
    repeat_starts: set[int]
    repeat_ends: set[int]


def read_song(path: Path) -> Song:
    """Parse a .song file; a bar of a wrong length or a word too many is a ValueError."""
    head, body = path.read_text(encoding="utf-8").split("\n\n", 1)
    song = Song(dict(line.split(": ", 1) for line in head.splitlines()), [], set(), set())
    line_of_notes: list[Symbol] = []
    tied = False
    for line in body.splitlines():
        kind, _, text = line.partition(" ")
        if kind == "n":
            first = len(song.bars)
            tied = read_notes(text, song, tied)
            line_of_notes = [symbol for bar in song.bars[first:] for symbol in bar]
        elif kind in ("w", "2"):
            give_words(line_of_notes, text.split(), 2 if kind == "2" else 1, path.name)
    check_lengths(song, path.name)
    return song


def read_notes(text: str, song: Song, tied: bool) -> bool:
    """Append the bars of a line; returns whether its last note is tied on."""
    bar: list[Symbol] = []
    marks: list[str] = []
    for token in text.split():
        if token in ("|", "|:", ":|"):
            if bar:
                song.bars.append(bar)
                bar = []
            if token == "|:":
                song.repeat_starts.add(len(song.bars))
            elif token == ":|":
                song.repeat_ends.add(len(song.bars) - 1)
        elif MARK.fullmatch(token):
            marks.append(token)
        elif match := NOTE.fullmatch(token):
            bar.append(Symbol(match[1], Fraction(match[2] or 1), match[3], marks, tied))
            marks, tied = [], "~" in match[3]
        else:
            raise ValueError(f"what is {token!r}?")
    return tied


def give_words(symbols: list[Symbol], words: list[str], verse: int, name: str) -> None:
    """Put each word under its note; tied notes and rests take none."""
    takers = [s for s in symbols if s.name != "R" and not s.tied]
    if len(takers) != len(words):
        raise ValueError(f"{name}: {len(words)} words for {len(takers)} notes: {' '.join(words)}")
    for k, (symbol, word) in enumerate(zip(takers, words, strict=True)):
        if word != "_":
            symbol.syllables[verse] = word
        elif k and verse in takers[k - 1].syllables:
            takers[k - 1].held.add(verse)


def check_lengths(song: Song, name: str) -> None:
    """Every bar is as long as the time signature; a pick-up and the last bar make one together."""
    beats, unit = (int(n) for n in song.header["time"].split("/"))
    full = Fraction(4 * beats, unit)
    lengths = [sum(symbol.quarters for symbol in bar) for bar in song.bars]
    expected = [full] * len(lengths)
    if lengths[0] < full:
        expected[0], expected[-1] = lengths[0], full - lengths[0]
    wrong = [k + 1 for k, (is_now, should) in enumerate(zip(lengths, expected, strict=True)) if is_now != should]
    if wrong:
        raise ValueError(f"{name}: bars {wrong} have a wrong length")


def musicxml(song: Song) -> bytes:
    """The song as a MusicXML 4.0 document."""
    root = Element("score-partwise", version="4.0")
    SubElement(SubElement(root, "work"), "work-title").text = song.header["title"]
    identification = SubElement(root, "identification")
    for role in ("composer", "lyricist"):
        SubElement(identification, "creator", type=role).text = song.header[role]
    SubElement(identification, "rights").text = "Public domain; see README.md"
    language = {"{http://www.w3.org/XML/1998/namespace}lang": song.header["language"]}
    SubElement(SubElement(root, "defaults"), "lyric-language", language)
    listed = SubElement(SubElement(root, "part-list"), "score-part", id="P1")
    SubElement(listed, "part-name").text = "Voice"
    part = SubElement(root, "part", id="P1")
    pickup = sum(s.quarters for s in song.bars[0]) < sum(s.quarters for s in song.bars[1])
    for k, bar in enumerate(song.bars):
        number = {"number": str(k if pickup else k + 1)}
        measure = SubElement(part, "measure", {**number, "implicit": "yes"} if pickup and k == 0 else number)
        if k == 0:
            add_attributes(measure, song.header)
        add_barline(measure, "left", "forward" if k in song.repeat_starts else "")
        for symbol in bar:
            for mark in symbol.marks:
                add_direction(measure, mark)
            add_note(measure, symbol)
        add_barline(measure, "right", "backward" if k in song.repeat_ends else "", last=k + 1 == len(song.bars))
    ElementTree.indent(root, " ")
    doctype = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE score-partwise PUBLIC '
        '"-//Recordare//DTD MusicXML 4.0 Partwise//EN" "http://www.musicxml.org/dtds/partwise.dtd">\n'
    )
    return doctype.encode() + ElementTree.tostring(root, encoding="utf-8") + b"\n"


def add_attributes(measure: Element, header: dict[str, str]) -> None:
    """Divisions, key, time, clef; the tempo stands above the first note."""
    attributes = SubElement(measure, "attributes")
    SubElement(attributes, "divisions").text = str(DIVISIONS)
    key = SubElement(attributes, "key")
    SubElement(key, "fifths").text, SubElement(key, "mode").text = header["key"].split()
    time = SubElement(attributes, "time")
    SubElement(time, "beats").text, SubElement(time, "beat-type").text = header["time"].split("/")
    clef = SubElement(attributes, "clef")
    SubElement(clef, "sign").text, SubElement(clef, "line").text = "G", "2"
    add_direction(measure, "@" + header["tempo"])


def add_barline(measure: Element, location: str, repeat: str, *, last: bool = False) -> None:
    """A repeat sign or the final double bar; nothing where the bar line is plain."""
    if not repeat and not last:
        return
    barline = SubElement(measure, "barline", location=location)
    SubElement(barline, "bar-style").text = "heavy-light" if location == "left" else "light-heavy"
    if repeat:
        SubElement(barline, "repeat", direction=repeat)


def add_direction(measure: Element, mark: str) -> None:
    """A tempo, a dynamic or an end of a hairpin."""
    tempo = mark.startswith("@")
    direction = SubElement(measure, "direction", placement="above" if tempo else "below")
    kind = SubElement(direction, "direction-type")
    if tempo:
        metronome = SubElement(kind, "metronome")
        SubElement(metronome, "beat-unit").text = "quarter"
        SubElement(metronome, "per-minute").text = mark[1:]
        SubElement(direction, "sound", tempo=mark[1:])
    elif mark in "<>!":
        SubElement(kind, "wedge", type={"<": "crescendo", ">": "diminuendo", "!": "stop"}[mark])
    else:
        SubElement(SubElement(kind, "dynamics"), mark)


def add_note(measure: Element, symbol: Symbol) -> None:
    """A note or rest, its signs and its words, in the order that the format asks for."""
    note = SubElement(measure, "note")
    if symbol.name == "R":
        SubElement(note, "rest")
    else:
        pitch = SubElement(note, "pitch")
        SubElement(pitch, "step").text = symbol.name[0]
        if len(symbol.name) == 3:
            SubElement(pitch, "alter").text = {"#": "1", "b": "-1"}[symbol.name[1]]
        SubElement(pitch, "octave").text = symbol.name[-1]
    SubElement(note, "duration").text = str(symbol.quarters * DIVISIONS)
    ties = [kind for kind, there in (("stop", symbol.tied), ("start", "~" in symbol.signs)) if there]
    for kind in ties:
        SubElement(note, "tie", type=kind)
    SubElement(note, "voice").text = "1"
    name, dots = TYPES[symbol.quarters]
    SubElement(note, "type").text = name
    for _ in range(dots):
        SubElement(note, "dot")
    add_notations(note, symbol, ties)
    for verse, text in symbol.syllables.items():
        lyric = SubElement(note, "lyric", number=str(verse))
        SubElement(lyric, "syllabic").text = "single"
        SubElement(lyric, "text").text = text
        if verse in symbol.held:
            SubElement(lyric, "extend")


def add_notations(note: Element, symbol: Symbol, ties: list[str]) -> None:
    """Ties, slurs, fermata and breath mark."""
    notations = Element("notations")
    for kind in ties:
        SubElement(notations, "tied", type=kind)
    for sign, kind in ((")", "stop"), ("(", "start")):
        if sign in symbol.signs:
            SubElement(notations, "slur", type=kind, number="1")
    if "^" in symbol.signs:
        SubElement(notations, "fermata", type="upright")
    if "," in symbol.signs:
        SubElement(SubElement(notations, "articulations"), "breath-mark")
    if len(notations):
        note.append(notations)


def engrave(folder: Path) -> list[Path]:
    """Write every song as MusicXML and as MIDI; returns the files."""
    files = []
    for source in sorted((HERE / "songs").glob("*.song")):
        sheet = folder / f"{source.stem}.musicxml"
        sheet.write_bytes(musicxml(read_song(source)))
        score.write_midi(sheet.with_suffix(".mid"), score.read(sheet))
        files += [sheet, sheet.with_suffix(".mid")]
    return files


if __name__ == "__main__":
    for file in engrave(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE):
        sys.stdout.write(f"{file}\n")
