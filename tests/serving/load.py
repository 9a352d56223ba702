"""A server under load, by hand: `python tests/serving/load.py --clients 8 --seconds 300`.

Starts `visinger serve`, has every client ask for songs without a pause, each time with another seed, so that
nothing is found rendered, and says what went wrong, how long it took, and what the server's memory did.
"""

import argparse
import json
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx
from http_server import FIRST, SECOND, THIRD, score

LINES = (FIRST, SECOND, THIRD)
WARM_UP_SHARE = 0.2  # of the time, after which memory should not grow


@dataclass
class Seen:
    """What all clients saw."""

    outcomes: Counter[str] = field(default_factory=Counter)
    first_byte_seconds: list[float] = field(default_factory=list)
    whole_seconds: list[float] = field(default_factory=list)
    sung_seconds: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)


def song(chance: random.Random, most_lines: int) -> dict:
    """A song of a few lines, of three seconds each."""
    lines = [chance.choice(LINES) for _ in range(chance.randint(1, most_lines))]
    return score(*lines, rest_ticks=chance.choice((240, 960)))


def client(address: str, seen: Seen, end: float, seed: int, *, most_lines: int) -> None:
    """Ask until the time is over: mostly to render, sometimes to perform, now and then to go away early."""
    chance = random.Random(seed)
    with httpx.Client(base_url=address, timeout=300) as http:
        while time.monotonic() < end:
            asked = {"score": song(chance, most_lines), "voice": "pjs", "seed": chance.randrange(2**31)}
            began = time.monotonic()
            try:
                kind = chance.random()
                if kind < 0.2:
                    outcome = f"perform {http.post('/v1/perform', json=asked).status_code}"
                else:
                    asked["format"] = chance.choice(("wav", "flac", "ogg"))
                    outcome = _render(http, asked, seen, leaves=kind > 0.95)
            except httpx.HTTPError as error:
                outcome = f"error {type(error).__name__}"
            with seen.lock:
                seen.outcomes[outcome] += 1
                seen.whole_seconds.append(time.monotonic() - began)


def _render(http: httpx.Client, asked: dict, seen: Seen, *, leaves: bool) -> str:
    began = time.monotonic()
    with http.stream("POST", "/v1/render", json=asked) as reply:
        pieces = reply.iter_raw()
        next(pieces)
        with seen.lock:
            seen.first_byte_seconds.append(time.monotonic() - began)
        if leaves:
            return "left early"
        for _ in pieces:
            continue
        with seen.lock:
            seen.sung_seconds += int(reply.headers.get("x-samples", 0)) / 24_000
        return f"render {reply.status_code}"


def _emptied(address: str) -> dict:
    """The queue, once those who left early have let go of their turns."""
    for _ in range(60):
        queue = httpx.get(f"{address}/v1/queue", timeout=60).json()
        if not queue["running"] + queue["waiting"]:
            break
        time.sleep(1)
    return queue


def memory_mb(address: str) -> float:
    """The server's resident memory, as it says itself."""
    text = httpx.get(f"{address}/metrics", timeout=60).text
    return round(float(re.search(r"^process_resident_memory_bytes (\S+)", text, re.MULTILINE)[1]) / 2**20)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--lines", type=int, default=20, help="of the longest songs")
    parser.add_argument("--cache-mb", type=float, default=64)
    arguments = parser.parse_args()
    command = [sys.executable, "-m", "visinger.cli.main", "serve", "--port", "0", "--cache-mb", str(arguments.cache_mb)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        address = re.search(r"http://[^ ]+", server.stdout.readline())[0]
        seen, memory = Seen(), [memory_mb(address)]
        end = time.monotonic() + arguments.seconds
        lines = {"most_lines": arguments.lines}
        threads = [
            threading.Thread(target=client, args=(address, seen, end, k), kwargs=lines)
            for k in range(arguments.clients)
        ]
        for thread in threads:
            thread.start()
        while time.monotonic() < end:
            time.sleep(arguments.seconds / 20)
            memory.append(memory_mb(address))
        for thread in threads:
            thread.join()
        queue = _emptied(address)
    finally:
        server.terminate()
        code = server.wait(60)
    warm = memory[int(len(memory) * WARM_UP_SHARE) :]
    wrong = sum(count for name, count in seen.outcomes.items() if not name.endswith(("200", "left early")))
    report = {
        "clients": arguments.clients,
        "seconds": arguments.seconds,
        "outcomes": dict(seen.outcomes),
        "errors": wrong,
        "sung_seconds": round(seen.sung_seconds),
        "times_real_time": round(seen.sung_seconds / arguments.seconds, 1),
        "first_byte_seconds": _spread(seen.first_byte_seconds),
        "whole_seconds": _spread(seen.whole_seconds),
        "memory_mb": {"start": memory[0], "warm": warm[0], "end": warm[-1], "most": max(warm)},
        "queue_after": queue,
        "exit_code": code,
    }
    sys.stdout.write(json.dumps(report, indent=1) + "\n")
    return 1 if wrong or queue["running"] or queue["waiting"] else 0


def _spread(values: list[float]) -> dict[str, float]:
    if len(values) < 2:
        return {}
    cuts = statistics.quantiles(values, n=20)
    return {"median": round(statistics.median(values), 2), "95 %": round(cuts[-1], 2), "most": round(max(values), 2)}


if __name__ == "__main__":
    sys.exit(main())
