"""Projects move from editor to editor and back: notes, words, times and drawn pitch."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from visinger.phrasing.drawing import ticks_at
from visinger.score import Note, Part, PitchPoint, Score, read, write
from visinger.score.intonation import drawn_pitch
from visinger.voices.converting import Wishes, convert

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def sung(score: Score) -> list[tuple[int, str | None]]:
    return [(note.pitch_midi, note.lyric) for note in score.parts[0].notes]


def onsets(score: Score) -> np.ndarray:
    """In seconds."""
    return np.array([float(score.tempo_map.seconds(note.start_tick)) for note in score.parts[0].notes])


def pitch(score: Score, seconds: np.ndarray) -> np.ndarray:
    """MIDI, by time: scripts have no bars."""
    return drawn_pitch(score.parts[0], score.tempo_map, ticks_at(score.tempo_map, seconds))


def around(source: Path, folder: Path, *suffixes: str) -> Score:
    """The score after it was written in each format, each from the one before."""
    for k, suffix in enumerate(suffixes):
        target = folder / f"{k}{suffix}"
        convert(source, target, Wishes())
        source = target
    return read(source)


@pytest.mark.parametrize(
    "road",
    [
        (".ust",),
        (".ustx",),
        (".ust", ".ustx", ".ust"),
        (".ustx", ".ust", ".mid", ".ustx"),
        (".ds", ".ust"),
        (".ds", ".ustx", ".ds"),
    ],
)
@pytest.mark.parametrize("name", ["kojo-no-tsuki", "songbie"])
def test_a_song_keeps_its_notes_words_and_times(tmp_path: Path, name: str, road: tuple[str, ...]):
    source = read(EXAMPLES / f"{name}.musicxml")
    back = around(EXAMPLES / f"{name}.musicxml", tmp_path, *road)
    first, last = (replace(s, parts=(worded(s.parts[0]),)) for s in (source, back))
    assert sung(last) == sung(first)
    np.testing.assert_allclose(onsets(last), onsets(first), atol=0.002)


def worded(part: Part) -> Part:
    """The notes that have words: where the tempo changes inside a note, UTAU's sequence holds it on a second one."""
    return Part(part.name, tuple(note for note in part.notes if note.lyric))


@pytest.mark.parametrize(
    "road", [(".ustx",), (".ust",), (".ds",), (".ust", ".ustx"), (".ds", ".ust"), (".ustx", ".ds", ".ust")]
)
def test_a_drawn_pitch_is_carried_along(tmp_path: Path, road: tuple[str, ...]):
    """A slow swing of 80 cents about the notes, to two cents on every road."""
    notes = (Note(0, 960, 60, "か"), Note(960, 960, 64, "さ"), Note(1920, 1440, 62, "ら"))
    curve = tuple(
        PitchPoint(tick, (60, 64, 62)[min(tick // 960, 2)] + 0.8 * float(np.sin(tick / 150)))
        for tick in range(0, 3360, 5)
    )
    drawn = Score((Part("V", notes, pitch_curve=curve),), length_ticks=3840, language="ja")
    convert_from = tmp_path / "source.json"

    write(convert_from, drawn)
    back = around(convert_from, tmp_path, *road)
    seconds = np.arange(0.05, 3.4, 0.01)
    steady = np.min(np.abs(seconds[:, None] - np.array([1.0, 2.0])), axis=1) > 0.02  # the curve jumps there
    off = 100 * np.abs(pitch(back, seconds) - pitch(drawn, seconds))[steady]
    assert off.max() < 2.0
