"""Files that are whole or absent: written aside, synced and renamed, so that nobody ever sees half of one.

And arrays (.npz) read as files from outside must be: without pickle, bounded, every length checked before it is taken.
"""

import io
import math
import os
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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


def read_arrays(path: Path, *, most_bytes: int, only: Collection[str] = ()) -> dict[str, NDArray]:
    """The arrays of an .npz file (or `only` some), read-only and at most `most_bytes` together once unpacked.

    Raises OSError or ValueError, nothing else, whatever the file holds.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {member.filename.removesuffix(".npy"): member for member in archive.infolist()}
            wanted = {name: member for name, member in members.items() if not only or name in only}
            if sum(member.file_size for member in wanted.values()) > most_bytes:
                raise ValueError(f"it unpacks to more than {most_bytes / 2**20:g} MB")
            arrays = {}
            for name, member in wanted.items():
                with archive.open(member) as stream:
                    arrays[name] = _array(stream.read(member.file_size + 1), name)
            return arrays
    except (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, RuntimeError, KeyError, TypeError) as error:
        raise ValueError(" ".join(str(error).split())[:200] or type(error).__name__) from error


def _array(content: bytes, name: str) -> NDArray:
    """One array as numpy writes it; a header that promises more than there is allocates nothing."""
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise ValueError(f"'{name}' is of numpy's format {version}")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, by_columns, kind = header(stream)
    start = stream.tell()
    if kind.hasobject or min(shape, default=0) < 0 or math.prod(shape) * kind.itemsize != len(content) - start:
        raise ValueError(f"'{name}' does not hold what its header says")
    flat = np.frombuffer(content, dtype=kind, offset=start) if len(content) > start else np.empty(0, kind)
    return flat.reshape(shape, order="F" if by_columns else "C")
