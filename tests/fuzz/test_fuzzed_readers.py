"""A little of the fuzz that `tests/fuzz/fuzz.py` does at length: read or refused in one line, in time, in bounds."""

import io
import zipfile

import numpy as np
import pytest
from subjects import SUBJECTS

from fuzz import fuzz
from visinger.files import read_arrays


@pytest.mark.parametrize("name", SUBJECTS)
def test_a_damaged_file_is_read_or_refused_and_nothing_else(name):
    found = fuzz(SUBJECTS[name], 60, seed="suite")
    assert found.broken == []
    assert found.read > 0, "so little is damaged that some are read"
    assert found.refused > 0 or name in ("prefix.map", "character.txt"), "so much is damaged that some are refused"


def test_an_array_that_promises_more_than_its_file_holds_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    memory = io.BytesIO()
    np.lib.format.write_array(memory, np.zeros(1000))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("frames.npy", memory.getvalue().replace(b"(1000,), }    ", b"(10000000,), }"))
    with pytest.raises(ValueError, match="header"):
        read_arrays(path, most_bytes=1 << 20)


def test_whole_arrays_are_read_as_they_were_written_within_bounds(tmp_path):
    path = tmp_path / "a.npz"
    by_columns = np.asfortranarray([[0, 1, 2], [3, 4, 5]])
    np.savez(path, frames=np.zeros(1000), more=by_columns, text=np.array("歌"), none=np.zeros((0, 3)))
    read = read_arrays(path, most_bytes=1 << 20)
    np.testing.assert_array_equal(read["more"], by_columns)
    assert str(read["text"]) == "歌"
    assert read["none"].shape == (0, 3)
    with pytest.raises(ValueError, match="more than"):
        read_arrays(path, most_bytes=1000)
    assert read_arrays(path, most_bytes=1000, only=("more",)).keys() == {"more"}
