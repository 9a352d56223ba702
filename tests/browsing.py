"""The browser of all tests that look at pages: one Chromium a process, for Playwright runs but once in a thread."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

FLAGS = [
    f"--{name}"
    for name in (
        "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", "autoplay-policy=no-user-gesture-required",
    )
]  # fmt: skip
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")


@contextmanager
def opened() -> Iterator[Any]:
    """A headless Chromium; skips, saying why, where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need the package playwright")
    with playwright.sync_playwright() as started:
        program = next(filter(None, map(shutil.which, PROGRAMS)), started.chromium.executable_path)
        if not Path(program).exists():
            pytest.skip("no Chromium is installed: the page cannot be tried")
        browser = started.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        browser.close()
