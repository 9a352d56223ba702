"""Noise is a function of seed and frame."""

import numpy as np
import pytest

from visinger.voices import noise


def test_any_chunk_of_frames_has_the_noise_of_the_whole():
    whole = noise.normal(7, "source", first_frame=0, frames=50, width=240)
    part = noise.normal(7, "source", first_frame=13, frames=9, width=240)
    assert np.array_equal(part, whole[13:22])


def test_frames_before_the_song_have_noise_too():
    around = noise.normal(7, "latent", first_frame=-5, frames=10, width=3)
    assert np.array_equal(around[5:], noise.normal(7, "latent", first_frame=0, frames=5, width=3))


@pytest.mark.parametrize("seed", [-1, 0, 2**80])
def test_any_whole_number_is_a_seed(seed):
    assert np.isfinite(noise.normal(seed, "latent", first_frame=0, frames=2, width=5)).all()


def test_seeds_and_streams_are_unrelated():
    drawn = [
        noise.normal(seed, stream, first_frame=0, frames=100, width=96).ravel()
        for seed in (0, 1)
        for stream in ("latent", "source")
    ]
    correlation = np.corrcoef(drawn) - np.eye(4)
    assert np.abs(correlation).max() < 0.05


def test_the_noise_is_gaussian_and_white():
    drawn = noise.normal(3, "source", first_frame=1000, frames=1000, width=240).astype(np.float64)
    flat = drawn.ravel()
    assert abs(flat.mean()) < 0.01
    assert abs(flat.var() - 1) < 0.01
    assert abs((flat**4).mean() - 3) < 0.06  # kurtosis of a Gaussian
    assert abs((flat[1:] * flat[:-1]).mean()) < 0.01
    # the share beyond two standard deviations: 4.55 %
    assert abs((np.abs(flat) > 2).mean() - 0.0455) < 0.002
