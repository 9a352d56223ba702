"""A picture of a score: time in seconds to the right, pitch upwards, words on the notes, the drawn pitch as a line.

SVG is written here; PNG by matplotlib, where it is installed.

Shapes: T points of a line.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import escape
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from visinger.errors import OutputError
from visinger.files import write_text, written_whole
from visinger.score.bars import Bars
from visinger.score.intonation import drawn_pitch, draws_pitch
from visinger.score.score import Part, Score
from visinger.score.summary import pitch_name

PICTURES = (".svg", ".png")
_PIXELS_PER_SECOND, _ROW_PIXELS = 60.0, 12
_MOST_BAR_LINES = 20_000
_WIDEST_SVG_PIXELS, _WIDEST_PNG_PIXELS = 60_000, 30_000  # browsers and matplotlib draw no wider picture
_LEFT, _TOP, _MARGIN = 40, 24, 10
_LINE_STEP_TICKS, _MOST_LINE_POINTS = 10, 50_000
_BLACK_KEYS = (1, 3, 6, 8, 10)
_LANE_PIXELS, _NARROWEST_TEXT_PIXELS = 24, 6
_MOST_SHOWN_NOTES = 2000  # on a notebook's page
_PNG_DPI = 100
_NARROWEST_PNG_PIXELS = 200
_PAPER, _DARK_ROW, _BAR_LINE, _BAR_NUMBER, _KEY_NAME, _WORD = (
    "#fcfcfa", "#efefea", "#d0d0c8", "#999999", "#777777", "#111111"
)  # fmt: skip


@dataclass(frozen=True)
class RollNote:
    """A note as drawn."""

    start_seconds: float
    end_seconds: float
    pitch_midi: int
    text: str
    place: str


@dataclass(frozen=True)
class RollLine:
    """The drawn pitch of a part without a break."""

    seconds: NDArray[np.float64]  # (T)
    pitch_midi: NDArray[np.float64]  # (T)


@dataclass(frozen=True)
class RollVoice:
    """A part as drawn; one without words is pale."""

    hue_degrees: int
    sung: bool
    notes: tuple[RollNote, ...]
    lines: tuple[RollLine, ...]


@dataclass(frozen=True)
class Stretch:
    """A piece of the lane under the notes, a phoneme for instance."""

    start_seconds: float
    end_seconds: float
    text: str


@dataclass(frozen=True)
class Roll:
    """All that a picture shows, in seconds and MIDI pitch."""

    title: str
    seconds: float
    low: int
    high: int
    bar_lines: tuple[float, ...]
    voices: tuple[RollVoice, ...]
    lane: tuple[Stretch, ...] = ()
    pixels_per_second: float = _PIXELS_PER_SECOND


def write_picture(path: str | Path, score: Score) -> tuple[str, ...]:
    """Draw the score; the suffix tells the form. Returns what could not be drawn.

    PNG needs matplotlib (ModuleNotFoundError without it). OutputError for
    another suffix than .svg or .png, or when the disk refuses.
    """
    target = Path(path)
    suffix = target.suffix.lower()
    if suffix not in PICTURES:
        raise OutputError(f"no picture is drawn in '{suffix}'", where=target, remedy="use .svg or .png")
    if suffix == ".png":
        return _write_png(target, _roll(score))
    write_text(target, piano_roll(score))
    return ()


def _roll(score: Score) -> Roll:
    notes = [note for part in score.parts for note in part.notes]
    seconds = score.tempo_map.seconds
    bars = islice(Bars(score.time_signatures).spans(score.length_ticks), _MOST_BAR_LINES)
    # The golden angle keeps the colours of neighbours apart.
    voices = tuple(_voice(part, (210 + 137 * k) % 360, score) for k, part in enumerate(score.parts))
    curves = [line.pitch_midi for voice in voices for line in voice.lines]
    lowest = min([*(n.pitch_midi for n in notes), *(math.floor(p.min()) for p in curves)], default=60)
    highest = max([*(n.pitch_midi for n in notes), *(math.ceil(p.max()) for p in curves)], default=72)
    return Roll(
        title=score.title or "score",
        seconds=float(score.seconds),
        low=lowest - 2,
        high=highest + 2,
        bar_lines=tuple(float(seconds(start)) for start, _, _ in bars),
        voices=voices,
    )


def _voice(part: Part, hue_degrees: int, score: Score) -> RollVoice:
    seconds = score.tempo_map.seconds
    notes = tuple(
        RollNote(
            float(seconds(note.start_tick)),
            float(seconds(note.end_tick)),
            note.pitch_midi,
            note.lyric or "",
            f"{part.name}, bar {note.bar}, {pitch_name(note.pitch_midi)}",
        )
        for note in part.notes
    )
    return RollVoice(hue_degrees, part.sung, notes, tuple(_lines(part, score)) if draws_pitch(part) else ())


def _lines(part: Part, score: Score) -> Iterator[RollLine]:
    last = max([note.end_tick for note in part.notes] + [point.tick for point in part.pitch_curve], default=0)
    step = max(_LINE_STEP_TICKS, last / _MOST_LINE_POINTS)
    ticks = np.arange(0, last + step, step)
    pitch = drawn_pitch(part, score.tempo_map, ticks)
    times = np.array([float(score.tempo_map.seconds(int(tick))) for tick in ticks])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~np.isnan(pitch), [False]]).astype(np.int8)))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - first > 1:
            yield RollLine(times[first:end], pitch[first:end])


# -- SVG ---------------------------------------------------------------------------------------------


def piano_roll(score: Score) -> str:
    """A self-contained SVG."""
    return drawn(_roll(score))


def shown(score: Score) -> str:
    """The roll for a notebook's page, in a frame that scrolls; of a long score its beginning."""
    begun = _begun(score)
    told = "" if begun is score else f"the first {float(begun.seconds):.0f} s of {float(score.seconds):.0f} s"
    return framed(piano_roll(begun), told)


def framed(svg: str, caption: str = "") -> str:
    """HTML around a picture that may be wider and higher than its page."""
    below = f"<div>{escape(caption)}</div>" if caption else ""
    return f'<div style="overflow:auto;max-height:32em">{svg}</div>{below}'


def _begun(score: Score) -> Score:
    """The score up to its note number `_MOST_SHOWN_NOTES`; itself where it has no more."""
    starts = sorted(note.start_tick for part in score.parts for note in part.notes)
    if len(starts) <= _MOST_SHOWN_NOTES:
        return score
    end = max(starts[_MOST_SHOWN_NOTES], 1)
    parts = tuple(
        replace(
            part,
            notes=tuple(note for note in part.notes if note.end_tick <= end),
            pitch_curve=tuple(point for point in part.pitch_curve if point.tick <= end),
        )
        for part in score.parts
    )
    return replace(score, parts=parts, length_ticks=end)


def drawn(roll: Roll) -> str:
    """The SVG of a roll."""
    scale = min(roll.pixels_per_second, _WIDEST_SVG_PIXELS / max(roll.seconds, 1.0))
    width = _LEFT + roll.seconds * scale + _MARGIN
    lane_pixels = _LANE_PIXELS if roll.lane else 0
    height = _TOP + (roll.high - roll.low + 1) * _ROW_PIXELS + lane_pixels + _MARGIN
    board = _Board(roll, scale, bottom=height - _MARGIN - lane_pixels)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="sans-serif" font-size="10">',
        f"<title>{escape(roll.title)}</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="{_PAPER}"/>',
        *board.grid(),
    ]
    for voice in roll.voices:
        lines += board.voice(voice)
    return "\n".join([*lines, *board.lane(), "</svg>", ""])


@dataclass(frozen=True)
class _Board:
    """Where things lie on an SVG."""

    roll: Roll
    scale: float  # pixels a second
    bottom: float  # of the rows

    def x(self, seconds: float) -> float:
        return _LEFT + seconds * self.scale

    def y(self, pitch_midi: float) -> float:
        return _TOP + (self.roll.high - pitch_midi) * _ROW_PIXELS

    def grid(self) -> Iterator[str]:
        """Black keys, octaves' names and bar lines."""
        for pitch in range(self.roll.low, self.roll.high + 1):
            if pitch % 12 in _BLACK_KEYS:
                size = f'width="{self.roll.seconds * self.scale:.1f}" height="{_ROW_PIXELS}"'
                yield f'<rect x="{_LEFT}" y="{self.y(pitch)}" {size} fill="{_DARK_ROW}"/>'
            if pitch % 12 == 0:
                yield f'<text x="4" y="{self.y(pitch) + 10}" fill="{_KEY_NAME}">{pitch_name(pitch)}</text>'
        for number, start in enumerate(self.roll.bar_lines, start=1):
            yield f'<path d="M{self.x(start):.1f} {_TOP}V{self.bottom:.0f}" stroke="{_BAR_LINE}"/>'
            yield f'<text x="{self.x(start) + 2:.1f}" y="{_TOP - 4}" fill="{_BAR_NUMBER}">{number}</text>'

    def voice(self, voice: RollVoice) -> Iterator[str]:
        """Its notes with their words, and its pitch over them."""
        colour = f"hsl({voice.hue_degrees} {'60% 55%' if voice.sung else '15% 80%'})"
        for note in voice.notes:
            start, end = self.x(note.start_seconds), self.x(note.end_seconds)
            size = f'width="{max(end - start - 0.5, 0.5):.1f}" height="{_ROW_PIXELS}"'
            yield (
                f'<rect x="{start:.1f}" y="{self.y(note.pitch_midi)}" {size} rx="2" fill="{colour}">'
                f"<title>{escape(note.place)}</title></rect>"
            )
            if note.text:
                words = escape(note.text)
                yield f'<text x="{start + 2:.1f}" y="{self.y(note.pitch_midi) + 10}" fill="{_WORD}">{words}</text>'
        for line in voice.lines:
            middle = _ROW_PIXELS / 2
            pairs = zip(line.seconds.tolist(), line.pitch_midi.tolist(), strict=True)
            points = " ".join(f"{self.x(s):.1f},{self.y(p) + middle:.1f}" for s, p in pairs)
            stroke = f"hsl({voice.hue_degrees} 70% 25%)"
            yield f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="1.2"/>'

    def lane(self) -> Iterator[str]:
        """What stands under the notes, each between its own edges; a word that has no room is left out."""
        top = self.bottom + 4
        for stretch in self.roll.lane:
            start, end = self.x(stretch.start_seconds), self.x(stretch.end_seconds)
            yield f'<path d="M{start:.1f} {top:.0f}V{top + _ROW_PIXELS:.0f}" stroke="{_BAR_LINE}"/>'
            if end - start >= _NARROWEST_TEXT_PIXELS * len(stretch.text):
                yield f'<text x="{start + 2:.1f}" y="{top + 10:.0f}" fill="{_WORD}">{escape(stretch.text)}</text>'


# -- PNG ---------------------------------------------------------------------------------------------


def _write_png(path: Path, roll: Roll) -> tuple[str, ...]:
    import colorsys

    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    wanted = _LEFT + roll.seconds * _PIXELS_PER_SECOND + _MARGIN
    width = min(max(wanted, _NARROWEST_PNG_PIXELS), _WIDEST_PNG_PIXELS)
    height = _TOP + (roll.high - roll.low + 1) * _ROW_PIXELS + _MARGIN
    figure = Figure(figsize=(width / _PNG_DPI, height / _PNG_DPI), dpi=_PNG_DPI, facecolor=_PAPER)
    FigureCanvasAgg(figure)
    axes = figure.add_axes((_LEFT / width, _MARGIN / height, 1 - (_LEFT + _MARGIN) / width,
                            1 - (_TOP + _MARGIN) / height), facecolor=_PAPER)  # fmt: skip
    for pitch in range(roll.low, roll.high + 1):
        if pitch % 12 in _BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color=_DARK_ROW, linewidth=0)
    axes.vlines(roll.bar_lines, roll.low - 0.5, roll.high + 0.5, color=_BAR_LINE, linewidth=0.7)
    family = _family(" ".join(note.text for voice in roll.voices for note in voice.notes))
    for voice in roll.voices:
        lightness, saturation = (0.55, 0.6) if voice.sung else (0.8, 0.15)
        colour = colorsys.hls_to_rgb(voice.hue_degrees / 360, lightness, saturation)
        spans = [(note.start_seconds, note.end_seconds - note.start_seconds) for note in voice.notes]
        for note, span in zip(voice.notes, spans, strict=True):
            axes.broken_barh([span], (note.pitch_midi - 0.5, 1), color=colour, edgecolor=_PAPER, linewidth=0.5)
            if note.text and family is not None:
                axes.text(note.start_seconds, note.pitch_midi, note.text, color=_WORD, fontsize=7, va="center",
                          family=family, clip_on=True, parse_math=False)  # fmt: skip
        for line in voice.lines:
            dark = colorsys.hls_to_rgb(voice.hue_degrees / 360, 0.25, 0.7)
            axes.plot(line.seconds, line.pitch_midi, color=dark, linewidth=0.9)
    octaves = [pitch for pitch in range(roll.low, roll.high + 1) if pitch % 12 == 0]
    axes.set_yticks(octaves, [pitch_name(pitch) for pitch in octaves], fontsize=7)
    axes.set_xlim(0, max(roll.seconds, 0.1))
    axes.set_ylim(roll.low - 0.5, roll.high + 0.5)
    axes.tick_params(labelsize=7)
    with written_whole(path) as aside:
        figure.savefig(aside, format="png", metadata={"Software": None})
    return () if family is not None else ("no installed font has all of the words' characters; the .svg shows them",)


def _family(text: str) -> list[str] | None:
    """Fonts that together have every character; None where no installed one does, and then no words are drawn."""
    from matplotlib import font_manager

    wanted = {ord(character) for character in text if not character.isspace()}
    default = font_manager.findfont("DejaVu Sans")
    chosen, lacking = ["DejaVu Sans"], wanted - set(font_manager.get_font(default).get_charmap())
    for font in font_manager.fontManager.ttflist:
        if not lacking:
            break
        if "CJK" in font.name or "Gothic" in font.name or "Sans" in font.name:
            found = lacking & set(font_manager.get_font(font.fname).get_charmap())
            if found:
                chosen.append(font.name)
                lacking -= found
    return None if lacking else chosen
