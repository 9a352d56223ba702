"""CPU and wall seconds of a piece of work, and the memory a process has needed."""

import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Spent:
    """What a piece of work took; `cpu_seconds` counts all threads of the process."""

    cpu_seconds: float
    wall_seconds: float


def timed(work: Callable[[], object]) -> Spent:
    """Do the work once."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return Spent(time.process_time() - cpu, time.perf_counter() - wall)


def least(work: Callable[[], object], repeats: int) -> Spent:
    """The least CPU and the least wall time of several repeats, each by itself."""
    all_spent = [timed(work) for _ in range(repeats)]
    return Spent(min(s.cpu_seconds for s in all_spent), min(s.wall_seconds for s in all_spent))


def peak_bytes() -> int:
    """The most memory that this process ever held in RAM.

    Linux's `ru_maxrss` of a young process remembers its parent's size, VmHWM does not.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        line = next(line for line in status.read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024
