"""docs/paper.md says what the code does."""

import dataclasses
import re
from pathlib import Path
from typing import get_type_hints

import pytest

from visinger import losses
from visinger.models import counting
from visinger.training.recipe import Data, DiscriminatorConfig, Optimiser, Training, VISingerConfig, Weights

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "paper.md").read_text(encoding="utf-8")
TABLES = {
    "model": VISingerConfig,
    "discriminator": DiscriminatorConfig,
    "weights": Weights,
    "optimiser": Optimiser,
    "data": Data,
    "training": Training,
}
KEYS = sorted(set(re.findall(rf"`((?:{'|'.join(TABLES)})(?:\.[a-z0-9_]+)+)[ `]", PAGE)))
FILES = sorted(set(re.findall(r"`((?:[a-z]+/)*[a-z_0-9]+\.py)`", PAGE)))


@pytest.mark.parametrize("key", KEYS)
def test_every_key_that_the_page_names_can_stand_in_a_recipe(key: str) -> None:
    table, *names = key.split(".")
    kind = TABLES[table]
    for name in names:
        assert name in {field.name for field in dataclasses.fields(kind)}, key
        kind = get_type_hints(kind)[name]


@pytest.mark.parametrize("file", FILES)
def test_every_file_that_the_page_names_exists(file: str) -> None:
    assert (ROOT / "src" / "visinger" / file).is_file()


def test_the_page_prints_the_parameter_table_of_the_code() -> None:
    assert counting.parameter_table(counting.published_model(62)) in PAGE
    assert len(KEYS) > 15


def test_every_equation_has_a_function_of_its_name() -> None:
    named = set(re.findall(r"`losses\.(?!py`)([a-z0-9_]+)`", PAGE))
    assert len(named) >= 13
    assert all(callable(getattr(losses, name)) for name in named)
