"""The studio in a real browser: one Chromium for all its tests, one server and one page for those of a module."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the studio needs visinger[studio]")
pytest.importorskip("uvicorn", reason="the studio needs visinger[studio]")

from hands import Hand, serving, visitor

FLAGS = [
    f"--{name}"
    for name in (
        "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
        "disable-component-update", "disable-sync", "autoplay-policy=no-user-gesture-required",
    )
]  # fmt: skip
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser tests need the package playwright")
    with playwright.sync_playwright() as started:
        program = next(filter(None, map(shutil.which, BROWSERS)), started.chromium.executable_path)
        if not Path(program).exists():
            pytest.skip("no Chromium is installed: the page cannot be tried")
        opened = started.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The address of one studio for a module, and its folder of projects."""
    folder = tmp_path_factory.mktemp("projects")
    with serving(folder) as address:
        yield address, folder


@pytest.fixture(scope="module")
def desk(browser: Any, studio: tuple[str, Path]) -> Iterator[Hand]:
    """One page for the tests of a module that each open a song of their own on it; loading it is most of the work."""
    with visitor(browser, studio[0]) as hand:
        yield hand
