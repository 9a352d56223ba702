"""The studio as a program: page, projects and API in one server of this machine."""

import hashlib
import json
import socket
import webbrowser
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from visinger import score as scores
from visinger.errors import VisingerError
from visinger.score.bounds import read_bytes
from visinger.score.formats.json_score import document_of
from visinger.studio.projects import FORMAT, VERSION, Projects

PORT = 8271  # the page's unsent work belongs to its address: the port stays the same where it can
GRACE_SECONDS = 3


def open_song(projects: Projects, path: Path) -> str:
    """The project of a score file: the one begun when the same file was opened before, or a new one.

    Raises ScoreError for a file that cannot be read.
    """
    content = read_bytes(path)
    identity = hashlib.sha256(str(path.resolve()).encode() + b"\0" + content).hexdigest()[:16]
    if projects.read(identity) is None:
        document = json.loads(json.dumps(document_of(scores.read(path))))
        document["title"] = document.get("title") or path.stem
        sung = [k for k, part in enumerate(document["parts"]) if any(note.get("lyric") for note in part["notes"])]
        project = {"format": FORMAT, "version": VERSION, "score": document, "part": sung[0] if sung else 0}
        projects.write(identity, project, base_revision=0)
    return identity


def listen(host: str, port: int | None) -> socket.socket:
    """A socket to serve at: `port`, or the studio's own and a free one where that is taken.

    Raises VisingerError when the address cannot be had.
    """
    wanted = [PORT, 0] if port is None else [port]
    for number in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((host, number))
            bound.listen()
        except (OSError, OverflowError) as error:
            bound.close()
            problem = error
        else:
            return bound
    raise VisingerError(
        f"cannot be listened at ({problem})", where=f"{host}:{wanted[-1]}", remedy="choose another --port"
    ) from problem


def address_of(bound: socket.socket) -> str:
    """The page's address on a listening socket: where it listens everywhere, this machine's own in its network."""
    host, port = bound.getsockname()[:2]
    if host == "0.0.0.0":
        host = _own_address()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def _own_address() -> str:
    """The address by which others of the network reach this machine; nothing is sent to find it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # RFC 5737: an address that nobody has
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def run(app: FastAPI, bound: socket.socket, *, address: str, ready: Callable[[str], None], browser: bool) -> None:
    """Serve until interrupted; `ready` gets the address, and the user's browser is sent there, once it answers."""

    class _Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready(address)
            if browser:
                webbrowser.open(address)

    config = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE_SECONDS)
    try:
        _Server(config).run(sockets=[bound])
    finally:
        bound.close()
