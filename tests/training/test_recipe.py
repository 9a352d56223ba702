"""Recipes: resolved, refused, compared."""

import pytest

from visinger.configuration import RECIPES
from visinger.errors import RecipeError
from visinger.training import recipe as recipes

NAMES = sorted(path.stem for path in RECIPES.glob("*.toml"))


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_survives_its_own_table(name):
    recipe = recipes.read(name)
    assert recipes.from_table(recipe.as_table()) == recipe


def test_the_paper_recipe_has_the_papers_numbers():
    """§3.2: AdamW, β (0.8, 0.99), 2e-4, batches of 8 a device, 600 k steps."""
    recipe = recipes.read("visinger")
    assert recipe.optimiser.betas == (0.8, 0.99)
    assert recipe.optimiser.learning_rate == 2e-4
    assert recipe.data.batch_takes == 8
    assert recipe.training.steps == 600_000


def test_one_recipe_differs_from_another_by_named_keys():
    one, other = recipes.read("visinger"), recipes.read("visinger", overrides={"model.flow.couplings": 8})
    assert recipes.differences(one.as_table(), other.as_table()) == ["model.flow.couplings"]
    assert recipes.differences(one.as_table(), one.as_table()) == []


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("training.stepz", 3, "unknown key 'stepz'.*known keys:.*steps"),
        ("modell.hidden", 3, "unknown key 'modell'.*known keys:.*model"),
        ("system", "wavenet", "unknown system 'wavenet'.*visinger"),
        ("data.batch_takes", 0, "batch_takes = 0.*at least 1"),
        ("data.window_frames", 8, "window_frames is shorter than"),
        ("training.ema", 1.0, "ema"),
        ("training.precision", "16-mixed", "bf16-mixed"),
        ("data.split", "singer", "'song' or 'paper'"),
        ("optimiser.betas", [0.9], "two numbers"),
        ("model.flow", 4, "must be a table"),
    ],
)
def test_what_a_recipe_cannot_mean_is_refused_with_a_remedy(key, value, says):
    with pytest.raises(RecipeError, match=says):
        recipes.read("visinger", overrides={key: value})
