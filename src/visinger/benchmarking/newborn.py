"""What only a new process can tell: time to the first sound from nothing, and the memory of a whole song.

    python -m visinger.benchmarking.newborn sound VOICE SCORE
    python -m visinger.benchmarking.newborn song VOICE SCORE OUTPUT
    python -m visinger.benchmarking.newborn busy-song VOICE SCORE TIMES
    python -m visinger.benchmarking.newborn busy-product SIZE TIMES

Each prints one line of JSON. The busy ones say "ready", wait for a line and
then work, so that several start at once.
"""

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from visinger.errors import VisingerError

LONGEST_SECONDS = 3600


@dataclass(frozen=True)
class FirstSound:
    """Seconds from the call to the first block that sounds."""

    cold_seconds: float  # the call is the start of Python
    warm_seconds: float  # the call is `voice.stream`, the voice open and used once
    silence_seconds: float  # of audio that came before it: a rest at the song's start


@dataclass(frozen=True)
class WholeSong:
    """A song sung to a file in a process of its own, as `visinger sing` does."""

    peak_bytes: int
    cpu_seconds: float
    wall_seconds: float


def first_sound(voice: str, score: Path, *, repeats: int = 3) -> FirstSound:
    """The least of several new processes."""
    told = []
    for _ in range(repeats):
        began = time.monotonic()
        answer = _told(["sound", voice, str(score)])
        told.append((answer["at"] - began, answer["warm"], answer["silence"]))
    return FirstSound(*(min(values) for values in zip(*told, strict=True)))


def whole_song(voice: str, score: Path, output: Path) -> WholeSong:
    """Sing to a file."""
    began = time.monotonic()
    answer = _told(["song", voice, str(score), str(output)])
    return WholeSong(int(answer["peak_bytes"]), answer["cpu"], time.monotonic() - began)


def together(work: list[str], processes: int) -> float:
    """Wall seconds of the slowest of so many processes that begin at once, one thread each."""
    alone = {**os.environ, "VISINGER_THREADS": "1", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    workers = [
        subprocess.Popen(_command(work), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=alone, bufsize=1)
        for _ in range(processes)
    ]
    try:
        for worker in workers:
            if worker.stdout.readline().strip() != "ready":
                raise VisingerError(f"a process for '{work[0]}' did not start", remedy="look at what it said above")
        for worker in workers:
            worker.stdin.write("go\n")
            worker.stdin.flush()
        return max(float(json.loads(worker.stdout.readline())["wall"]) for worker in workers)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _command(work: list[str]) -> list[str]:
    return [sys.executable, "-m", "visinger.benchmarking.newborn", *work]


def _told(work: list[str]) -> dict[str, float]:
    found = subprocess.run(_command(work), capture_output=True, text=True, check=False, timeout=LONGEST_SECONDS)
    if found.returncode:
        reason = (found.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise VisingerError(f"a new process for '{work[0]}' failed: {reason}")
    answer: dict[str, float] = json.loads(found.stdout.strip().splitlines()[-1])
    return answer


# ---- in the new process ----


def _sound(voice_name: str, score: str) -> dict[str, float]:
    import visinger

    voice = visinger.Voice.load(voice_name)
    silence, at = _until_it_sounds(voice.stream(visinger.read_score(score), transpose="auto"), voice.sample_rate_hz)
    read = visinger.read_score(score)
    warm = float("inf")
    for _ in range(3):
        began = time.monotonic()
        warm = min(warm, _until_it_sounds(voice.stream(read, transpose="auto"), voice.sample_rate_hz)[1] - began)
    return {"at": at, "warm": warm, "silence": silence}


def _until_it_sounds(blocks: object, sample_rate_hz: int) -> tuple[float, float]:
    """Seconds of silence before the first block that is not all zero, and when it came."""
    silent = 0
    for block in blocks:  # type: ignore[attr-defined]
        if block.any():
            break
        silent += len(block)
    return silent / sample_rate_hz, time.monotonic()


def _song(voice_name: str, score: str, output: str) -> dict[str, float]:
    from visinger.benchmarking.stopwatch import peak_bytes
    from visinger.voices.singing import Wishes, sing
    from visinger.voices.voice import Voice

    wishes = Wishes(voice=voice_name, transpose="auto")
    sing(Path(score), Path(output), Voice.load(voice_name), wishes)
    return {"peak_bytes": peak_bytes(), "cpu": time.process_time()}


def _busy_song(voice_name: str, score: str, times: str) -> dict[str, float]:
    import visinger

    voice, read = visinger.Voice.load(voice_name), visinger.read_score(score)

    def work() -> None:
        voice.sing(read, transpose="auto")

    return _busy(work, int(times))


def _busy_product(size: str, times: str) -> dict[str, float]:
    import numpy as np

    matrix = np.random.default_rng(0).standard_normal((int(size), int(size)), dtype=np.float32)

    def work() -> None:
        matrix @ matrix

    return _busy(work, int(times))


def _busy(work: object, times: int) -> dict[str, float]:
    work()  # type: ignore[operator]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    began = time.monotonic()
    for _ in range(times):
        work()  # type: ignore[operator]
    return {"wall": time.monotonic() - began}


if __name__ == "__main__":
    tasks = {"sound": _sound, "song": _song, "busy-song": _busy_song, "busy-product": _busy_product}
    sys.stdout.write(json.dumps(tasks[sys.argv[1]](*sys.argv[2:])) + "\n")
