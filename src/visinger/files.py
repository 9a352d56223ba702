"""Files that are whole or absent: written aside, synced and renamed, so that nobody ever sees half of one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from visinger.errors import OutputError

REMEDY = "free some disk space, or choose another folder"


@contextmanager
def written_whole(path: Path, *, make_folder: bool = False) -> Iterator[Path]:
    """Write to the path this gives; it becomes `path` when the block ends well, and is gone when not.

    It keeps the suffix, by which libraries choose a format. Raises OutputError naming `path` when the disk refuses.
    """
    aside = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        if make_folder:
            path.parent.mkdir(parents=True, exist_ok=True)
        yield aside
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        os.replace(aside, path)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({(error.strerror or str(error)).lower()})", where=path, remedy=REMEDY
        ) from error
    finally:
        aside.unlink(missing_ok=True)


def write_text(path: Path, text: str, *, make_folder: bool = False) -> None:
    """Write a text file in UTF-8, whole or not at all; OutputError when it cannot be."""
    with written_whole(path, make_folder=make_folder) as aside:
        aside.write_text(text, encoding="utf-8")
