"""Recipes: every key is known, every switch is used."""

import dataclasses
import tomllib

import pytest

pytest.importorskip("torch")

from visinger.configuration import RECIPES, read_recipe
from visinger.errors import RecipeError
from visinger.training import recipe

NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))
DIFFERENCES = [
    name for name in NAMES if "base" in tomllib.loads((RECIPES / f"{name}.toml").read_text(encoding="utf-8"))
]


def test_the_paper_and_the_small_voice_have_recipes():
    assert {"visinger", "small"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_the_recipe_is_known(name):
    resolved = recipe.read(name)
    table = resolved.as_table()

    def keys(values: dict, prefix: str = "") -> set[str]:
        found = set()
        for key, value in values.items():
            found |= keys(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}"}
        return found

    assert keys(read_recipe(name)) <= keys(table)


@pytest.mark.parametrize("name", DIFFERENCES)
def test_a_recipe_says_only_what_differs_from_its_base(name):
    own = tomllib.loads((RECIPES / f"{name}.toml").read_text(encoding="utf-8"))
    under = read_recipe(own.pop("base"))

    def repeated(values: dict, below: dict, prefix: str = "") -> list[str]:
        found = []
        for key, value in values.items():
            if isinstance(value, dict):
                found += repeated(value, below.get(key, {}), f"{prefix}{key}.")
            elif below.get(key) == value and type(below.get(key)) is type(value):
                found.append(prefix + key)
        return found

    assert repeated(own, under) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_misspelt_key_is_refused_with_the_known_ones(name):
    with pytest.raises(RecipeError, match=r"known keys: .*steps"):
        recipe.read(name, overrides={"training.stepz": 3})


def test_every_term_of_the_loss_has_a_weight_of_its_name():
    weights = {field.name for field in dataclasses.fields(recipe.Weights)}
    assert {"mel", "kl", "ctc", "duration", "f0", "voicing", "adversarial", "feature_matching"} <= weights
