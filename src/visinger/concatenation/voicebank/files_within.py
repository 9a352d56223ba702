"""The files of a voicebank: every name confined to the bank's folder, every read bounded, encodings told apart.

A bank is a stranger's folder. No name in it may lead elsewhere: not by `..`,
not by a drive or a leading slash, not by a symbolic link.
"""

import os
from collections.abc import Iterator
from pathlib import Path, PureWindowsPath

from visinger.errors import CorpusError

LARGEST_TEXT_BYTES = 8 << 20
MOST_FOLDERS, DEEPEST = 500, 4
LONGEST_NAME = 80  # characters; a file system takes 255 bytes
ENCODINGS = ("utf-8-sig", "cp932", "gb18030")  # in this order where several fit: UTF-8 hardly ever fits by chance


def within(root: Path, folder: Path, name: str) -> Path | None:
    """The path that `name` has in `folder`, a folder of `root`; None for one that leads out of `root` or is endless."""
    pure = PureWindowsPath(name.strip())  # UTAU's own separators; it takes / as well
    if not pure.parts or pure.anchor or ".." in pure.parts or "\0" in name or len(name) > LONGEST_NAME:
        return None
    path = folder.joinpath(*pure.parts)
    try:
        home, led = root.resolve(), path.resolve()
    except OSError:
        return None
    return path if led.is_relative_to(home) else None


def folders(root: Path) -> list[Path]:
    """`root` and what lies below it, at most four deep, in a fixed order; links are not followed."""
    found = [root]
    for place in found:
        if len(found) > MOST_FOLDERS:
            raise CorpusError(f"more than {MOST_FOLDERS} folders", where=root, remedy="give the voicebank's own folder")
        if len(place.relative_to(root).parts) < DEEPEST:
            found.extend(sorted(p for p in _listed(place) if p.is_dir() and not p.is_symlink()))
    return found


def _listed(folder: Path) -> Iterator[Path]:
    try:
        with os.scandir(folder) as entries:
            yield from [Path(entry.path) for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise CorpusError(f"cannot be read ({(error.strerror or str(error)).lower()})", where=folder) from error


def content(path: Path, *, most_bytes: int = LARGEST_TEXT_BYTES) -> bytes:
    """A text file's bytes; CorpusError where it cannot be read or is longer than a text of a voicebank is."""
    try:
        with path.open("rb") as file:
            data = file.read(most_bytes + 1)
    except OSError as error:
        raise CorpusError(f"cannot be read ({(error.strerror or str(error)).lower()})", where=path) from error
    if len(data) > most_bytes:
        raise CorpusError(f"longer than {most_bytes >> 10} KB", where=path, remedy="is this a voicebank's text?")
    return data


def readings(data: bytes) -> list[tuple[str, str]]:
    """`(encoding, text)` of every encoding that fits, the likeliest first; never empty."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return [("utf-16", data.decode("utf-16", errors="replace"))]
    fitting = []
    for encoding in ENCODINGS:
        try:
            fitting.append((encoding, data.decode(encoding)))
        except UnicodeDecodeError:
            continue
        if encoding == "utf-8-sig":
            return fitting
    return fitting or [("cp932", data.decode("cp932", errors="replace"))]


def text(path: Path, encoding: str | None = None) -> str:
    """A text file in the bank's `encoding` where that fits, else in the likeliest."""
    fitting = readings(content(path))
    return next((read for name, read in fitting if name == encoding), fitting[0][1])
