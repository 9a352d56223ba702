"""Work that is asked for: a line of bounded and honest length, progress, cancelling, an orderly end.

Everything but the work itself happens on the event loop's thread; the work runs
in a pool of threads, which onnxruntime leaves free while it computes.
"""

import asyncio
import re
import secrets
import threading
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import TypeVar

from visinger.serving.problems import RefusedError

MOST_REMEMBERED = 512  # jobs that have ended
_IDENTITY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_RETRY_SECONDS = 2

T = TypeVar("T")


class State(StrEnum):
    """How far a job is."""

    WAITING = "waiting"
    SINGING = "singing"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


class CancelledWorkError(Exception):
    """The job was cancelled, or its client has gone: nobody waits for the result."""


@dataclass(eq=False)
class Job:
    """One request under way. `seconds` of sound in all are known once the song is performed."""

    id: str
    state: State = State.WAITING
    seconds: float = 0.0
    done_seconds: float = 0.0
    cancelled: threading.Event = field(default_factory=threading.Event)

    @property
    def ended(self) -> bool:
        return self.state in (State.DONE, State.CANCELLED, State.FAILED)

    def go_on(self) -> None:
        """Raise CancelledWorkError if nobody waits for the result any more; any thread may ask."""
        if self.cancelled.is_set():
            raise CancelledWorkError

    def as_json(self) -> dict[str, str | float]:
        done, seconds = round(self.done_seconds, 3), round(self.seconds, 3)
        return {"id": self.id, "state": str(self.state), "done_seconds": done, "seconds": seconds}


class Jobs:
    """All jobs of a server: so many at work, so many waiting in the order they came, the rest refused."""

    def __init__(self, *, concurrency: int, queue_length: int) -> None:
        self.limit = queue_length
        self._concurrency = concurrency
        self._pool = ThreadPoolExecutor(concurrency, thread_name_prefix="singer")
        self._known: OrderedDict[str, Job] = OrderedDict()
        self._line: deque[tuple[Job, asyncio.Future[None]]] = deque()
        self._running = 0
        self._closed = False

    @property
    def running(self) -> int:
        return self._running

    @property
    def waiting(self) -> int:
        return len(self._line)

    def open(self, wanted_id: str | None) -> Job:
        """A new job; refuses an id that is malformed or in use, and one job too many."""
        if wanted_id is not None and not _IDENTITY.fullmatch(wanted_id):
            raise RefusedError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                "this is no job's id",
                where="X-Job-Id",
                remedy="use 8 to 64 letters, digits, - and _",
            )
        if self._closed:
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS, "the server is stopping", remedy="ask again", retry_seconds=5
            )
        if self._running >= self._concurrency and len(self._line) >= self.limit:
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self._running} songs are being sung and {len(self._line)} requests wait",
                where="queue",
                remedy="ask again later",
                retry_seconds=_RETRY_SECONDS,
            )
        job = Job(wanted_id or secrets.token_urlsafe(12))
        before = self._known.pop(job.id, None)
        if before is not None and not before.ended:
            self._known[job.id] = before
            raise RefusedError(
                HTTPStatus.CONFLICT, f"the job '{job.id}' is under way", where="X-Job-Id", remedy="choose another id"
            )
        self._known[job.id] = job
        self._forget()
        return job

    def get(self, job_id: str) -> Job:
        """A job that is under way or ended lately."""
        if job_id not in self._known:
            raise RefusedError(HTTPStatus.NOT_FOUND, f"no job '{job_id[:64]}'", remedy="jobs long ended are forgotten")
        return self._known[job_id]

    def cancel(self, job: Job) -> None:
        """Stop a job as soon as it can be; one that has ended stays as it is."""
        if job.ended:
            return
        job.cancelled.set()
        for waiting, turn in self._line:
            if waiting is job and not turn.done():
                turn.cancel()

    @asynccontextmanager
    async def turn(self, job: Job) -> AsyncIterator[None]:
        """Wait for this job's turn, and give it back at the end; the job's state follows."""
        try:
            await self._wait(job)
        except CancelledWorkError:
            job.state = State.CANCELLED
            raise
        job.state = State.SINGING
        try:
            yield
            job.state = State.DONE
        except (CancelledWorkError, asyncio.CancelledError):
            job.state = State.CANCELLED
            raise
        except BaseException:
            job.state = State.FAILED
            raise
        finally:
            self._running -= 1
            self._next()

    async def work(self, job: Job, task: Callable[[], T]) -> T:
        """Run a piece of a job's work in a thread; CancelledWorkError if the job was cancelled before or after."""
        job.go_on()
        running = asyncio.get_running_loop().run_in_executor(self._pool, task)
        try:
            done = await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait({running})  # a thread cannot be stopped, and the job's turn lasts as long as it
            raise
        job.go_on()
        return done

    async def close(self) -> None:
        """Cancel what is under way and wait for the threads."""
        self._closed = True
        for job in list(self._known.values()):
            self.cancel(job)
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)

    async def _wait(self, job: Job) -> None:
        job.go_on()
        if self._running < self._concurrency and not self._line:
            self._running += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append((job, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn came as it was given up
                self._running -= 1
                self._next()
            if job.cancelled.is_set():
                raise CancelledWorkError from None
            raise
        finally:
            self._line = deque(entry for entry in self._line if entry[0] is not job)

    def _next(self) -> None:
        while self._line and self._running < self._concurrency:
            _, turn = self._line.popleft()
            if not turn.done():
                self._running += 1
                turn.set_result(None)

    def _forget(self) -> None:
        ended = [job_id for job_id, job in self._known.items() if job.ended]
        for job_id in ended[: max(len(ended) - MOST_REMEMBERED, 0)]:
            del self._known[job_id]
