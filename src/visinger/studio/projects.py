"""What the studio keeps: one file a song, replaced whole, with some of its earlier versions beside it.

    FOLDER/ID.json             {"revision": 7, "project": {…}}
    FOLDER/earlier/ID.SECONDS.json   as it was then; one in ten minutes of work, the latest ten

A revision counts the times a song was saved. Whoever saves says which one the
work began from; when another has been saved meanwhile it is refused, so that
two windows never write over each other.
"""

import json
import os
import re
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any, NoReturn

from visinger.errors import OutputError
from visinger.files import write_text
from visinger.serving.problems import RefusedError

FORMAT, VERSION = "visinger-studio-project", 1
IDENTITY = re.compile(r"[0-9a-f]{16}")
MOST_PROJECTS = 1000
LONGEST_PROJECT_BYTES = 16 * 2**20
MOST_EARLIER, EARLIER_SECONDS = 10, 600


@dataclass(frozen=True)
class Summary:
    """One song in the list."""

    id: str
    title: str
    notes: int
    changed: float  # seconds since 1970


def standard_folder() -> Path:
    """Where projects are kept unless told otherwise: the user's data folder of this system."""
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "visinger" / "studio"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home()) / "visinger" / "studio"
    return Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "visinger" / "studio"


class Projects:
    """The projects of one folder. Safe from several threads."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        self.folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._summaries: dict[Path, tuple[tuple[int, int], Summary]] = {}
        try:
            (folder / "earlier").mkdir(parents=True, exist_ok=True)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise OutputError(f"cannot be made ({reason})", where=folder, remedy="choose another folder") from error

    def read(self, identity: str) -> str | None:
        """The stored document of a project, `{"revision", "project"}` as JSON; None when there is none.

        A file that something else has damaged is passed over for the version before it.
        """
        path = self._path(identity)
        for candidate in (path, *reversed(self._earlier(identity))):
            found = _decoded(candidate)
            if found is not None:
                return json.dumps(found, ensure_ascii=False)
        return None

    def write(self, identity: str, project: dict[str, Any], *, base_revision: int) -> int:
        """Keep a project; returns its new revision.

        Raises RefusedError: 409 when another than `base_revision` is kept, 422 for what is no project, 507 for one
        project too many; OutputError when the disk refuses.
        """
        path = self._path(identity)
        text = _encoded(project)
        with self._lock:
            kept = _decoded(path)
            revision = int(kept["revision"]) if kept else 0
            if kept and revision != base_revision:
                raise RefusedError(
                    HTTPStatus.CONFLICT,
                    f"revision {revision} of this song is kept, not {base_revision}",
                    where=identity,
                    remedy="keep yours under another name",
                )
            if kept is None and not path.exists() and len(self._paths()) >= MOST_PROJECTS:
                raise RefusedError(
                    HTTPStatus.INSUFFICIENT_STORAGE,
                    f"{MOST_PROJECTS} songs are kept already",
                    where=str(self.folder),
                    remedy="remove songs that are done with",
                )
            self._set_aside(identity, path)
            # a song restored from elsewhere goes on from the revision it names
            revision = max(revision, base_revision) + 1
            write_text(path, f'{{"revision": {revision}, "project": {text}}}\n')
            return revision

    def remove(self, identity: str) -> bool:
        """Forget a project and its earlier versions; False when there was none."""
        with self._lock:
            found = self._path(identity).exists()
            for path in (*self._earlier(identity), self._path(identity)):
                path.unlink(missing_ok=True)
            return found

    def summaries(self) -> list[Summary]:
        """Every project, the one changed last first."""
        with self._lock:
            known: dict[Path, tuple[tuple[int, int], Summary]] = {}
            for path in self._paths():
                try:
                    state = path.stat()
                except FileNotFoundError:
                    continue
                stamp = (state.st_mtime_ns, state.st_size)
                kept = self._summaries.get(path)
                summary = kept[1] if kept and kept[0] == stamp else _summary(path, state.st_mtime)
                if summary is not None:
                    known[path] = (stamp, summary)
            self._summaries = known
        return sorted((summary for _, summary in known.values()), key=lambda one: -one.changed)

    def _path(self, identity: str) -> Path:
        if not IDENTITY.fullmatch(identity):
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY, "this is no name of a project", remedy="names are 16 digits of 0-9a-f"
            )
        return self.folder / f"{identity}.json"

    def _paths(self) -> list[Path]:
        return [path for path in self.folder.glob("*.json") if IDENTITY.fullmatch(path.stem)]

    def _earlier(self, identity: str) -> list[Path]:
        """The earlier versions of a project, oldest first."""
        found = [path for path in (self.folder / "earlier").glob(f"{identity}.*.json") if _seconds(path) is not None]
        return sorted(found, key=lambda path: _seconds(path) or 0)

    def _set_aside(self, identity: str, path: Path) -> None:
        """Keep the version that is about to be replaced, when the latest one kept is ten minutes old."""
        earlier, now = self._earlier(identity), int(self._clock())
        latest = _seconds(earlier[-1]) if earlier else None
        if not path.exists() or (latest is not None and now - latest < EARLIER_SECONDS):
            return
        try:
            write_text(self.folder / "earlier" / f"{identity}.{now}.json", path.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError):
            return  # what cannot be read is not worth keeping twice
        for old in earlier[: max(len(earlier) + 1 - MOST_EARLIER, 0)]:
            old.unlink(missing_ok=True)


def _seconds(path: Path) -> int | None:
    text = path.name.split(".")[1]
    return int(text) if text.isdigit() else None


def _decoded(path: Path) -> dict[str, Any] | None:
    """A stored document, or None when it is missing or damaged."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return found if isinstance(found.get("revision"), int) and isinstance(found.get("project"), dict) else None


def _encoded(project: dict[str, Any]) -> str:
    """The project as JSON; RefusedError for what is none, too long, or cannot be written as UTF-8 JSON."""
    named = (project.get("format"), project.get("version"))
    if named != (FORMAT, VERSION) or not isinstance(project.get("score"), dict):
        _refuse(f"this is no {FORMAT} of version {VERSION}", "send what the studio's page sends")
    try:
        text = json.dumps(project, ensure_ascii=False, allow_nan=False)
        size = len(text.encode())
    except (ValueError, RecursionError):
        _refuse("it holds what JSON in UTF-8 cannot", "send numbers that are finite and text that is whole")
    if size > LONGEST_PROJECT_BYTES:
        _refuse(f"it is longer than {LONGEST_PROJECT_BYTES / 2**20:g} MB", "part the song in two")
    return text


def _refuse(problem: str, remedy: str) -> NoReturn:
    raise RefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, problem, where="project", remedy=remedy)


def _summary(path: Path, changed: float) -> Summary | None:
    found = _decoded(path)
    if found is None:
        return None
    score = found["project"].get("score")
    score = score if isinstance(score, dict) else {}
    parts = score.get("parts")
    notes = [part.get("notes") for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    count = sum(len(one) for one in notes if isinstance(one, list))
    return Summary(path.stem, str(score.get("title") or ""), count, changed)
