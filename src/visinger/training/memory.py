"""Memory that was freed, given back to the system: glibc keeps the holes between what lives on."""

import ctypes
import functools
import sys
from collections.abc import Callable


@functools.cache
def _trim() -> Callable[[int], int] | None:
    """`malloc_trim` of glibc; None where the C library has none."""
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None), "malloc_trim", None)


def give_back() -> None:
    """Give the free pages of the heap back; without glibc nothing happens.

    A step of the full-size recipe allocates and frees twenty times what it ever holds at once, in pieces
    of all sizes, and a quarter of its peak was such holes. The pages that are wanted again cost a fault each.
    """
    trim = _trim()
    if trim is not None:
        trim(0)
