"""Pictures of an inspection: a song with its findings, a corpus with its coverage."""

from pathlib import Path
from types import ModuleType

import numpy as np

from visinger.corpora.defects import Finding, Heard, pauses_of
from visinger.errors import VisingerError
from visinger.units import FRAMES_PER_SECOND, midi_from_hz

INCHES_PER_SECOND, NARROWEST, WIDEST = 1.1, 8.0, 60.0


def draw_song(heard: Heard, findings: list[Finding], path: Path) -> None:
    """Pitch over notes, and level over labels, with a line where each finding lies."""
    recording = heard.recording
    width = float(np.clip(recording.wave.seconds * INCHES_PER_SECOND, NARROWEST, WIDEST))
    figure = _figure_module().Figure(figsize=(width, 5), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    seconds = (np.arange(heard.frames) + 0.5) / FRAMES_PER_SECOND
    for note in recording.notes:
        above.plot([note.start_seconds, note.end_seconds], [note.pitch_midi] * 2, color="0.7", linewidth=5)
    pitch = np.where(heard.voiced, midi_from_hz(np.where(heard.voiced, recording.f0_hz, 440.0)), np.nan)
    above.plot(seconds, pitch, color="tab:blue", linewidth=1)
    above.set_ylabel("pitch (MIDI)")
    kinds = ", ".join(sorted({finding.kind for finding in findings}))
    above.set_title(f"{recording.name}: {kinds}", loc="left", fontsize=9)
    below.plot(seconds, heard.level_db, color="tab:gray", linewidth=0.8)
    below.set_ylim(-90, 0)
    below.set_ylabel("level (dB)")
    below.set_xlabel("seconds")
    for start, end in pauses_of(recording):
        below.axvspan(start, end, color="0.92")
    for p in recording.phonemes:
        below.axvline(p.start_seconds, color="0.8", linewidth=0.4)
        if not p.paused:
            below.text((p.start_seconds + p.end_seconds) / 2, -86, p.symbol, fontsize=6, ha="center")
    for finding in findings:
        for axes in (above, below):
            axes.axvline(finding.seconds, color="tab:red", linewidth=1)
    below.set_xlim(0, recording.wave.seconds)
    _save(figure, path)


def draw_corpus(title: str, counts: dict[str, int], median_ms: dict[str, float], *, path: Path) -> None:
    """How often each phoneme is sung, and for how long."""
    symbols = list(counts)
    figure = _figure_module().Figure(figsize=(max(NARROWEST, 0.28 * len(symbols)), 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True)
    above.bar(symbols, [counts[symbol] for symbol in symbols], color="tab:blue")
    above.set_yscale("log")
    above.set_ylabel("times sung")
    above.set_title(title, loc="left")
    below.bar(symbols, [median_ms[symbol] for symbol in symbols], color="tab:orange")
    below.set_ylabel("median length (ms)")
    below.tick_params(axis="x", labelrotation=90)
    _save(figure, path)


def _figure_module() -> ModuleType:
    try:
        from matplotlib import figure
    except ImportError as error:
        raise VisingerError("matplotlib is not installed", remedy="pip install 'visinger[train]'") from error
    return figure


def _save(figure, path: Path) -> None:  # type: ignore[no-untyped-def]
    """`Figure` without pyplot: no window, no global state."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
