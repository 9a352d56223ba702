"""Freed memory goes back to the system."""

import platform
from pathlib import Path

import pytest

from visinger.training.memory import give_back


def held_bytes() -> int:
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps holes that can be given back")
def test_holes_between_what_lives_on_are_given_back():
    pieces = [bytearray(60_000) for _ in range(4000)]  # small enough to lie in the heap
    full = held_bytes()
    kept = pieces[::200]
    pieces.clear()
    give_back()
    assert held_bytes() < full - 150e6
    assert len(kept) == 20
