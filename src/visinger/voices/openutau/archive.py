"""The files of a bank, in a folder or a zip; nothing is unpacked to disk, and nothing read beyond its bounds."""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from visinger.errors import VisingerError, VoiceError

ANCHOR = "character.txt"  # what the editor looks for
MOST_FILES = 20_000
MOST_BYTES = 4 << 30  # of all files, unpacked
LARGEST_MODEL_BYTES, LARGEST_TEXT_BYTES = 1 << 30, 32 << 20
_DAMAGED = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError)


@dataclass(frozen=True)
class BankFiles:
    """Files by their path inside the bank's own folder, with '/' between its parts."""

    path: Path  # of the zip or folder
    root: str  # of the bank inside it; empty or ending in '/'
    sizes: dict[str, int]  # unpacked, by path from the root
    archive: zipfile.ZipFile | None
    strays: tuple[str, ...]  # names that would be written outside the folder they are unpacked to
    beside: tuple[str, ...]  # folders of other banks in the same archive

    def __contains__(self, name: str) -> bool:
        return name in self.sizes

    def read(self, name: str) -> bytes:
        """One file's bytes. Raises VoiceError when it is missing, larger than it may be, or damaged."""
        where = f"{self.path}: {name}"
        if name not in self.sizes:
            raise VoiceError("is missing", where=where, remedy="export the bank again")
        most = LARGEST_MODEL_BYTES if name.endswith(".onnx") else LARGEST_TEXT_BYTES
        try:
            if self.archive is None:
                with (self.path / self.root / name).open("rb") as file:
                    content = file.read(most + 1)
            else:
                with self.archive.open(self.root + name) as entry:
                    content = entry.read(most + 1)  # the header may lie: count what really comes out
        except _DAMAGED as error:
            reason = str(error)[:80] or type(error).__name__
            raise VoiceError(f"cannot be read ({reason})", where=where, remedy="copy the bank again") from None
        if len(content) > most:
            raise VoiceError(f"is larger than {most >> 20} MB", where=where, remedy="this is no file of a voicebank")
        return content

    def text(self, name: str) -> str:
        """One file as UTF-8. Raises VoiceError also when it is not."""
        try:
            return self.read(name).decode("utf-8-sig")
        except UnicodeDecodeError:
            raise VoiceError("is not UTF-8", where=f"{self.path}: {name}", remedy="save it as UTF-8") from None


@contextmanager
def opened(path: str | Path) -> Iterator[BankFiles]:
    """The files of a bank. Raises VoiceError when there is none, or too much of it."""
    path = Path(path)
    if path.is_dir():
        sizes = {p.relative_to(path).as_posix(): p.stat().st_size for p in _walk(path)}
        yield _files(path, sizes, None, ())
        return
    try:
        archive = zipfile.ZipFile(path)
    except FileNotFoundError:
        raise VoiceError("is not there", where=path, remedy="give a voicebank's zip or folder") from None
    except _DAMAGED as error:
        raise VoiceError(f"is no zip ({error})", where=path, remedy="give a voicebank's zip or folder") from None
    with archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir()]
        strays = tuple(entry.filename for entry in entries if _strays(entry.filename))
        sizes = {entry.filename: entry.file_size for entry in entries if not _strays(entry.filename)}
        yield _files(path, sizes, archive, strays)


def _walk(folder: Path) -> Iterator[Path]:
    for count, path in enumerate(sorted(folder.rglob("*"))):
        if count > MOST_FILES:
            return
        if path.is_file() and not path.is_symlink():
            yield path


def _strays(name: str) -> bool:
    """True for a name that a careless installer would write outside its folder."""
    return name.startswith(("/", "\\")) or ":" in name or "\\" in name or ".." in PurePosixPath(name).parts


def _files(path: Path, sizes: dict[str, int], archive: zipfile.ZipFile | None, strays: tuple[str, ...]) -> BankFiles:
    if len(sizes) > MOST_FILES or sum(sizes.values()) > MOST_BYTES:
        raise VoiceError(
            f"holds {len(sizes):,} files of {sum(sizes.values()) / 2**30:.1f} GB",
            where=path,
            remedy="this is no voicebank; give one bank alone",
        )
    roots = sorted((n.removesuffix(ANCHOR) for n in sizes if n.rpartition("/")[2] == ANCHOR), key=_depth)
    if not roots:
        raise VisingerError(
            f"holds no {ANCHOR}, by which the editor knows a voicebank", where=path, remedy="write one with 'name=…'"
        )
    root = roots[0]
    own = {name.removeprefix(root): size for name, size in sizes.items() if name.startswith(root)}
    return BankFiles(path, root, own, archive, strays, tuple(roots[1:]))


def _depth(name: str) -> tuple[int, str]:
    return name.count("/"), name
