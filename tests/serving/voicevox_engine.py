"""A server of VOICEVOX' endpoints on a real socket, and what its clients ask of it."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import numpy as np
import soundfile
import uvicorn
from fastapi import FastAPI

from visinger.serving.application import create_app
from visinger.serving.settings import Settings
from visinger.serving.voicevox import add_voicevox

DO_RE_MI = {
    "notes": [
        {"id": "a", "key": None, "frame_length": 15, "lyric": ""},
        {"id": "b", "key": 60, "frame_length": 45, "lyric": "ド"},
        {"id": "c", "key": 62, "frame_length": 45, "lyric": "レ"},
        {"id": "d", "key": 64, "frame_length": 45, "lyric": "ミ"},
        {"id": "e", "key": None, "frame_length": 15, "lyric": ""},
    ]
}
VOWELS = "aiueoN"


@contextmanager
def served(settings: Settings | None = None, *, whole: bool = False) -> Iterator[httpx.Client]:
    """The endpoints on a port of their own: on a bare application, or on the whole server's."""
    settings = settings or Settings()
    app = create_app(settings) if whole else FastAPI()
    add_voicevox(app, settings)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join()


def song(*notes: tuple[str, int | None, int]) -> dict:
    """(lyric, key, frames) → a score."""
    return {"notes": [{"lyric": lyric, "key": key, "frame_length": frames} for lyric, key, frames in notes]}


def asked(engine: httpx.Client, score: dict) -> dict:
    """The query of a score."""
    response = engine.post("/sing_frame_audio_query", params={"speaker": 6000}, json=score)
    assert response.status_code == 200, response.text
    return response.json()


def changed(engine: httpx.Client, path: str, score: dict, query: dict) -> httpx.Response:
    """Pitch or volume of an edited query."""
    return engine.post(path, params={"speaker": 6000}, json={"score": score, "frame_audio_query": query})


def sounded(engine: httpx.Client, query: dict) -> tuple[np.ndarray, int]:
    """(S) or (S, 2) samples and their rate."""
    response = engine.post("/frame_synthesis", params={"speaker": 3001}, json=query)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "audio/wav"
    return soundfile.read(io.BytesIO(response.content))


def spans(query: dict) -> list[tuple[str, int, int]]:
    """(phoneme, first frame, end)."""
    ends = np.cumsum([p["frame_length"] for p in query["phonemes"]]).tolist()
    return [(p["phoneme"], end - p["frame_length"], end) for p, end in zip(query["phonemes"], ends, strict=True)]


def onsets(query: dict) -> list[int]:
    """The frames on which vowels begin."""
    return [first for name, first, _ in spans(query) if name in VOWELS]
