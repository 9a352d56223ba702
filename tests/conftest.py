"""Fixtures shared by all tests."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of third-party recordings and scores beside the checkout; skips where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the third-party recordings and scores (../shared/data) are not on this machine")
    return SHARED_DATA


@pytest.fixture(scope="session")
def tiny_voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a tiny voice with random weights, exported once a session."""
    pytest.importorskip("torch")
    from tiny import export_tiny

    return export_tiny(tmp_path_factory.mktemp("voices") / "tiny").folder


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One Chromium for every page that is looked at."""
    from browsing import opened

    with opened() as browser:
        yield browser
