"""The line of jobs: its order, its bounds, progress and cancelling."""

import asyncio
import threading

import pytest

from awaiting import awaited

pytest.importorskip("fastapi")
from visinger.serving.jobs import MOST_REMEMBERED, CancelledWorkError, Job, Jobs, State
from visinger.serving.problems import RefusedError


async def spin() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def run(test) -> None:
    async def whole() -> None:
        jobs = Jobs(concurrency=1, queue_length=2)
        try:
            await test(jobs)
        finally:
            await jobs.close()

    awaited(whole())


async def sing(jobs: Jobs, job: Job, sung: list[str], go_on: asyncio.Event | None = None) -> None:
    async with jobs.turn(job):
        if go_on is not None:
            await go_on.wait()
        sung.append(job.id)


def test_those_who_wait_are_served_in_the_order_they_came():
    async def test(jobs: Jobs) -> None:
        sung, first_may_end = [], asyncio.Event()
        tasks = [asyncio.create_task(sing(jobs, jobs.open(jobs.singing, "the-first"), sung, first_may_end))]
        for name in ("the-second", "the-third"):
            await spin()
            tasks.append(asyncio.create_task(sing(jobs, jobs.open(jobs.singing, name), sung)))
        await spin()
        assert (jobs.running, jobs.waiting) == (1, 2)
        first_may_end.set()
        await asyncio.gather(*tasks)
        assert sung == ["the-first", "the-second", "the-third"]
        assert (jobs.running, jobs.waiting) == (0, 0)
        assert {jobs.get(name).state for name in sung} == {State.DONE}

    run(test)


def test_one_job_too_many_is_refused_and_told_when_to_come_back():
    async def test(jobs: Jobs) -> None:
        end, sung = asyncio.Event(), []
        tasks = []
        for name in ("the-first", "the-second", "the-third"):
            tasks.append(asyncio.create_task(sing(jobs, jobs.open(jobs.singing, name), sung, end)))
            await spin()
        with pytest.raises(RefusedError) as refused:
            jobs.open(jobs.singing, None)
        assert refused.value.status == 429
        assert refused.value.retry_seconds
        jobs.open(jobs.reading, None)  # someone who only reads is not held up by songs
        end.set()
        await asyncio.gather(*tasks)
        jobs.open(jobs.singing, None)

    run(test)


def test_a_job_that_waits_can_be_cancelled_and_leaves_the_line():
    async def test(jobs: Jobs) -> None:
        end, sung = asyncio.Event(), []
        first = asyncio.create_task(sing(jobs, jobs.open(jobs.singing, "the-first"), sung, end))
        await spin()
        waiting = jobs.open(jobs.singing, "the-second")
        second = asyncio.create_task(sing(jobs, waiting, sung))
        await spin()
        jobs.cancel(waiting)
        with pytest.raises(CancelledWorkError):
            await second
        assert waiting.state == State.CANCELLED
        assert jobs.waiting == 0
        end.set()
        await first
        assert sung == ["the-first"]

    run(test)


def test_a_task_given_up_while_it_waits_gives_its_turn_to_the_next():
    async def test(jobs: Jobs) -> None:
        end, sung = asyncio.Event(), []
        first = asyncio.create_task(sing(jobs, jobs.open(jobs.singing, "the-first"), sung, end))
        await spin()
        second = asyncio.create_task(sing(jobs, jobs.open(jobs.singing, "the-second"), sung))
        third = asyncio.create_task(sing(jobs, jobs.open(jobs.singing, "the-third"), sung))
        await spin()
        end.set()
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.gather(first, second, third, return_exceptions=True)
        assert "the-third" in sung
        assert (jobs.running, jobs.waiting) == (0, 0)

    run(test)


def test_work_under_way_stops_at_its_next_look():
    async def test(jobs: Jobs) -> None:
        begun, job = threading.Event(), jobs.open(jobs.singing, None)

        def work() -> None:
            begun.set()
            while True:
                job.go_on()

        async def singing() -> None:
            async with jobs.turn(job):
                await jobs.work(job, work)

        task = asyncio.create_task(singing())
        await asyncio.to_thread(begun.wait)
        jobs.cancel(job)
        with pytest.raises(CancelledWorkError):
            await task
        assert job.state == State.CANCELLED

    run(test)


def test_an_error_of_the_work_is_the_jobs_and_frees_its_turn():
    async def test(jobs: Jobs) -> None:
        job = jobs.open(jobs.singing, None)
        with pytest.raises(ZeroDivisionError):
            async with jobs.turn(job):
                await jobs.work(job, lambda: 1 // 0)
        assert job.state == State.FAILED
        assert jobs.running == 0

    run(test)


@pytest.mark.parametrize("wanted", ["short", "x" * 65, "with space", "Ä" * 10, "a/../b.....", ""])
def test_an_id_that_is_none_is_refused(wanted):
    async def test(jobs: Jobs) -> None:
        with pytest.raises(RefusedError, match="id"):
            jobs.open(jobs.singing, wanted)

    run(test)


def test_an_id_in_use_is_refused_and_one_that_has_ended_is_free_again():
    async def test(jobs: Jobs) -> None:
        job = jobs.open(jobs.singing, "my-own-job")
        with pytest.raises(RefusedError) as refused:
            jobs.open(jobs.singing, "my-own-job")
        assert refused.value.status == 409
        async with jobs.turn(job):
            pass
        assert jobs.open(jobs.singing, "my-own-job") is not job

    run(test)


def test_only_the_latest_of_those_that_ended_are_remembered():
    async def test(jobs: Jobs) -> None:
        for k in range(MOST_REMEMBERED + 10):
            async with jobs.turn(jobs.open(jobs.singing, f"job-number-{k}")):
                pass
        with pytest.raises(RefusedError):
            jobs.get("job-number-0")
        assert jobs.get(f"job-number-{MOST_REMEMBERED}").state == State.DONE

    run(test)
