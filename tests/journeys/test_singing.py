"""From a score file to a sound file in the front page's three lines, and what can be edited on the way."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

import visinger
from tiny import kana_score
from visinger.language import phoneme_set
from visinger.score import write_json
from visinger.signal import f0
from visinger.units import cents_between

EXAMPLES = Path(__file__).parents[2] / "examples"


def vowel_frames(performance):
    """(T) frames of the song in the inner part of a vowel."""
    kinds = phoneme_set("ja")
    inside = np.zeros(len(performance.f0_hz()), dtype=bool)
    for phoneme in performance.as_json()["phonemes"]:
        first, frames = phoneme["start_frame"], phoneme["frames"]
        if kinds[phoneme["symbol"]] == "vowel" and frames > 12:
            inside[first + 4 : first + frames - 4] = True
    return inside


@pytest.mark.parametrize("name", ["sakura.musicxml", "kojo-no-tsuki.mid"])
def test_an_example_is_sung_on_pitch_and_to_the_sample(tiny_voice, tmp_path, name):
    voice = visinger.Voice.load(tiny_voice)
    score = visinger.read_score(EXAMPLES / name)
    performance = voice.perform(score, transpose="auto")
    visinger.write_wave(tmp_path / "song.wav", voice.render(performance))

    wave = visinger.read_wave(tmp_path / "song.wav")
    assert soundfile.info(str(tmp_path / "song.wav")).frames == round(24_000 * score.seconds)
    drawn, heard = performance.f0_hz(), f0.track_independent(wave.samples, 24_000)
    count = min(len(drawn), len(heard))
    frames = np.flatnonzero((vowel_frames(performance) & (drawn > 0))[:count])
    assert len(frames) > 1000
    apart = np.abs(cents_between(np.maximum(heard[frames], 1.0), drawn[frames]))
    assert (apart <= 50).mean() >= 0.95


def test_every_note_starts_its_vowel_on_its_frame(tiny_voice, tmp_path):
    beats = [("さ", 64, 480), ("く", 66, 240), ("ら", 67, 720), (None, 0, 480), ("きゃ", 62, 960)]
    write_json(tmp_path / "song.json", kana_score(*beats, quarters_per_minute=97))
    voice = visinger.Voice.load(tiny_voice)
    phonemes = voice.perform(visinger.read_score(tmp_path / "song.json")).as_json()["phonemes"]
    kinds = phoneme_set("ja")
    onsets = [p["start_frame"] for p in phonemes if kinds[p["symbol"]] == "vowel"]
    ticks = np.array([0, 480, 720, 1920])
    wanted = np.floor(100 * ticks * 60 / (97 * 480) + 0.5)
    assert onsets[1:] == wanted[1:].tolist()
    assert onsets[0] <= 31  # nothing precedes the first note: its consonant takes at most half of it
