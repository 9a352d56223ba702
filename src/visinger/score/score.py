"""The score: what a composer wrote, in integer ticks (480 to the quarter note).

A `Score` is already unfolded (repeats and endings written out), its ties are
merged and its transposing instruments sound at concert pitch. Times in seconds
are exact fractions of the tempo map, so nothing drifts, however long the song.
"""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path

from visinger.units import TICKS_PER_QUARTER

LONGEST_NOTE_SECONDS = 600  # ten minutes
LONGEST_SCORE_SECONDS = 36_000  # ten hours
SLOWEST_BPM, FASTEST_BPM = 5, 1000
GLIDE_SHAPES = ("linear", "sine", "slow-start", "slow-end")


@dataclass(frozen=True)
class Tempo:
    """From `tick` on, `quarters_per_minute` quarter notes pass in a minute."""

    tick: int
    quarters_per_minute: Fraction


@dataclass(frozen=True)
class TempoMap:
    """Piecewise constant tempo; the first entry stands at tick 0."""

    tempos: tuple[Tempo, ...] = (Tempo(0, Fraction(120)),)

    @cached_property
    def _starts(self) -> tuple[list[int], list[Fraction], list[Fraction]]:
        """Of each tempo its first tick, that tick's time, and the seconds of a tick."""
        a_tick = [Fraction(60, TICKS_PER_QUARTER) / tempo.quarters_per_minute for tempo in self.tempos]
        seconds, at = [Fraction(0)], Fraction(0)
        for here, following, each in zip(self.tempos, self.tempos[1:], a_tick, strict=False):
            at += (following.tick - here.tick) * each
            seconds.append(at)
        return [tempo.tick for tempo in self.tempos], seconds, a_tick

    def seconds(self, tick: int) -> Fraction:
        """The exact time of a tick."""
        ticks, seconds, a_tick = self._starts
        k = bisect_right(ticks, tick) - 1
        return seconds[k] + (tick - ticks[k]) * a_tick[k]

    def scaled(self, factor: Fraction | float) -> "TempoMap":
        """The same map, `factor` times as fast."""
        faster = Fraction(factor).limit_denominator(10_000)
        return TempoMap(tuple(Tempo(t.tick, t.quarters_per_minute * faster) for t in self.tempos))


@dataclass(frozen=True)
class TimeSignature:
    """From `tick` on (the start of `bar`), bars of `beats` over `beat_unit`."""

    tick: int
    beats: int
    beat_unit: int


@dataclass(frozen=True)
class GlidePoint:
    """A point of the line along which an editor leads the pitch into a note.

    `ms` counts from the note's onset (negative: before it), `cents` from the
    note's own pitch. `shape` is the way to the next point, one of GLIDE_SHAPES:
    a straight line, a half sine (slow at both ends), slow at its start or at its end.
    """

    ms: float
    cents: float
    shape: str = "linear"


@dataclass(frozen=True)
class Vibrato:
    """A sine wave in the pitch over the last `share` of a note.

    Its depth grows over `fade_in` and dies away over `fade_out`, shares of the
    vibrato itself.
    """

    share: float
    period_ms: float
    depth_cents: float  # from the middle to the crest
    fade_in: float = 0.0
    fade_out: float = 0.0
    phase: float = 0.0  # in periods; at 0 the pitch first rises from the middle
    offset_cents: float = 0.0  # of the middle from the note


@dataclass(frozen=True)
class Note:
    """One sounding note of one voice.

    `lyric` is the text of the syllable that starts here; `None` continues the
    syllable before (melisma, slur); `+` sings the next syllable of the word
    before, where the language parts it, and else holds. `bar` and `beat`
    (1-based, as printed in the source) place it in messages.
    """

    start_tick: int
    duration_ticks: int
    pitch_midi: int
    lyric: str | None = None
    syllabic: str = "single"  # single | begin | middle | end
    phonemes: tuple[str, ...] = ()  # typed by the user; overrides the lyric's spelling
    breath_after: bool = False
    staccato: bool = False
    bar: str = "1"
    beat: Fraction = Fraction(1)
    tuning_cents: float = 0.0  # off the semitone
    phoneme_hint: tuple[str, ...] = ()  # the editor's own spelling in its own alphabet; an opinion, unlike `phonemes`
    language: str = ""  # where the source says it of this note; "zh", "ja", "en" …
    glide: tuple[GlidePoint, ...] = ()
    vibrato: Vibrato | None = None

    @property
    def end_tick(self) -> int:
        return self.start_tick + self.duration_ticks


@dataclass(frozen=True)
class LevelPoint:
    """A point of the dynamics curve; between points the level moves in a straight line (dB).

    mf is 0 dB; a step is two points at one tick.
    """

    tick: int
    level_db: float


@dataclass(frozen=True)
class PitchPoint:
    """A point of a pitch curve: the sounding pitch, fractional; straight (in semitones) to the next point.

    `None` ends a drawn stretch: until the next point with a pitch nothing is drawn.
    """

    tick: int
    pitch_midi: float | None


@dataclass(frozen=True)
class BendPoint:
    """A point of a bend, which is added to the pitch of the notes: straight to the next point, 0 outside the points.

    A step is two points at one tick.
    """

    tick: int
    cents: float


@dataclass(frozen=True)
class Part:
    """One singer's line: notes in time order, none overlapping.

    `visinger.score.intonation` puts notes, glides, vibrato, bend and pitch
    curve together as the editor that drew them would sing them.
    """

    name: str
    notes: tuple[Note, ...]
    dynamics: tuple[LevelPoint, ...] = ()
    verses: tuple[int, ...] = ()  # numbers of the verses that the source holds
    language: str = ""  # as the source's voice is set; the words may be of another
    pitch_curve: tuple[PitchPoint, ...] = ()  # the exact pitch, where the source has it
    bend: tuple[BendPoint, ...] = ()

    @property
    def sung(self) -> bool:
        return any(note.lyric or note.phonemes for note in self.notes)


@dataclass(frozen=True)
class Score:
    """Parts over one tempo map. `length_ticks` ends the last bar, rests included."""

    parts: tuple[Part, ...]
    tempo_map: TempoMap = field(default_factory=TempoMap)
    time_signatures: tuple[TimeSignature, ...] = (TimeSignature(0, 4, 4),)
    length_ticks: int = 0
    title: str = ""
    language: str = ""  # "zh", "ja"; empty: told from the lyrics
    bars: int = 0  # as performed, repeats counted each time
    doubts: tuple[str, ...] = ()  # what the reader mended or passed over, each with its place
    path: Path | None = field(default=None, compare=False)  # where it was read; no part of what it says

    @property
    def seconds(self) -> Fraction:
        """The exact length of the song."""
        return self.tempo_map.seconds(self.length_ticks)

    def _repr_html_(self) -> str:
        """A piano roll for notebooks."""
        from visinger.score.picture import shown  # it draws scores, so it knows them first

        return shown(self)

    def transposed(self, semitones: int) -> "Score":
        parts = tuple(
            replace(
                part,
                notes=tuple(replace(n, pitch_midi=n.pitch_midi + semitones) for n in part.notes),
                pitch_curve=tuple(
                    PitchPoint(p.tick, None if p.pitch_midi is None else p.pitch_midi + semitones)
                    for p in part.pitch_curve
                ),
            )
            for part in self.parts
        )
        return replace(self, parts=parts)

    def at_tempo(self, factor: Fraction | float) -> "Score":
        return replace(self, tempo_map=self.tempo_map.scaled(factor))
