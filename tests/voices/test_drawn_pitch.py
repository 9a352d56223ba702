"""What a score's source draws of the pitch is sung; a user's dictionary gives the words."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tiny import kana_score
from visinger import language
from visinger.errors import LyricError
from visinger.phrasing.drawing import without_drawn_pitch
from visinger.score.score import BendPoint, GlidePoint, PitchPoint, Score, Vibrato
from visinger.units import cents_between, hz_from_midi
from visinger.voices.voice import Voice

SONG = kana_score(("ま", 62, 960), ("あ", 64, 960))  # two notes of a second


@pytest.fixture(scope="module")
def voice(tiny_voice):
    return Voice.load(tiny_voice)


def drawn(score: Score = SONG, **changes: object) -> Score:
    return replace(score, parts=(replace(score.parts[0], **changes),))


def pitches(voice: Voice, score: Score, **options: int) -> tuple[np.ndarray, np.ndarray]:
    """The curve that is sung, and the singer's own for the notes alone, where voiced."""
    sung, own = (voice.perform(each, **options).f0_hz() for each in (score, without_drawn_pitch(score)))
    np.testing.assert_array_equal(sung > 0, own > 0)  # voicing is the singer's
    assert (sung > 0).sum() > 50
    return sung, own


def test_a_drawn_curve_is_sung_to_the_cent_and_moves_with_the_transposition(voice):
    curve = drawn(pitch_curve=(PitchPoint(0, 65.0), PitchPoint(1920, 69.0)))
    for semitones in (0, 5):
        sung, _ = pitches(voice, curve, transpose=semitones)
        t = np.flatnonzero(sung)
        wanted = hz_from_midi(65.0 + semitones + 4.0 * (t + 0.5) / 200)
        assert np.abs(cents_between(sung[t], wanted)).max() < 0.5


def test_outside_the_curve_the_singer_decides(voice):
    sung, own = pitches(voice, drawn(pitch_curve=(PitchPoint(0, 70.0), PitchPoint(480, 70.0), PitchPoint(481, None))))
    np.testing.assert_allclose(sung[60:], own[60:])
    voiced = np.flatnonzero(sung[:45])
    np.testing.assert_allclose(sung[voiced], hz_from_midi(70.0), rtol=1e-4)


def test_a_bend_is_added_to_the_singers_own_pitch(voice):
    sung, own = pitches(voice, drawn(bend=(BendPoint(0, 0.0), BendPoint(960, 100.0), BendPoint(1920, 100.0))))
    t = np.flatnonzero(sung)
    np.testing.assert_allclose(cents_between(sung[t], own[t]), np.minimum((t + 0.5), 100.0), atol=0.5)


def test_a_vibrato_swings_about_the_singers_own_pitch_as_deep_and_as_fast_as_drawn(voice):
    note = SONG.parts[0].notes[1]
    trembling = replace(note, vibrato=Vibrato(share=0.5, period_ms=200.0, depth_cents=40.0))
    sung, own = pitches(voice, drawn(notes=(SONG.parts[0].notes[0], trembling)))
    both = (sung > 0) & (own > 0)
    swing = np.where(both, cents_between(np.where(both, sung, 1.0), np.where(both, own, 1.0)), 0.0)
    assert np.abs(swing[:149]).max() < 0.5
    assert np.abs(swing[150:]).max() == pytest.approx(40.0, abs=2.0)
    crossings = np.count_nonzero(np.diff(np.sign(swing[152:198])) != 0)
    assert crossings in (4, 5)  # half a second at five swings a second


def led_in(*points: GlidePoint, **changes: object) -> Score:
    first, second = SONG.parts[0].notes
    return drawn(notes=(first, replace(second, glide=points)), **changes)


def test_a_glide_that_was_drawn_is_sung_and_leans_over_into_the_singers_own_pitch(voice):
    glide = (GlidePoint(-200, -200, "linear"), GlidePoint(300, 0))
    for semitones in (0, 3):
        sung, own = pitches(voice, led_in(*glide), transpose=semitones)
        t = np.flatnonzero(sung)
        ms = 10 * (t + 0.5) - 1000
        inside = (ms > -200 + 25) & (ms < 300 - 25)
        assert inside.sum() > 30
        line = hz_from_midi(64.0 + semitones - 2.0 + 2.0 * (ms + 200) / 500)
        assert np.abs(cents_between(sung[t], line))[inside].max() < 0.5
        away = (ms < -200) | (ms > 300)
        np.testing.assert_array_equal(sung[t][away], own[t][away])
        apart = np.abs(cents_between(sung[t], own[t]))
        for edge in ((ms > -200) & (ms < -190), (ms < 300) & (ms > 290)):
            if edge.any():
                assert apart[edge].max() < 0.2 * np.abs(cents_between(line, own[t]))[edge].max() + 0.5


def test_the_glide_an_editor_draws_on_every_note_is_left_to_the_singer(voice):
    usual = (GlidePoint(-40, -200, "sine"), GlidePoint(40, 0, "sine"))
    assert SONG.parts[0].notes[0].pitch_midi - SONG.parts[0].notes[1].pitch_midi == -2
    flat = (GlidePoint(-40, 0, "sine"), GlidePoint(40, 0, "sine"))
    for glide in (usual, flat):
        sung, own = pitches(voice, led_in(*glide))
        np.testing.assert_array_equal(sung, own)
    for glide in ((usual[0], GlidePoint(60, 0)), (GlidePoint(-40, -300, "sine"), usual[1])):
        sung, own = pitches(voice, led_in(*glide))
        assert not np.array_equal(sung, own)


def test_a_glide_that_ends_off_its_note_is_held_and_a_curve_goes_over_it(voice):
    sung, _ = pitches(voice, led_in(GlidePoint(0, -500), GlidePoint(100, 50)))
    late = np.flatnonzero(sung[120:]) + 120
    np.testing.assert_allclose(sung[late], hz_from_midi(64.5), rtol=1e-4)
    curve = (PitchPoint(960, 67.0), PitchPoint(1920, 67.0))
    sung, _ = pitches(voice, led_in(GlidePoint(0, -500), GlidePoint(100, 0), pitch_curve=curve))
    late = np.flatnonzero(sung[101:]) + 101
    np.testing.assert_allclose(sung[late], hz_from_midi(67.0), rtol=1e-4)


def test_a_stream_sings_glides_as_rendering_does(voice):
    score = led_in(GlidePoint(-300, -400), GlidePoint(200, 0))
    streamed = np.concatenate(list(voice.stream(score, seed=3)))
    assert streamed.tobytes() == voice.sing(score, seed=3).samples.tobytes()


def test_a_stream_follows_the_drawn_pitch_as_rendering_does(voice):
    curve = drawn(pitch_curve=(PitchPoint(0, 65.0), PitchPoint(1920, 69.0)))
    streamed = np.concatenate(list(voice.stream(curve, seed=3)))
    assert streamed.tobytes() == voice.sing(curve, seed=3).samples.tobytes()


def test_a_users_dictionary_gives_the_words_and_names_what_the_voice_cannot_say(voice, tmp_path: Path):
    path = tmp_path / "made-up.txt"
    path.write_text(
        "[language]\nxx\tMade up\n[phonemes]\na\tvowel\nm\tvoiced\nq\tunvoiced\tk\n[words]\nmama\tm a . m a\nqa\tq a\n",
        encoding="utf-8",
    )
    words = language.read_dictionary(path)
    score = kana_score(("mama", 62, 960), ("+", 64, 960))
    performance = voice.perform(score, dictionary=words)
    assert [p["symbol"] for p in performance.as_json()["phonemes"]] == ["m", "a", "m", "a"]
    with pytest.raises(LyricError, match=r"bar 1.*no phoneme 'q'.*k"):
        voice.perform(kana_score(("qa", 62, 960), ("mama", 64, 960)), dictionary=words)
