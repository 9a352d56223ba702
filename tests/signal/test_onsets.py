"""The voicing-onset detector on onsets placed by hand."""

import numpy as np
import pytest

from visinger.signal import onsets

RATE = 24_000


def syllables(onset_seconds: list[float], *, consonant_db: float, seed: int = 0) -> np.ndarray:
    """Vowels of 0.3 s, each after 80 ms of noise, at the given onsets."""
    rng = np.random.default_rng(seed)
    samples = np.zeros(int((onset_seconds[-1] + 0.6) * RATE))
    clock = np.arange(int(0.3 * RATE)) / RATE
    vowel = sum(np.sin(2 * np.pi * 230 * k * clock + k) / k for k in range(1, 15))
    vowel = 0.1 * vowel * np.minimum(1, clock / 0.008) * np.minimum(1, (0.3 - clock) / 0.02)
    noise = rng.normal(0, 0.1 * 10 ** (consonant_db / 20), int(0.08 * RATE))
    for onset in onset_seconds:
        at = round(onset * RATE)
        samples[at - len(noise) : at] += noise
        samples[at : at + len(vowel)] += vowel
    return samples


@pytest.mark.parametrize("consonant_db", [-60, -20, -6])
def test_a_vowel_after_a_consonant_is_found_within_ten_milliseconds(consonant_db):
    truth = np.array([0.2, 0.713, 1.3311, 2.0007, 2.6])
    found = onsets.vowel_onsets(syllables(list(truth), consonant_db=consonant_db), RATE, truth + 0.05)
    assert np.abs(found - truth).max() < 0.010
    assert np.std(found - truth) < 0.004


def test_a_vowel_that_goes_on_has_no_onset():
    clock = np.arange(RATE) / RATE
    found = onsets.vowel_onsets(np.sin(2 * np.pi * 200 * clock) * (clock > 0.2), RATE, [0.2, 0.6])
    assert abs(found[0] - 0.2) < 0.015
    assert np.isnan(found[1])


def test_silence_and_nothing_have_no_onsets():
    assert np.isnan(onsets.vowel_onsets(np.zeros(RATE), RATE, [0.5])).all()
    assert np.isnan(onsets.vowel_onsets(np.zeros(0), RATE, [0.5])).all()
