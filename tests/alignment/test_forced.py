from itertools import groupby, product

import numpy as np
import pytest

from visinger.alignment.forced import BLANK, force_align


def spelled(path: tuple[int, ...]) -> list[int]:
    return [label for label, _ in groupby(path) if label != BLANK]


@pytest.mark.parametrize("phonemes", [[1], [1, 2], [1, 1], [2, 1, 2], [1, 2, 2]])
def test_the_best_path_is_the_best_of_all_paths_that_spell_the_words(phonemes):
    rng = np.random.default_rng(sum(phonemes))
    log_probabilities = np.log(rng.dirichlet(np.ones(3), size=6))
    paths = [p for p in product(range(3), repeat=6) if spelled(p) == phonemes]
    best = max(paths, key=lambda p: sum(log_probabilities[u, label] for u, label in enumerate(p)))
    found = force_align(log_probabilities, phonemes)
    assert found.log_probability == pytest.approx(sum(log_probabilities[u, label] for u, label in enumerate(best)))
    covered = np.zeros(6, dtype=int)
    for start, end, phoneme in zip(found.starts, found.ends, phonemes, strict=True):
        covered[start:end] = phoneme
    assert tuple(covered) == best


def test_phonemes_lie_where_they_are_plainly_heard():
    truth = [0] * 4 + [1] * 5 + [2] * 3 + [0] * 2 + [2] * 6
    log_probabilities = np.log(np.where(np.eye(3)[truth] > 0, 0.98, 0.01))
    found = force_align(log_probabilities, [1, 2, 2])
    assert found.starts.tolist() == [4, 9, 14]
    assert found.ends.tolist() == [9, 12, 20]


def test_equal_neighbours_need_a_step_between_them():
    log_probabilities = np.log(np.full((2, 2), 0.5))
    with pytest.raises(ValueError, match="too few"):
        force_align(log_probabilities, [1, 1])
    found = force_align(np.log(np.full((3, 2), 0.5)), [1, 1])
    assert found.starts.tolist() == [0, 2]


def test_no_words_are_all_blank():
    found = force_align(np.log(np.array([[0.5, 0.5], [0.25, 0.75]])), [])
    assert len(found.starts) == 0
    assert found.log_probability == pytest.approx(np.log(0.125))
