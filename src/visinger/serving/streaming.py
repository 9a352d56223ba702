"""Sound on its way to a client: made in a thread, bounded in what waits, stopped as soon as nobody listens."""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar

from fastapi import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from visinger.errors import VisingerError
from visinger.serving.jobs import CancelledWorkError, Job, Jobs
from visinger.serving.problems import RefusedError

MOST_WAITING_BYTES = 8 * 2**20  # of a stream that its client is slow to take
_POLL_SECONDS = 0.25

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """A sound that begins: what its headers say, and its bytes, each piece made when it is asked for."""

    media_type: str
    length_bytes: int | None
    pieces: Iterator[bytes]
    headers: dict[str, str] = field(default_factory=dict)


class _Channel:
    """From the producer to one response, on the event loop's thread."""

    def __init__(self) -> None:
        self.opened: asyncio.Future[Opened] = asyncio.get_running_loop().create_future()
        self._pieces: deque[bytes] = deque()
        self._bytes = 0
        self._changed = asyncio.Condition()
        self._ended = False
        self.whole = False  # everything was put in

    async def put(self, piece: bytes, *, stall_seconds: float) -> None:
        """Add a piece, waiting for room; CancelledWorkError when the client takes nothing for too long."""
        async with self._changed:
            while self._bytes >= MOST_WAITING_BYTES and not self._ended:
                try:
                    await asyncio.wait_for(self._changed.wait(), stall_seconds)
                except TimeoutError:
                    raise CancelledWorkError from None
            self._pieces.append(piece)
            self._bytes += len(piece)
            self._changed.notify_all()

    async def end(self, *, whole: bool) -> None:
        async with self._changed:
            self._ended, self.whole = True, whole
            self._changed.notify_all()

    async def take(self) -> bytes | None:
        """The next piece; None when there is no more."""
        async with self._changed:
            while not self._pieces and not self._ended:
                await self._changed.wait()
            if not self._pieces:
                return None
            piece = self._pieces.popleft()
            self._bytes -= len(piece)
            self._changed.notify_all()
            return piece


class Stage:
    """Runs jobs: results at once, or sound as a stream. One for each application."""

    def __init__(self, jobs: Jobs, *, stall_seconds: float) -> None:
        self.jobs = jobs
        self._stall_seconds = stall_seconds
        self._tasks: set[asyncio.Task[Any]] = set()

    async def result(self, request: Request, task: Callable[[Job], Response]) -> Response:
        """The response that `task` makes in a thread, when its turn has come."""
        job = self.jobs.open(self.jobs.reading, request.headers.get("x-job-id"))

        async def run() -> Response:
            async with self.jobs.turn(job):
                return await self.jobs.work(job, lambda: task(job))

        response = await self._unless_gone(request, job, self._started(run()))
        response.headers["X-Job-Id"] = job.id
        return response

    async def stream(self, request: Request, opening: Callable[[Job], Opened]) -> Response:
        """A response that begins when `opening` is done and goes on while its pieces are made."""
        job = self.jobs.open(self.jobs.singing, request.headers.get("x-job-id"))
        channel = _Channel()
        self._started(self._produce(job, opening, channel))
        opened = await self._unless_gone(request, job, channel.opened)
        return _Streamed(opened, channel, self.jobs, job)

    async def close(self) -> None:
        """Cancel everything and wait until it has stopped."""
        await self.jobs.close()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=10)

    def _started(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _produce(self, job: Job, opening: Callable[[Job], Opened], channel: _Channel) -> None:
        """Make the pieces of one sound; whoever waits for them learns how it ended."""
        whole = False
        try:
            async with self.jobs.turn(job):
                opened = await self.jobs.work(job, lambda: opening(job))
                pieces = opened.pieces
                try:
                    piece = await self.jobs.work(job, lambda: next(pieces, None))
                    _settle(channel.opened, opened)  # only now: what fails at once is still refused with a status
                    while piece is not None:
                        if piece:
                            await channel.put(piece, stall_seconds=self._stall_seconds)
                        piece = await self.jobs.work(job, lambda: next(pieces, None))
                finally:
                    await asyncio.shield(asyncio.to_thread(_close, pieces))
            whole = True
        except (CancelledWorkError, VisingerError) as error:
            _settle(channel.opened, error)
        except Exception as error:
            if not _settle(channel.opened, error):
                log.exception("the job %s failed", job.id)
        finally:
            _settle(channel.opened, CancelledWorkError())
            await channel.end(whole=whole)

    async def _unless_gone(self, request: Request, job: Job, wanted: asyncio.Future[T]) -> T:
        """What is waited for; the job is cancelled when its client goes away meanwhile."""
        try:
            while not wanted.done():
                await asyncio.wait({wanted}, timeout=_POLL_SECONDS)
                if not wanted.done() and await request.is_disconnected():
                    self.jobs.cancel(job)
                    await asyncio.wait({wanted})
            return wanted.result()
        except CancelledWorkError:
            raise _cancelled(job) from None
        except asyncio.CancelledError:
            self.jobs.cancel(job)
            raise


class _Streamed(Response):
    """Sends the pieces as they come; a sound that breaks off lacks its last chunk, so that its client can tell."""

    def __init__(self, opened: Opened, channel: _Channel, jobs: Jobs, job: Job) -> None:
        self.status_code = HTTPStatus.OK
        self.background = None
        self.media_type = opened.media_type
        self.body = b""
        self._channel, self._jobs, self._job = channel, jobs, job
        headers = {"X-Job-Id": job.id, "Cache-Control": "no-store", "X-Accel-Buffering": "no", **opened.headers}
        if opened.length_bytes is not None:
            headers["Content-Length"] = str(opened.length_bytes)
        headers["Content-Type"] = opened.media_type
        self.raw_headers = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()]

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._jobs.cancel(self._job)  # without effect on a job that has ended
            await self._channel.end(whole=self._channel.whole)
            for task in (sending, leaving):
                if not task.done():
                    task.cancel()
                with contextlib.suppress(asyncio.CancelledError, OSError):
                    await task

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": int(self.status_code), "headers": self.raw_headers})
        while (piece := await self._channel.take()) is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        if self._channel.whole:
            await send({"type": "http.response.body", "body": b"", "more_body": False})


def expect_broken_off_sounds() -> None:
    """A stream that was cancelled ends without its last piece, for its client to see; the server need not report it."""
    logging.getLogger("uvicorn.error").addFilter(_not_broken_off)  # once, however often it is added


def _not_broken_off(record: logging.LogRecord) -> bool:
    return record.getMessage() != "ASGI callable returned without completing response."


async def _left(receive: Receive) -> None:
    """Returns when the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        continue


def _settle(future: asyncio.Future[Opened], outcome: Opened | BaseException) -> bool:
    """Give a future its outcome, unless it has one."""
    if future.done():
        return False
    if isinstance(outcome, Opened):
        future.set_result(outcome)
    else:
        future.set_exception(outcome)
        future.exception()  # looked at: nobody may be left to
    return True


def _cancelled(job: Job) -> RefusedError:
    return RefusedError(HTTPStatus.CONFLICT, f"the job '{job.id}' was cancelled", where="job", remedy="ask again")


def _close(pieces: Iterator[bytes]) -> None:
    close = getattr(pieces, "close", None)
    if close is not None:
        close()
