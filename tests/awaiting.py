"""Coroutines run to their end from a plain test."""

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


def awaited(work: Coroutine[object, object, T], *, seconds: float = 60.0) -> T:
    """What the coroutine returns; TimeoutError when it takes longer.

    It runs in a thread of its own: where a browser is open, this thread's loop is the browser's.
    """
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, asyncio.wait_for(work, seconds)).result()
