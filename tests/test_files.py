"""Files reach the disk whole or not at all."""

from pathlib import Path

import pytest

from visinger.errors import OutputError
from visinger.files import write_text, written_whole


def test_a_write_that_fails_keeps_the_old_file_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "song.json"
    write_text(path, "old")
    with pytest.raises(OutputError, match=r"song\.json"), written_whole(path) as aside:
        aside.write_text("ne")
        raise OSError(28, "No space left on device")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_missing_folder_is_made_only_when_asked(tmp_path: Path) -> None:
    path = tmp_path / "new" / "a.txt"
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(path, "x")
    write_text(path, "x", make_folder=True)
    assert path.read_text() == "x"
