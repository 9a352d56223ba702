"""A MusicXML part as it is written, bar by bar, before repeats are taken and voices are parted.

Positions are exact fractions of a quarter note from the start of the bar.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction


@dataclass(frozen=True)
class Lyric:
    """One syllable (or several elided ones) under one note."""

    text: str
    syllabic: str = "single"
    extends: bool = False  # an extender line follows: the syllable is held over the next notes


@dataclass(frozen=True)
class Grace:
    """How a grace note takes its time; `written_quarters` is the value of its note head."""

    slashed: bool
    from_previous: bool
    written_quarters: Fraction


@dataclass(frozen=True)
class WrittenNote:
    """A note or rest of one voice; chords are already reduced to their highest note."""

    onset: Fraction
    quarters: Fraction  # 0 for grace notes
    pitch_midi: int | None  # sounding; None for a rest
    voice: str = "1"
    staff: str = ""
    lyrics: Mapping[int, Lyric] = field(default_factory=dict)  # verse number → syllable
    tied_back: bool = False
    tied_on: bool = False
    grace: Grace | None = None
    breath_after: bool = False
    staccato: bool = False
    fermata: bool = False
    rounds: frozenset[int] = frozenset()  # of a repeat, in which alone it is sung; empty: in all


@dataclass(frozen=True)
class Mark:
    """A tempo, modulation, level, accent or wedge mark at a place in a bar.

    `value` is in quarter notes per minute for "tempo", a factor for
    "modulation", decibels for "level" and "accent"; for "wedge" it is +1, -1 or
    0 (stop), and `number` tells overlapping wedges apart.
    """

    onset: Fraction
    kind: str
    value: Fraction
    staff: str = ""
    number: str = "1"


@dataclass
class Road:
    """The repeat signs of one bar."""

    forward: bool = False
    backward_times: int = 0  # 0: no repeat sign at the end; 2: sung twice
    after_jump: bool = False  # the repeat is taken after D.C. and D.S. too
    ending: frozenset[int] = frozenset()  # numbers of the ending that starts here
    ending_stops: bool = False
    segno: str = ""
    coda: str = ""
    to_coda: str = ""
    dal_segno: str = ""
    da_capo: bool = False
    fine: bool = False


@dataclass
class WrittenMeasure:
    """One bar of one part."""

    number: str
    implicit: bool
    signature: tuple[int, int] | None = None  # beats, beat unit; None: senza misura
    length: Fraction = Fraction(0)  # as far as its notes and rests reach
    notes: list[WrittenNote] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)
    road: Road = field(default_factory=Road)

    @property
    def nominal(self) -> Fraction | None:
        """The length that the time signature gives a bar."""
        return Fraction(4 * self.signature[0], self.signature[1]) if self.signature else None
