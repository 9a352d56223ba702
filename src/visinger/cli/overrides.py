"""`--set table.key=value`: single keys of a recipe, read as TOML values."""

import tomllib
from collections.abc import Iterable
from typing import Any

from visinger.errors import RecipeError


def parse(assignments: Iterable[str]) -> dict[str, Any]:
    """Dotted key → value; RecipeError for what is no 'key=value'."""
    values = {}
    for assignment in assignments:
        key, sign, text = assignment.partition("=")
        if not sign or not key:
            raise RecipeError(f"'{assignment}' is no KEY=VALUE", remedy="write --set training.steps=100")
        try:
            values[key] = tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            values[key] = text
    return values
