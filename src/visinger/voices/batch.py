"""Many scores sung at once: on processes of this machine, or of a Dask cluster.

Every process opens the voice once and sings on one thread. Only paths travel, so
a cluster needs the scores, the voice and the folder for the sound at the same
paths on every machine. A score that is refused is reported; the others are sung.
"""

import concurrent.futures
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from visinger.errors import OutputError, VisingerError
from visinger.voices import embedded
from visinger.voices.singing import Sung, Wishes, sing
from visinger.voices.voice import Voice


@dataclass(frozen=True)
class Outcome:
    """What became of one score: its parts that were sung, or why it was refused."""

    score: Path
    sung: tuple[Sung, ...]
    refusal: VisingerError | None = None

    def as_json(self) -> list[dict[str, object]]:
        """A report for each part that was sung, or one that says why none was."""
        if self.refusal is None:
            return [sung.as_json() for sung in self.sung]
        said = {"problem": self.refusal.problem, "where": self.refusal.where, "remedy": self.refusal.remedy}
        return [{"score": str(self.score), "refused": said}]


@dataclass(frozen=True)
class _Task:
    """One score's share of the work, as it travels."""

    score: Path
    output: Path
    wishes: Wishes


_Coming = Generator[tuple[int, Outcome], None, None]  # the score's place, and what became of it


def sing_all(
    scores: Sequence[Path],
    outputs: Sequence[Path],
    wishes: Wishes,
    *,
    jobs: int = 0,
    dask: str = "",
    told: Callable[[Outcome], None] = lambda _outcome: None,
    progress: Callable[[float, float], None] = lambda _done, _total: None,
) -> list[Outcome]:
    """Sing each score to the sound file beside it in `outputs`; outcomes in the order of the scores.

    `jobs` is the number of processes, 0 for one a core; 1 sings in this process.
    `dask` is the address of a cluster's scheduler, to work there instead. `told`
    hears of the scores in their order, each as soon as it and those before it are
    done; `progress` is told scores done (in this process parts of them too) and scores in
    all. Where several scores save performances or labels, each file's name is
    followed by its score's.

    Raises VisingerError when the voice cannot be opened, a process was lost or
    the cluster cannot be reached. Broken off, it stops the processes and leaves no half file.
    """
    tasks = [
        _Task(score, output, _own(wishes, score) if len(scores) > 1 else wishes)
        for score, output in zip(scores, outputs, strict=True)
    ]
    jobs = min(jobs or core_count(), max(len(tasks), 1))
    if dask:
        coming = _elsewhere([_anywhere(task) for task in tasks], _cluster(dask))
    else:
        coming = _here(tasks, progress) if jobs == 1 else _elsewhere(tasks, _processes(jobs))
    done: dict[int, Outcome] = {}
    reported = 0
    with closing(coming):
        for k, outcome in coming:
            done[k] = outcome
            progress(len(done), len(tasks))
            while reported in done:
                told(done[reported])
                reported += 1
    return [done[k] for k in range(len(tasks))]


def core_count() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _own(wishes: Wishes, score: Path) -> Wishes:
    """The wishes with files of this score's own to save to."""

    def named(path: Path | None) -> Path | None:
        return None if path is None else path.with_stem(f"{path.stem}-{score.stem}")

    return replace(wishes, save_performance=named(wishes.save_performance), save_labels=named(wishes.save_labels))


def _anywhere(task: _Task) -> _Task:
    """The task with paths that hold in whatever folder its process runs."""

    def whole(path: Path | None) -> Path | None:
        return None if path is None else path.resolve()

    wishes = replace(
        task.wishes,
        voice=embedded.folder_of(task.wishes.voice).resolve() if _is_folder(task.wishes.voice) else task.wishes.voice,
        dictionary=whole(task.wishes.dictionary),
        lyrics=whole(task.wishes.lyrics),
        f0=whole(task.wishes.f0),
        save_performance=whole(task.wishes.save_performance),
        save_labels=whole(task.wishes.save_labels),
    )
    return _Task(task.score.resolve(), task.output.resolve(), wishes)


def _is_folder(voice: str | Path) -> bool:
    return voice != embedded.DEFAULT and str(voice) not in embedded.embedded_voices()


def _here(tasks: Sequence[_Task], progress: Callable[[float, float], None]) -> _Coming:
    voice = Voice.load(tasks[0].wishes.voice, singer=tasks[0].wishes.singer or None) if tasks else None
    for k, task in enumerate(tasks):
        assert voice is not None

        def partly(done: float, total: float, before: int = k) -> None:
            progress(before + min(done / total, 1.0) if total else before, len(tasks))

        yield k, _outcome(task, voice, partly)


def _elsewhere(tasks: Sequence[_Task], workers: AbstractContextManager[Executor]) -> _Coming:
    """The outcomes as they come; the largest files first, so that no process is left alone with one at the end."""
    order = sorted(range(len(tasks)), key=lambda k: -_size(tasks[k].score))
    with workers as executor:
        places = {executor.submit(work, tasks[k]): k for k in order}
        try:
            for done in concurrent.futures.as_completed(places):
                yield places[done], done.result()
        except BrokenProcessPool as error:
            raise VisingerError("a process was lost", remedy="memory may be short: ask for fewer --jobs") from error


def work(task: _Task) -> Outcome:
    """Sing one score in whatever process this is, on one thread."""
    with _opening:
        voice = _opened(task.wishes.voice, task.wishes.singer)
    return _outcome(task, voice)


def _outcome(
    task: _Task, voice: Voice, progress: Callable[[float, float], None] = lambda _done, _total: None
) -> Outcome:
    try:
        return Outcome(task.score, tuple(sing(task.score, task.output, voice, task.wishes, progress=progress)))
    except VisingerError as error:
        return Outcome(task.score, (), error)


_opening = threading.Lock()  # a cluster's worker may have several threads


@lru_cache(maxsize=1)
def _opened(name_or_folder: str | Path, singer: str) -> Voice:
    return Voice.load(name_or_folder, singer=singer or None, threads=1)


def _size(score: Path) -> int:
    try:
        return score.stat().st_size
    except OSError:
        return 0


@contextmanager
def _processes(jobs: int) -> Iterator[Executor]:
    """A pool of fresh processes; when the work is broken off they are stopped and clean up after themselves."""
    others = set(multiprocessing.active_children())
    # spawned, not forked: a copy of a process whose threads hold locks may wait for them forever
    pool = ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn"), initializer=_apprentice)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - others:
            child.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _apprentice() -> None:
    """Leave Ctrl-C to the process in charge, and tidy up when it says to stop."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda _signal, _frame: sys.exit(1))


@contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    """The workers of a Dask cluster; songs begun when the work is broken off are sung to their end."""
    import distributed

    connect: Any = distributed.Client
    try:
        client: Any = connect(address, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise VisingerError(f"no Dask scheduler answers ({reason})", where=address, remedy="start one") from error
    with client:
        executor: Executor = client.get_executor(pure=False)
        try:
            yield executor
        finally:
            executor.shutdown(wait=False)


def exit_code(outcomes: Sequence[Outcome]) -> int:
    """0 when every score was sung; 3 when a result could not be written, else 2."""
    refusals = [outcome.refusal for outcome in outcomes if outcome.refusal is not None]
    if any(isinstance(refusal, OutputError) for refusal in refusals):
        return OutputError.exit_code
    return VisingerError.exit_code if refusals else 0
