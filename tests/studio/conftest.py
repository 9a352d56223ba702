"""The studio in a real browser: one server and one page for the tests of a module."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="the studio needs visinger[studio]")
pytest.importorskip("uvicorn", reason="the studio needs visinger[studio]")

from hands import Hand, serving, visitor


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
