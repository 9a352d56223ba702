"""A picture of a score: time in seconds to the right, pitch upwards, words on the notes, the drawn pitch as a line.

SVG is written here; PNG by matplotlib, where it is installed.

Shapes: T points of a line.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
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
_PNG_DPI = 100
_NARROWEST_PNG_PIXELS = 200
_PAPER, _DARK_ROW, _BAR_LINE, _BAR_NUMBER, _KEY_NAME, _WORD = (
    "#fcfcfa", "#efefea", "#d0d0c8", "#999999", "#777777", "#111111"
)  # fmt: skip


@dataclass(frozen=True)
class _Bar:
    """A note as drawn."""

    start_seconds: float
    end_seconds: float
    pitch_midi: int
    text: str
    place: str


@dataclass(frozen=True)
class _Line:
    """The drawn pitch of a part without a break."""

    seconds: NDArray[np.float64]  # (T)
    pitch_midi: NDArray[np.float64]  # (T)


@dataclass(frozen=True)
class _Voice:
    """A part as drawn; one without words is pale."""

    hue_degrees: int
    sung: bool
    notes: tuple[_Bar, ...]
    lines: tuple[_Line, ...]


@dataclass(frozen=True)
class _Roll:
    """All that a picture shows, in seconds and MIDI pitch."""

    title: str
    seconds: float
    low: int
    high: int
    bar_lines: tuple[float, ...]
    voices: tuple[_Voice, ...]


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


def _roll(score: Score) -> _Roll:
    notes = [note for part in score.parts for note in part.notes]
    seconds = score.tempo_map.seconds
    bars = islice(Bars(score.time_signatures).spans(score.length_ticks), _MOST_BAR_LINES)
    # The golden angle keeps the colours of neighbours apart.
    voices = tuple(_voice(part, (210 + 137 * k) % 360, score) for k, part in enumerate(score.parts))
    drawn = [line.pitch_midi for voice in voices for line in voice.lines]
    lowest = min([*(n.pitch_midi for n in notes), *(math.floor(p.min()) for p in drawn)], default=60)
    highest = max([*(n.pitch_midi for n in notes), *(math.ceil(p.max()) for p in drawn)], default=72)
    return _Roll(
        title=score.title or "score",
        seconds=float(score.seconds),
        low=lowest - 2,
        high=highest + 2,
        bar_lines=tuple(float(seconds(start)) for start, _, _ in bars),
        voices=voices,
    )


def _voice(part: Part, hue_degrees: int, score: Score) -> _Voice:
    seconds = score.tempo_map.seconds
    notes = tuple(
        _Bar(
            float(seconds(note.start_tick)),
            float(seconds(note.end_tick)),
            note.pitch_midi,
            note.lyric or "",
            f"{part.name}, bar {note.bar}, {pitch_name(note.pitch_midi)}",
        )
        for note in part.notes
    )
    return _Voice(hue_degrees, part.sung, notes, tuple(_lines(part, score)) if draws_pitch(part) else ())


def _lines(part: Part, score: Score) -> Iterator[_Line]:
    last = max([note.end_tick for note in part.notes] + [point.tick for point in part.pitch_curve], default=0)
    step = max(_LINE_STEP_TICKS, last / _MOST_LINE_POINTS)
    ticks = np.arange(0, last + step, step)
    pitch = drawn_pitch(part, score.tempo_map, ticks)
    times = np.array([float(score.tempo_map.seconds(int(tick))) for tick in ticks])
    edges = np.flatnonzero(np.diff(np.concatenate([[False], ~np.isnan(pitch), [False]]).astype(np.int8)))
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if end - first > 1:
            yield _Line(times[first:end], pitch[first:end])


# -- SVG ---------------------------------------------------------------------------------------------


def piano_roll(score: Score) -> str:
    """A self-contained SVG."""
    roll = _roll(score)
    scale = min(_PIXELS_PER_SECOND, _WIDEST_SVG_PIXELS / max(roll.seconds, 1.0))
    width = _LEFT + roll.seconds * scale + _MARGIN
    height = _TOP + (roll.high - roll.low + 1) * _ROW_PIXELS + _MARGIN

    def x(seconds: float) -> float:
        return _LEFT + seconds * scale

    def y(pitch_midi: float) -> float:
        return _TOP + (roll.high - pitch_midi) * _ROW_PIXELS

    drawn = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" '
        f'height="{height:.0f}" font-family="sans-serif" font-size="10">',
        f"<title>{escape(roll.title)}</title>",
        f'<rect width="{width:.0f}" height="{height:.0f}" fill="{_PAPER}"/>',
    ]
    for pitch in range(roll.low, roll.high + 1):
        if pitch % 12 in _BLACK_KEYS:
            size = f'width="{roll.seconds * scale:.1f}" height="{_ROW_PIXELS}"'
            drawn.append(f'<rect x="{_LEFT}" y="{y(pitch)}" {size} fill="{_DARK_ROW}"/>')
        if pitch % 12 == 0:
            drawn.append(f'<text x="4" y="{y(pitch) + 10}" fill="{_KEY_NAME}">{pitch_name(pitch)}</text>')
    for number, start in enumerate(roll.bar_lines, start=1):
        drawn.append(f'<path d="M{x(start):.1f} {_TOP}V{height - _MARGIN:.0f}" stroke="{_BAR_LINE}"/>')
        drawn.append(f'<text x="{x(start) + 2:.1f}" y="{_TOP - 4}" fill="{_BAR_NUMBER}">{number}</text>')
    for voice in roll.voices:
        colour = f"hsl({voice.hue_degrees} {'60% 55%' if voice.sung else '15% 80%'})"
        for note in voice.notes:
            start, end = x(note.start_seconds), x(note.end_seconds)
            size = f'width="{max(end - start - 0.5, 0.5):.1f}" height="{_ROW_PIXELS}"'
            drawn.append(
                f'<rect x="{start:.1f}" y="{y(note.pitch_midi)}" {size} rx="2" fill="{colour}">'
                f"<title>{escape(note.place)}</title></rect>"
            )
            if note.text:
                words = escape(note.text)
                drawn.append(f'<text x="{start + 2:.1f}" y="{y(note.pitch_midi) + 10}" fill="{_WORD}">{words}</text>')
        for line in voice.lines:
            middle = _ROW_PIXELS / 2
            pairs = zip(line.seconds.tolist(), line.pitch_midi.tolist(), strict=True)
            points = " ".join(f"{x(s):.1f},{y(p) + middle:.1f}" for s, p in pairs)
            stroke = f"hsl({voice.hue_degrees} 70% 25%)"
            drawn.append(f'<polyline points="{points}" fill="none" stroke="{stroke}" stroke-width="1.2"/>')
    return "\n".join([*drawn, "</svg>", ""])


# -- PNG ---------------------------------------------------------------------------------------------


def _write_png(path: Path, roll: _Roll) -> tuple[str, ...]:
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
