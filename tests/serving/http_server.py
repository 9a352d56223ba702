"""A whole server on a real socket, and the songs that are asked of it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import uvicorn

from visinger.serving.application import create_app
from visinger.serving.settings import Settings


@contextmanager
def served(settings: Settings | None = None) -> Iterator[httpx.Client]:
    """The application on a port of its own; its `services` are an attribute of the client."""
    app = create_app(settings or Settings())
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=300) as client:
            client.services = app.state.services
            yield client
    finally:
        server.should_exit = True
        thread.join()


def score(*lines: list[tuple[str, int, int]], rest_ticks: int = 960, **more: object) -> dict:
    """A score document at 120 quarters a minute: lines of (lyric, pitch, ticks), each followed by a rest."""
    notes, tick = [], 0
    for line in lines:
        for lyric, pitch, ticks in line:
            notes.append({"tick": tick, "duration": ticks, "pitch": pitch, "lyric": lyric})
            tick += ticks
        tick += rest_ticks
    part = {"name": "voice", "notes": notes}
    return {"format": "visinger-score", "version": 1, "language": "ja", "length_ticks": tick, "parts": [part], **more}


FIRST = [("さ", 57, 480), ("く", 57, 480), ("ら", 59, 960)]
SECOND = [("は", 60, 480), ("な", 59, 960)]
THIRD = [("そ", 55, 480), ("ら", 57, 960)]


def wait_until(true, *, seconds: float = 60.0) -> None:
    """Wait for something that another thread brings about."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)
