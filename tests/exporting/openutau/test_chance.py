"""Noise made inside the graph: as good as drawn, and always the same."""

import numpy as np
import torch
from scipy import stats

from visinger.exporting.openutau import chance


def drawn(rows, columns, stream=1):
    return chance.normal(torch.zeros(rows), columns, stream=stream).numpy().astype(np.float64)


def test_it_is_normally_distributed():
    values = drawn(500, 240)
    assert stats.kstest(values.ravel(), "norm").pvalue > 0.01
    assert np.abs(values).max() > 4.0


def test_rows_columns_and_streams_are_not_alike():
    values = drawn(400, 128)
    bound = 5 / np.sqrt(400)  # five deviations of a correlation of independent values
    for other in (np.roll(values, 1, axis=0), np.roll(values, 1, axis=1), drawn(400, 128, stream=2)):
        by_column = np.mean(values * other, axis=0)
        assert np.abs(by_column).max() < bound
        assert abs(np.mean(values * other)) < bound / np.sqrt(128) * 2


def test_its_spectrum_is_white():
    wave = drawn(256, 240, stream=2).ravel()
    power = np.abs(np.fft.rfft(wave)) ** 2
    bands = power[1:30_721].reshape(32, -1).mean(axis=1)  # 960 bins each: a deviation of 3 %
    assert bands.max() / bands.min() < 1.3


def test_a_longer_phrase_begins_as_a_shorter_one():
    assert np.array_equal(drawn(50, 16), drawn(200, 16)[:50])
