"""Both F0 trackers on sounds whose pitch is known sample by sample."""

import numpy as np
import pytest

from visinger.errors import VisingerError
from visinger.signal import f0
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ, cents_between

SECONDS = 1.5
TRACKERS = pytest.mark.parametrize("tracker", [f0.track, f0.track_independent], ids=["WORLD", "autocorrelation"])


def harmonic_tone(f0_hz: np.ndarray) -> np.ndarray:
    phase = 2 * np.pi * np.cumsum(f0_hz) / SAMPLE_RATE_HZ
    partials = [np.where(f0_hz * k < SAMPLE_RATE_HZ / 2, np.sin(k * phase + k * k) / k, 0.0) for k in range(1, 13)]
    return 0.1 * np.sum(partials, axis=0)


def times() -> np.ndarray:
    return (np.arange(int(SECONDS * SAMPLE_RATE_HZ)) + 0.5) / SAMPLE_RATE_HZ


def median_error_cents(tracker, f0_hz: np.ndarray) -> float:
    tracked = tracker(harmonic_tone(f0_hz), SAMPLE_RATE_HZ)
    truth = f0_hz[HOP_SAMPLES // 2 :: HOP_SAMPLES]
    assert len(tracked) == len(truth)
    voiced = tracked > 0
    assert voiced.mean() > 0.95
    return float(np.median(np.abs(cents_between(tracked[voiced], truth[voiced]))))


@TRACKERS
@pytest.mark.parametrize("pitch_hz", [61, 98, 220, 440, 740, 1000])
def test_a_steady_tone_is_heard_within_a_cent(tracker, pitch_hz):
    assert median_error_cents(tracker, np.full(len(times()), float(pitch_hz))) < 1.0


@TRACKERS
def test_a_glide_of_an_octave_is_heard_where_it_is_and_not_later(tracker):
    assert median_error_cents(tracker, 200 * 2 ** (times() / SECONDS)) < 1.0


@TRACKERS
def test_a_vibrato_of_a_semitone_is_followed(tracker):
    assert median_error_cents(tracker, 300 * 2 ** (np.sin(2 * np.pi * 6 * times()) / 12)) < 3.0


@TRACKERS
def test_noise_and_silence_have_no_pitch(tracker):
    noise = np.random.default_rng(1).normal(0, 0.1, SAMPLE_RATE_HZ)
    assert (tracker(noise, SAMPLE_RATE_HZ) > 0).mean() < 0.05
    assert not tracker(np.zeros(SAMPLE_RATE_HZ), SAMPLE_RATE_HZ).any()


@TRACKERS
def test_noise_beside_a_tone_stays_unvoiced(tracker):
    noise = np.random.default_rng(2).normal(0, 0.05, SAMPLE_RATE_HZ // 2)
    tone = harmonic_tone(np.full(SAMPLE_RATE_HZ // 2, 250.0))
    tracked = tracker(np.concatenate([noise, tone, np.zeros(SAMPLE_RATE_HZ // 2)]), SAMPLE_RATE_HZ) > 0
    assert tracked[:47].mean() < 0.1
    assert tracked[53:97].all()
    assert not tracked[103:].any()


@TRACKERS
@pytest.mark.parametrize("samples", [0, 100, 1199, 1200, 2400, 24_007])
def test_there_is_one_value_for_each_whole_hop_however_short_the_sound(tracker, samples):
    assert len(tracker(np.full(samples, 0.1), SAMPLE_RATE_HZ)) == samples // HOP_SAMPLES


@TRACKERS
def test_the_frames_of_another_rate_are_ten_milliseconds_too(tracker):
    clock = np.arange(44_100) / 44_100
    tracked = tracker(0.2 * np.sin(2 * np.pi * 330 * clock) + 0.1 * np.sin(2 * np.pi * 660 * clock), 44_100)
    assert len(tracked) == 100
    assert abs(cents_between(np.median(tracked), 330.0)) < 2


def test_a_missing_vocoder_is_refused_with_the_remedy(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyworld", None)
    with pytest.raises(VisingerError, match=r"visinger\[world\]"):
        f0.track(np.zeros(24_000), 24_000)


def test_the_two_trackers_agree_on_a_real_singer(shared_data):
    from visinger.audio import read_wave

    wave = read_wave(shared_data / "pjs" / "song" / "pjs033_song.flac", sample_rate_hz=SAMPLE_RATE_HZ)
    ours, other = f0.track(wave.samples), f0.track_independent(wave.samples)
    both = (ours > 0) & (other > 0)
    error_cents = np.abs(cents_between(ours[both], other[both]))
    assert both.mean() > 0.35
    assert np.median(error_cents) < 6
    assert np.mean(error_cents > 200) < 0.01
    assert np.mean((ours > 0) == (other > 0)) > 0.95
