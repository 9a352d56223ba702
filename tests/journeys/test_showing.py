"""What a notebook shows of waves, scores and performances: whole, bounded, well-formed."""

import base64
import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from defusedxml import ElementTree

from visinger import Note, Part, Score, Wave, read_score
from visinger.phrasing.performance import Performance, PhrasePerformance
from visinger.phrasing.phrase import Phrase
from visinger.units import hz_from_midi

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
SVG = "{http://www.w3.org/2000/svg}"


def picture(html: str):
    """The SVG in a page, parsed."""
    return ElementTree.fromstring(re.search(r"<svg.*</svg>", html, re.DOTALL)[0])


def played(html: str) -> tuple[np.ndarray, int]:
    source = re.search(r'src="data:audio/flac;base64,([^"]+)"', html)
    return soundfile.read(io.BytesIO(base64.b64decode(source[1])))


def test_a_wave_plays_the_samples_it_has():
    samples = 0.5 * np.sin(np.arange(24_000) / 20).astype(np.float32)
    heard, rate_hz = played(Wave(samples, 24_000)._repr_html_())
    assert rate_hz == 24_000
    np.testing.assert_allclose(heard, samples, atol=2**-15)


def test_a_wave_beyond_full_scale_and_an_empty_one_are_shown_too():
    heard, _ = played(Wave(np.array([2.0, -2.0], np.float32), 8_000)._repr_html_())
    assert heard.tolist() == pytest.approx([1.0, -1.0], abs=1e-4)
    assert "0.0 s" in Wave(np.zeros(0, np.float32), 8_000)._repr_html_()


def test_of_an_hour_the_first_minutes_are_played_and_that_is_said():
    page = Wave(np.zeros(3600 * 8_000, np.float32), 8_000)._repr_html_()
    assert len(played(page)[0]) == 300 * 8_000
    assert "the first 300 s of 3600.0 s" in page


def test_a_score_draws_a_bar_for_each_note_with_its_word():
    score = read_score(EXAMPLES / "sakura.musicxml")
    drawn = picture(score._repr_html_())
    words = [text.text for text in drawn.iter(f"{SVG}text")]
    lyrics = [note.lyric for note in score.parts[0].notes if note.lyric]
    assert [word for word in words if word in set(lyrics)] == lyrics


def test_of_a_score_of_hours_the_beginning_is_drawn():
    notes = tuple(Note(480 * k, 480, 60, "<ら>") for k in range(30_000))
    page = Score((Part("V", notes),), length_ticks=480 * 30_000)._repr_html_()
    assert len(page) < 10**6
    assert "the first 1000 s of 15000 s" in page
    assert picture(page) is not None


def performed(frames: int = 300) -> Performance:
    """か on a middle C of a second, between rests of a second each."""
    phrase = Phrase(
        phonemes=("SP", "k", "a", "SP"),
        pitches=np.array([0, 60, 60, 0]),
        slot=np.array([0, 1, 1, 2]),
        before_beat=np.array([False, True, False, False]),
        slot_starts=np.array([0, 100, 200, frames]),
        score_notes=np.array([-1, 0, -1]),
        slurred=np.zeros(4, dtype=bool),
    )
    f0_hz = np.zeros(frames)
    f0_hz[100:200] = hz_from_midi(60 + np.linspace(0, 2, 100))
    lengths = np.array([90, 10, 100, frames - 200])
    return Performance((PhrasePerformance(phrase, lengths, f0_hz),), frames * 240, np.zeros(frames))


def test_a_performance_draws_its_phonemes_where_they_sound_and_its_pitch():
    drawn = picture(performed()._repr_html_())
    scale = 150  # pixels a second
    lane = [float(re.match(r"M([\d.]+)", path.get("d"))[1]) for path in drawn.iter(f"{SVG}path")]
    assert np.diff(lane).tolist() == pytest.approx([0.9 * scale, 0.1 * scale, 1.0 * scale], abs=0.11)
    assert [text.text for text in drawn.iter(f"{SVG}text")][-4:] == ["SP", "k", "a", "SP"]
    points = next(drawn.iter(f"{SVG}polyline")).get("points").split()
    x, y = np.array([point.split(",") for point in points], dtype=float).T
    assert len(points) == 100
    assert x[-1] - x[0] == pytest.approx(0.99 * scale, abs=0.2)
    assert y[0] - y[-1] == pytest.approx(2 * 12, abs=0.2), "two rows of twelve pixels upwards"


def test_of_a_long_performance_the_beginning_is_drawn():
    page = performed(60_000)._repr_html_()
    assert "the first 120 s of 600.0 s" in page
    assert float(picture(page).get("width")) < 20_000


def test_nothing_is_drawn_with_matplotlib():
    code = (
        "import sys, visinger; score = visinger.read_score(sys.argv[1]); score._repr_html_();"
        "import visinger.phrasing.picture; assert not {'matplotlib', 'torch', 'IPython'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, EXAMPLES / "sakura.musicxml"], check=True)


def test_a_silent_performance_is_a_picture_too():
    silent = replace(performed(), phrases=(), samples=0)
    assert picture(silent._repr_html_()) is not None
