"""A bank of the tiny voice, exported once a session."""

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_bank(tiny_voice: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from visinger.exporting.openutau import write_bank

    return write_bank(tiny_voice, tmp_path_factory.mktemp("banks") / "tiny.zip").path
