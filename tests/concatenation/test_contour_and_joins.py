"""The pitch rules, the time maps and the cross-fades by themselves."""

import numpy as np
import pytest
from synthetic_speaker import phrase_of

from visinger.concatenation import chance, contour, joins
from visinger.units import midi_from_hz


def drawn(sung, *, seed=0, frames=None, start_frame=0, manner=None):
    phrase = phrase_of(sung, start_frame=start_frame)
    frames = np.diff(phrase.slot_starts) if frames is None else np.array(frames)
    voiced = np.array([symbol not in ("SP", "AP") for symbol in phrase.phonemes])
    return contour.draw(phrase, frames, voiced, seed=seed, manner=manner)


def test_notes_are_reached_and_held_on_their_pitch():
    pitch = midi_from_hz(np.maximum(drawn([("SP", 0, 30), ("a", 60, 40), ("a", 67, 40), ("a", 62, 40)]), 1))
    for begin, midi in ((30, 60), (70, 67), (110, 62)):
        assert abs(np.median(pitch[begin + 12 : begin + 32]) - midi) < 0.25


def test_rests_are_unvoiced_and_nothing_else_is():
    f0_hz = drawn([("SP", 0, 30), ("a", 60, 40), ("AP", 0, 20), ("a", 64, 40)])
    assert (f0_hz > 0).tolist() == [False] * 30 + [True] * 40 + [False] * 20 + [True] * 40


def test_a_glide_passes_its_middle_around_the_vowels_onset():
    passed = []
    for seed in range(20):
        pitch = midi_from_hz(drawn([("a", 60, 60), ("a", 67, 60)], seed=seed))
        passed.append(int(np.flatnonzero(pitch > 63.5)[0]) - 60)
    assert -4 <= np.median(passed) <= 2


def swing_hz_and_semitones(pitch):
    """The strongest swing between 3.5 and 9 Hz: its rate and half its extent."""
    window = np.hanning(len(pitch))
    strength = np.abs(np.fft.rfft((pitch - pitch.mean()) * window, 8192)) * 2 / window.sum()
    rates = np.fft.rfftfreq(8192, 0.01)
    within = (rates > 3.5) & (rates < 9)
    return rates[within][np.argmax(strength[within])], strength[within].max()


def test_most_long_notes_have_a_vibrato_of_five_to_seven_hertz_and_short_ones_none():
    found = [swing_hz_and_semitones(midi_from_hz(drawn([("a", 62, 300)], seed=s))[30:280]) for s in range(60)]
    swung = [(hz, semitones) for hz, semitones in found if semitones > 0.12]
    assert 0.5 < len(swung) / len(found) < 0.9
    assert all(5 < hz < 7 for hz, _ in swung)
    assert all(semitones < 0.8 for _, semitones in swung)
    short = np.concatenate([midi_from_hz(drawn([("a", 62, 40)], seed=s))[15:30] for s in range(10)])
    assert np.std(short) < 0.15


def test_a_manner_without_vibrato_has_none():
    still = contour.Manner(vibrato_share=0.0)
    for seed in range(10):
        pitch = midi_from_hz(drawn([("a", 62, 300)], seed=seed, manner=still))[30:280]
        assert swing_hz_and_semitones(pitch)[1] < 0.12


def test_a_third_of_the_notes_after_a_rest_is_approached_from_below_and_the_last_one_falls():
    begins, ends = [], []
    for seed in range(80):
        pitch = midi_from_hz(drawn([("a", 62, 44)], seed=seed))
        begins.append(pitch[0] - np.median(pitch[15:35]))
        ends.append(pitch[-1] - np.median(pitch[15:35]))
    assert 0.2 < np.mean(np.array(begins) < -0.5) < 0.5
    assert -1.2 < np.median(ends) < -0.4
    assert np.mean(np.array(ends) < 0) > 0.95


def test_a_take_stays_near_the_middle_of_its_notes():
    off_cents = []
    for seed in range(10):
        tune = [60, 62, 64, 60, 67, 65, 64, 62]
        pitch = midi_from_hz(drawn([("a", midi, 50) for midi in tune], seed=seed))
        off_cents += [100 * abs(np.median(pitch[50 * k + 18 : 50 * k + 44]) - midi) for k, midi in enumerate(tune)]
    assert np.median(off_cents) < 15


def test_a_cut_song_is_sung_with_the_same_pitch_on_both_sides():
    """The second phrase starts one note before the cut."""
    whole = phrase_of([("a", 60, 100), ("a", 64, 100), ("a", 62, 150)])
    tail = contour.draw(
        phrase := type(whole)(
            phonemes=("a", "a"),
            pitches=np.array([64, 62]),
            slot=np.array([0, 1]),
            before_beat=np.array([False, False]),
            slot_starts=np.array([0, 100, 250]),
            score_notes=np.array([1, 2]),
            slurred=np.array([False, False]),
            start_frame=100,
        ),
        np.diff(phrase.slot_starts),
        np.array([True, True]),
        seed=5,
    )
    song = contour.draw(whole, np.diff(whole.slot_starts), np.array([True] * 3), seed=5)
    assert np.abs(midi_from_hz(song[200:]) - midi_from_hz(tail[100:])).max() < 0.01


def test_noise_is_the_songs_and_not_the_phrases():
    whole = chance.noise(3, -250, 700, chance.DRIFT)
    assert np.array_equal(whole[130:400], chance.noise(3, -120, 270, chance.DRIFT))
    assert abs(whole.std() - 1) < 0.1
    assert not np.array_equal(whole, chance.noise(3, -250, 700, chance.LEVEL))


@pytest.mark.parametrize("rendered", [1, 5, 30, 59, 60, 61, 90, 400])
def test_a_lengthened_final_goes_from_its_start_to_its_end_and_never_back(rendered):
    positions = joins.lengthen(10, 30, 70, rendered)
    assert len(positions) == rendered
    assert positions[0] == 10
    assert (np.diff(positions) >= 0).all()
    assert positions[-1] <= 70
    assert rendered < 60 or positions[-1] > 68


def test_only_the_nucleus_is_lengthened():
    speed = np.diff(joins.lengthen(10, 30, 70, 300))
    assert np.allclose(speed[:12], 1)
    assert np.allclose(speed[-30:], 1)
    assert (speed[20:260] < 0.1).all()


def test_a_held_vowel_is_not_frozen():
    positions = joins.lengthen(10, 40, 70, 400, rng=np.random.default_rng(0))
    assert np.std(positions[150:250]) > 0.5
    assert np.abs(positions - joins.lengthen(10, 40, 70, 400)).max() <= joins.WANDER_FRAMES


def test_a_spliced_consonant_keeps_its_burst_its_end_and_its_level():
    noise = np.random.default_rng(0).normal(0, 0.1, 4800).astype(np.float32)
    cut = joins.splice(noise, 2000, keep_first=480, fade=240)
    assert len(cut) == 2000
    assert np.array_equal(cut[:480], noise[:480])
    assert np.array_equal(cut[-1000:], noise[-1000:])
    assert 0.08 < cut[480:720].std() < 0.12
    assert joins.splice(noise, 6000, keep_first=480, fade=240) is noise


def test_a_cross_fade_leaves_no_step_and_touches_nothing_far_away():
    track = np.zeros((60, 3), dtype=np.float32)
    track[30:] = (2.0, -1.0, 4.0)
    before = track.copy()
    joins.cross_fade(track, 30, frames=5)
    assert np.abs(np.diff(track, axis=0)).max() < 1.5 < np.abs(np.diff(before, axis=0)).max()
    assert np.array_equal(track[:25], before[:25])
    assert np.array_equal(track[35:], before[35:])
