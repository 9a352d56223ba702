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
    lane: "Lane"
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


class Lane:
    """Jobs of one kind: so many at work, the others in the order they came."""

    def __init__(self, name: str, concurrency: int) -> None:
        self.concurrency = concurrency
        self.pool = ThreadPoolExecutor(concurrency, thread_name_prefix=name)
        self.line: deque[tuple[Job, asyncio.Future[None]]] = deque()
        self.running = 0

    async def wait(self, job: Job) -> None:
        """Return when it is the job's turn; CancelledWorkError when it is cancelled before."""
        job.go_on()
        if self.running < self.concurrency and not self.line:
            self.running += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.line.append((job, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # its turn came as it was given up
                self.leave()
            if job.cancelled.is_set():
                raise CancelledWorkError from None
            raise
        finally:
            self.line = deque(entry for entry in self.line if entry[0] is not job)

    def leave(self) -> None:
        """Give a turn back; the next in the line has it."""
        self.running -= 1
        while self.line and self.running < self.concurrency:
            _, turn = self.line.popleft()
            if not turn.done():
                self.running += 1
                turn.set_result(None)


class Jobs:
    """All jobs of a server, those too many refused.

    Songs are sung in one lane; reading and performing, which someone at a
    screen waits for, never stand behind them.
    """

    def __init__(self, *, concurrency: int, queue_length: int) -> None:
        self.limit = queue_length
        self.singing = Lane("singing", concurrency)
        self.reading = Lane("reading", concurrency)
        self._known: OrderedDict[str, Job] = OrderedDict()
        self._closed = False

    @property
    def running(self) -> int:
        return self.singing.running + self.reading.running

    @property
    def waiting(self) -> int:
        return len(self.singing.line) + len(self.reading.line)

    def open(self, lane: Lane, wanted_id: str | None) -> Job:
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
        if lane.running >= lane.concurrency and self.waiting >= self.limit:
            raise RefusedError(
                HTTPStatus.TOO_MANY_REQUESTS,
                f"{self.running} requests are at work and {self.waiting} wait",
                where="queue",
                remedy="ask again later",
                retry_seconds=_RETRY_SECONDS,
            )
        job = Job(wanted_id or secrets.token_urlsafe(12), lane)
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
        for waiting, turn in job.lane.line:
            if waiting is job and not turn.done():
                turn.cancel()

    @asynccontextmanager
    async def turn(self, job: Job) -> AsyncIterator[None]:
        """Wait for this job's turn, and give it back at the end; the job's state follows."""
        try:
            await job.lane.wait(job)
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
            job.lane.leave()

    async def work(self, job: Job, task: Callable[[], T]) -> T:
        """Run a piece of a job's work in a thread; CancelledWorkError if the job was cancelled before or after."""
        job.go_on()
        running = asyncio.get_running_loop().run_in_executor(job.lane.pool, task)
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
        for lane in (self.singing, self.reading):
            await asyncio.to_thread(lane.pool.shutdown, wait=True, cancel_futures=True)

    def _forget(self) -> None:
        ended = [job_id for job_id, job in self._known.items() if job.ended]
        for job_id in ended[: max(len(ended) - MOST_REMEMBERED, 0)]:
            del self._known[job_id]
