"""Sound on its way: heard before it is done, followed, cancelled, broken off, and stopped in order."""

import asyncio
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from awaiting import awaited

pytest.importorskip("fastapi")
import httpx
import numpy as np
from http_server import FIRST, SECOND, score, served, wait_until
from starlette.requests import Request

from visinger.serving.jobs import Jobs, State
from visinger.serving.settings import Settings
from visinger.serving.streaming import MOST_WAITING_BYTES, Opened, Stage
from visinger.serving.stretches import Rendered

ROOT = Path(__file__).resolve().parents[2]
LONG = score(*[FIRST * 2, SECOND * 3] * 12, rest_ticks=480)
LONGER = score(*[FIRST * 2, SECOND * 3] * 80, rest_ticks=480)  # more sound than a client that stalls is given


@pytest.fixture(scope="module")
def client():
    with served(Settings(concurrency=1, queue_length=1)) as server:
        yield server


def body(seed: int) -> dict:
    return {"score": LONG, "voice": "pjs", "format": "pcm_f32", "seed": seed}


def test_the_first_sound_comes_before_the_last_is_made(client):
    with client.stream("POST", "/v1/render", json=body(1), headers={"X-Job-Id": "heard-early"}) as reply:
        pieces = reply.iter_raw()
        first = next(pieces)
        while len(first) <= 44:  # the header may come alone, before there is sound
            first += next(pieces)
        job = client.get("/v1/jobs/heard-early").json()
        assert job["state"] == "singing"
        assert 0 < job["done_seconds"] < job["seconds"]
        rest = b"".join(pieces)
    assert len(first) + len(rest) == int(reply.headers["content-length"])
    wait_until(lambda: client.get("/v1/jobs/heard-early").json()["state"] == "done")
    job = client.get("/v1/jobs/heard-early").json()
    assert job["done_seconds"] == job["seconds"] == pytest.approx(int(reply.headers["x-samples"]) / 24_000, abs=1e-3)


def test_a_cancelled_job_breaks_its_stream_off(client):
    def all_of_it() -> None:
        with client.stream("POST", "/v1/render", json=body(2), headers={"X-Job-Id": "broken-off"}) as reply:
            for _ in reply.iter_raw():
                assert client.delete("/v1/jobs/broken-off").status_code == 200

    with pytest.raises(httpx.RemoteProtocolError):
        all_of_it()
    wait_until(lambda: client.get("/v1/jobs/broken-off").json()["state"] == "cancelled")
    assert client.get("/v1/queue").json()["running"] == 0


def test_a_client_that_goes_away_cancels_its_job(client):
    with client.stream("POST", "/v1/render", json=body(3), headers={"X-Job-Id": "gone-away"}) as reply:
        next(reply.iter_raw())
    wait_until(lambda: client.get("/v1/jobs/gone-away").json()["state"] == "cancelled")
    wait_until(lambda: client.get("/v1/queue").json()["running"] == 0)


def test_a_full_queue_refuses_and_one_that_waits_can_be_cancelled(client):
    answers = {}

    def ask(name: str, seed: int) -> None:
        answers[name] = httpx.post(
            f"{client.base_url}/v1/render", json=body(seed), headers={"X-Job-Id": name}, timeout=300
        )

    longer = body(4) | {"score": LONGER}
    with client.stream("POST", "/v1/render", json=longer, headers={"X-Job-Id": "the-first"}) as reply:
        pieces = reply.iter_raw()  # held: the connection goes with it
        next(pieces)
        waiting = threading.Thread(target=ask, args=("the-second", 5))
        waiting.start()
        wait_until(lambda: client.get("/v1/queue").json()["waiting"] == 1)
        assert client.get("/v1/jobs/the-second").json()["state"] == "waiting"
        refused = client.post("/v1/render", json=body(6))
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 0
        same = client.post("/v1/render", json=body(4), headers={"X-Job-Id": "the-first"})
        assert same.status_code in (409, 429)
        client.delete("/v1/jobs/the-second")
        waiting.join()
        assert answers["the-second"].status_code == 409
        assert "cancelled" in answers["the-second"].json()["detail"]["problem"]


def test_a_song_that_is_cancelled_breaks_off_for_its_client_and_is_no_error_of_the_servers(client):
    errors: list[str] = []
    listening = logging.Handler(logging.ERROR)
    listening.emit = lambda record: errors.append(record.getMessage())
    logging.getLogger("uvicorn.error").addHandler(listening)
    try:
        with client.stream(
            "POST", "/v1/render", json=body(7) | {"score": LONGER}, headers={"X-Job-Id": "broken-off"}
        ) as reply:
            pieces = reply.iter_raw()
            next(pieces)
            client.delete("/v1/jobs/broken-off")
            with pytest.raises(httpx.RemoteProtocolError):
                list(pieces)
        wait_until(lambda: client.get("/v1/queue").json()["running"] == 0)
        logging.getLogger("uvicorn.error").error("heard")
        assert errors == ["heard"]
    finally:
        logging.getLogger("uvicorn.error").removeHandler(listening)


# -- without a network ---------------------------------------------------------------------------------


def request() -> Request:
    async def receive() -> dict:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": []}, receive)


def test_a_stream_that_nobody_takes_is_bounded_and_given_up():
    made = 0

    async def test() -> None:
        jobs = Jobs(concurrency=1, queue_length=1)
        stage = Stage(jobs, stall_seconds=0.2)

        def pieces():
            nonlocal made
            while True:
                made += 1
                yield bytes(1 << 20)

        async def stalled_send(message: dict) -> None:
            if message["type"] == "http.response.body":
                await asyncio.sleep(3600)

        response = await stage.stream(request(), lambda _job: Opened("audio/wav", None, pieces()))
        job = next(iter(jobs._known.values()))
        sending = asyncio.create_task(response({}, request().receive, stalled_send))
        while job.state != State.CANCELLED:
            await asyncio.sleep(0.02)
        assert made <= MOST_WAITING_BYTES / (1 << 20) + 3
        assert jobs.running == 0
        sending.cancel()
        await stage.close()

    awaited(test())


def test_a_fault_before_the_first_sound_is_raised_and_one_after_it_breaks_off():
    async def test() -> None:
        stage = Stage(Jobs(concurrency=1, queue_length=1), stall_seconds=1)

        def failing(after: int):
            for _ in range(after):
                yield b"x"
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await stage.stream(request(), lambda _job: Opened("audio/wav", None, failing(0)))
        sent = []

        async def send(message: dict) -> None:
            sent.append(message)

        response = await stage.stream(request(), lambda _job: Opened("audio/wav", None, failing(2)))
        await response({}, request().receive, send)
        assert b"".join(message.get("body", b"") for message in sent) == b"xx"
        assert all(message["more_body"] for message in sent[1:]), "the response must not look whole"
        await stage.close()

    awaited(test())


def test_sound_kept_never_exceeds_its_bound_and_the_latest_used_stays():
    kept = Rendered(most_bytes=100_000)
    for k in range(20):
        kept.keep(f"key {k}", np.zeros(5000, np.float32))
        assert kept.get("key 0") is not None
        assert kept.bytes <= 100_000
    assert kept.get("key 1") is None
    kept.keep("too long", np.zeros(20_000, np.float32))
    assert kept.get("too long") is None


# -- the command ---------------------------------------------------------------------------------------


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "visinger.cli.main", "serve", *arguments]


def test_the_command_serves_ends_songs_under_way_when_it_is_stopped_and_leaves_with_zero():
    environment = {**os.environ, "VISINGER_TOKEN": "", "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command("--port", "0", "--grace", "60"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )
    try:
        address = re.search(r"http://\S+", process.stdout.readline())[0]
        song = {"score": score(FIRST, SECOND), "voice": "pjs"}
        with httpx.stream("POST", f"{address}/v1/render", json={**song, "format": "pcm_f32"}, timeout=300) as reply:
            pieces = reply.iter_raw()
            first = next(pieces)
            process.send_signal(signal.SIGTERM)
            whole = first + b"".join(pieces)
        assert len(whole) == int(reply.headers["content-length"])
        assert process.wait(60) in (0, -signal.SIGTERM)
    finally:
        process.kill()
        _, said = process.communicate()
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--host", "0.0.0.0"), "--token"),
        (("--voice", "no-such-folder"), "no-such-folder"),
        (("--port", "70000"), "--port"),
        (("--concurrency", "0"), "--concurrency"),
        (("--host", "256.1.1.1", "--token", "x" * 20), "256.1.1.1"),
    ],
)
def test_a_server_that_cannot_be_is_refused_in_one_line(arguments, told, capsys, monkeypatch):
    from visinger.cli.main import main

    monkeypatch.delenv("VISINGER_TOKEN", raising=False)
    assert main(["serve", *arguments]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert said.count("\n") == 1
