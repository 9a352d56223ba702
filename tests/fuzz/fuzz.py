"""A long fuzz by hand: `python tests/fuzz/fuzz.py musicxml midi --files 10000 [--seeds FOLDER/*.xml] [--seed 2]`.

Each damaged file is read within 5 seconds of processor time and 500 MB beyond
what the process holds at the start; a file that breaks a bound, or ends in
anything but a refusal, is kept under --keep. The suite runs a little of it.
"""

import argparse
import contextlib
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from subjects import SUBJECTS, Subject

from visinger.errors import VisingerError

LONGEST_SECONDS = 5.0  # of processor time, for one file
MOST_BYTES = 500 * 2**20  # beyond what the process holds before


class TooSlowError(Exception):
    """A file took longer than it may."""


@dataclass
class Found:
    """How a fuzz went; `broken` holds each file that broke a reader, with what happened."""

    read: int = 0
    refused: int = 0
    slowest_seconds: float = 0.0
    grown_bytes: int = 0
    broken: list[tuple[bytes, str]] = field(default_factory=list)

    def kinds(self) -> dict[str, bytes]:
        """One broken file for each way of breaking: the end of its report → the file."""
        return {"\n".join(what.strip().splitlines()[-4:]): content for content, what in self.broken}

    def __str__(self) -> str:
        files = self.read + self.refused + len(self.broken)
        return (
            f"{files} files, {self.read} read, {self.refused} refused, {len(self.broken)} broken, "
            f"slowest {self.slowest_seconds:.3f} s, grew {self.grown_bytes / 2**20:.0f} MB"
        )


def fuzz(subject: Subject, files: int, *, seed: object = 0, seeds: Sequence[bytes] = ()) -> Found:
    """Read `files` damaged files; whole ones must be read."""
    found, chance = Found(), random.Random(f"{subject.file} {seed}")
    whole = seeds or subject.seeds()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        subject.beside(Path(folder))
        path = Path(folder) / subject.file
        for content in whole:
            path.write_bytes(content)
            if not seeds:
                subject.read(path)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(files):
            content = subject.damage(chance.choice(whole), chance)
            path.write_bytes(content)
            _try(subject, path, content, found)
        found.grown_bytes = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
    return found


def _try(subject: Subject, path: Path, content: bytes, found: Found) -> None:
    started = time.process_time()
    try:
        with _watched():
            subject.read(path)
        found.read += 1
    except VisingerError as refusal:
        if "\n" in str(refusal) or not refusal.where:
            found.broken.append((content, f"no single line with a place: {refusal!r}"))
        else:
            found.refused += 1
    except Exception:  # noqa: BLE001 -- whatever comes out is what is sought
        found.broken.append((content, traceback.format_exc()))
    found.slowest_seconds = max(found.slowest_seconds, time.process_time() - started)


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """An alarm after the seconds that a file may take."""

    def late(*_: object) -> None:
        raise TooSlowError

    signal.signal(signal.SIGPROF, late)
    signal.setitimer(signal.ITIMER_PROF, LONGEST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _bound_memory() -> None:
    """Let this process take no more than the bound beyond what it holds now."""
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (held + MOST_BYTES, held + MOST_BYTES))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("subjects", nargs="*", default=list(SUBJECTS), help=", ".join(SUBJECTS))
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--seeds", type=Path, nargs="*", default=[], help="files to damage instead of our own")
    parser.add_argument("--keep", type=Path, default=Path("fuzzed"), help="where files that break a reader go")
    arguments = parser.parse_args()
    seeds = [path.read_bytes() for path in arguments.seeds]
    _bound_memory()
    broken = 0
    for name in arguments.subjects:
        found = fuzz(SUBJECTS[name], arguments.files, seed=arguments.seed, seeds=seeds)
        sys.stdout.write(f"{name}: {found}\n")
        sys.stdout.flush()
        for k, (what, content) in enumerate(found.kinds().items()):
            sys.stderr.write(f"{what}\n")
            arguments.keep.mkdir(exist_ok=True)
            (arguments.keep / f"{k}-{name.replace(' ', '-')}").write_bytes(content)
        broken += len(found.broken)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
