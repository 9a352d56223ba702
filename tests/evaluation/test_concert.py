import numpy as np
import pytest
from tests.evaluation.choir import ToneSinger, take

from visinger.audio import Wave
from visinger.evaluation import concert
from visinger.evaluation.concert import sing_takes


def test_given_durations_and_pitch_are_the_recordings_and_from_the_score_they_are_the_singers():
    one = take(1)
    contender = concert.singer(ToneSinger())
    (given,) = sing_takes(contender, [one], "given")
    (alone,) = sing_takes(contender, [one], "score")
    np.testing.assert_array_equal(given.frames, one.frames)
    np.testing.assert_allclose(given.f0_hz, one.f0_hz)
    assert not np.array_equal(alone.frames, one.frames)
    assert len(given.samples) == len(alone.samples) == len(one.samples)
    np.testing.assert_allclose(alone.predicted_frames, alone.frames + 3.0)
    assert given.predicted_frames is None


def test_what_was_sung_is_sung_once_and_comes_back_the_same(tmp_path):
    takes, who = [take(1), take(2)], ToneSinger()
    first = list(sing_takes(concert.singer(who), takes, "score", kept=tmp_path))
    assert who.sung == 2
    again = list(sing_takes(concert.singer(who), takes, "score", kept=tmp_path))
    assert who.sung == 2
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.samples, other.samples)
        np.testing.assert_array_equal(one.frames, other.frames)
        np.testing.assert_array_equal(one.f0_hz, other.f0_hz)
        np.testing.assert_array_equal(one.predicted_frames, other.predicted_frames)


def test_an_interrupted_concert_sings_only_what_is_missing(tmp_path):
    takes, who = [take(k) for k in range(3)], ToneSinger()
    singing = sing_takes(concert.singer(who), takes, "given", kept=tmp_path)
    next(singing), next(singing)
    singing.close()
    list(sing_takes(concert.singer(who), takes, "given", kept=tmp_path))
    assert who.sung == 3


@pytest.mark.parametrize("change", ["weights", "seed", "recording"])
def test_a_change_in_anything_the_sound_depends_on_is_sung_anew(tmp_path, change):
    one, who = take(1), ToneSinger()
    list(sing_takes(concert.singer(who, fingerprint="a"), [one], "given", kept=tmp_path))
    if change == "recording":
        one.f0_hz[5] += 1.0
    fingerprint, seed = ("b" if change == "weights" else "a"), (1 if change == "seed" else 0)
    list(sing_takes(concert.singer(who, fingerprint=fingerprint), [one], "given", kept=tmp_path, seed=seed))
    assert who.sung == 2


def test_a_file_cut_short_is_sung_anew(tmp_path):
    one, who = take(1), ToneSinger()
    list(sing_takes(concert.singer(who), [one], "given", kept=tmp_path))
    (path,) = tmp_path.glob("*.npz")
    path.write_bytes(path.read_bytes()[:1000])
    list(sing_takes(concert.singer(who), [one], "given", kept=tmp_path))
    assert who.sung == 2
    assert [p.name for p in tmp_path.iterdir()] == [path.name], "nothing half-written stays"


def test_a_singer_that_does_not_keep_to_the_length_is_caught():
    class Dragging(ToneSinger):
        def render(self, performance, *, seed=0):
            wave = super().render(performance, seed=seed)
            return Wave(np.pad(wave.samples, (0, 1)), wave.sample_rate_hz)

    with pytest.raises(ValueError, match="Dragging sang"):
        list(sing_takes(concert.singer(Dragging("Dragging")), [take(1)], "score"))


def test_the_recording_is_itself():
    one = take(3)
    (heard,) = sing_takes(concert.recording(), [one], "given")
    np.testing.assert_array_equal(heard.samples, one.samples)
