"""93.75 frames a second on the wire, 100 in our voices: nothing drifts, nothing is lost."""

from fractions import Fraction

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visinger.serving.voicevox import clocks
from visinger.units import HOP_SAMPLES, SAMPLE_RATE_HZ

lengths = st.lists(st.integers(1, 400), min_size=1, max_size=200)


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lengths)
def test_a_boundary_comes_back_to_the_frame_it_came_from(frames):
    bounds = np.concatenate([[0], np.cumsum(frames)])
    assert clocks.wire_frames(clocks.our_frames(bounds)).tolist() == bounds.tolist()
    assert (np.diff(clocks.our_frames(bounds)) >= 1).all(), "no phoneme is lost"


def test_an_hour_of_notes_ends_within_half_a_frame():
    """Rounding each length instead would be off by half a second a minute in the worst case."""
    bounds = np.cumsum(np.full(60 * 60 * 94, 1))
    exact = bounds * 16 / 15
    assert np.abs(clocks.our_frames(bounds) - exact).max() <= 0.5
    assert abs(int(clocks.our_frames(bounds[-1])) / 100 - bounds[-1] / 93.75) <= 0.005


def test_a_frame_on_the_wire_is_256_samples_at_24_khz():
    assert clocks.samples_of(375, 24_000) == 375 * 256
    assert clocks.samples_of(165, 44_100) == 77_616
    assert Fraction(SAMPLE_RATE_HZ, HOP_SAMPLES) / clocks.WIRE_FRAMES_PER_SECOND == Fraction(16, 15)


@settings(deadline=None)
@given(st.integers(1, 20_000))
def test_our_frames_hold_all_of_the_sound_and_less_than_a_frame_more(wire):
    spare = clocks.frames_to_hold(wire) * HOP_SAMPLES - wire * 256
    assert 0 <= spare < HOP_SAMPLES


def test_a_curve_keeps_its_place_in_time():
    """A ramp of one per second has the same value at the same second on either clock."""
    wire = (np.arange(375) + 0.5) / 93.75
    ours = clocks.on_our_clock(wire, 400)
    np.testing.assert_allclose(ours[1:-1], ((np.arange(400) + 0.5) / 100)[1:-1], atol=1e-9)
    np.testing.assert_allclose(clocks.on_the_wire(ours, 375)[1:-1], wire[1:-1], atol=1e-3)


def test_pitch_is_carried_on_the_log_scale_and_silence_stays_silent():
    f0_hz = np.where(np.arange(75) < 30, 0.0, 200.0 * 2 ** (np.arange(75) / 75))
    ours = clocks.pitch_on_our_clock(f0_hz, 80)
    seconds = (np.arange(80) + 0.5) / 100
    assert (ours[seconds < 29.4 / 93.75] == 0).all()
    sung = (seconds > 30.6 / 93.75) & (seconds < 74.5 / 93.75)
    np.testing.assert_allclose(ours[sung], 200.0 * 2 ** ((seconds[sung] * 93.75 - 0.5) / 75), rtol=1e-9)
    assert not clocks.pitch_on_our_clock(np.zeros(5), 6).any()
