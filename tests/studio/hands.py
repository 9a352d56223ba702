"""A person at the studio: a page whose every error fails its test, and what is done on it by hand and by key."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from visinger.serving.application import create_app
from visinger.serving.settings import Settings
from visinger.studio.application import mount
from visinger.studio.projects import Projects

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
# a song short enough to be performed in no time: (quarters, pitch, lyric)
MELODY = [
    *((1, 57, "さ"), (1, 57, "く"), (2, 59, "ら"), (1, 57, "さ"), (1, 57, "く"), (2, 59, "ら")),
    *((1, 57, "や"), (1, 59, "よ"), (1, 60, "い"), (1, 59, "の"), (1, 57, "そ"), (2, 54, "ら")),
]


def song() -> dict[str, Any]:
    """The melody as a score document."""
    notes, tick = [], 0
    for quarters, pitch, lyric in MELODY:
        notes.append({"tick": tick, "duration": 480 * quarters, "pitch": pitch, "lyric": lyric})
        tick += 480 * quarters
    parts = [{"name": "voice", "notes": notes}]
    return {"format": "visinger-score", "version": 1, "title": "さくら", "language": "ja", "parts": parts}


# what Chromium says of its own accord about a server that is down on purpose, or an answer that is a refusal
EXPECTED = ("Failed to load resource",)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(folder: Path, port: int = 0) -> Iterator[str]:
    """The studio over a folder of projects; gives its address."""
    settings = Settings(port=port or free_port())
    app = mount(create_app(settings), Projects(folder))
    server = uvicorn.Server(uvicorn.Config(app, port=settings.port, log_level="error", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield f"http://127.0.0.1:{settings.port}/"
    finally:
        server.should_exit = True
        thread.join()


def wait_until(true: Callable[[], Any], seconds: float = 40.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := true():
            return found
        time.sleep(0.03)
    raise AssertionError("it did not happen in time")


@dataclass(frozen=True)
class Hand:
    """What a person does on the page, and what the page then holds."""

    page: Any

    def open(self, name: str = "") -> "Hand":
        """Open the short song, or one of the examples, through the file chooser."""
        text = json.dumps(song()).encode()
        short = {"name": "short.json", "mimeType": "application/json", "buffer": text}
        before = self.page.evaluate("location.hash")
        self.page.set_input_files("#picker", EXAMPLES / name if name else short)
        self.until(f"visinger.state.notes.length > 10 && location.hash !== '{before}'")
        return self

    def until(self, script: str) -> Any:
        """Wait for an expression to be true (the page's own rules forbid it to evaluate text by itself)."""
        return wait_until(lambda: self.page.evaluate(script))

    def notes(self, keys: str = "tick duration pitch lyric") -> list[tuple[Any, ...]]:
        found = self.page.evaluate("visinger.state.notes")
        return [tuple(note.get(key) for key in keys.split()) for note in found]

    def selection(self) -> list[int]:
        return list(self.page.evaluate("visinger.state.selection"))

    def place(self, index: int, part: float = 0.5) -> tuple[float, float]:
        """Where a note is on the screen: 0 is its head, 1 its tail."""
        script = """([index, part]) => {
          const box = visinger.context.roll.box_of(visinger.state.notes[index]);
          const canvas = document.getElementById("roll").getBoundingClientRect();
          return [canvas.left + box.x + box.width * part, canvas.top + box.y + box.height / 2];
        }"""
        x, y = self.page.evaluate(script, [index, part])
        return x, y

    def pixels(self, *, ticks: float = 0, semitones: float = 0) -> tuple[float, float]:
        wide, high = self.page.evaluate("[visinger.view.pixels_per_tick, visinger.view.pixels_per_semitone]")
        return ticks * wide, -semitones * high

    def drag(self, start: tuple[float, float], by: tuple[float, float]) -> None:
        mouse = self.page.mouse
        mouse.move(*start)
        mouse.down()
        mouse.move(start[0] + by[0] / 2, start[1] + by[1] / 2)
        mouse.move(start[0] + by[0], start[1] + by[1])
        mouse.up()

    def keys(self, *names: str) -> None:
        for name in names:
            self.page.keyboard.press(name)

    def identity(self) -> str:
        return str(self.until("location.hash.slice(1)"))

    def saved(self) -> None:
        self.until("visinger.state.status.saving === 'saved'")

    def kept(self, folder: Path) -> dict[str, Any]:
        """What the server has of the song on the page."""
        self.saved()
        found = json.loads((folder / f"{self.identity()}.json").read_text(encoding="utf-8"))
        return dict(found["project"])


@contextmanager
def visitor(browser: Any, address: str, **settings: Any) -> Iterator[Hand]:
    """A page of a new visitor, who sees no error of the page's own."""
    context = browser.new_context(**({"locale": "en-GB", "viewport": {"width": 1280, "height": 800}} | settings))
    context.set_default_timeout(40_000)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    arrive(page, address)
    yield Hand(page)
    context.close()
    assert [fault for fault in faults if not fault.startswith(EXPECTED)] == []


def arrive(page: Any, address: str) -> None:
    page.goto(address)
    page.locator("html[data-ready]").wait_for(state="attached")
    if page.locator("#opening[open]").count():
        page.keyboard.press("Escape")
