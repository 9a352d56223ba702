"""TOML that we write is TOML that the standard library reads."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visinger.exporting.toml_text import toml_text

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLAIN = (
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
VALUES = st.recursive(PLAIN, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))


@given(st.dictionaries(KEYS, VALUES, max_size=5))
def test_any_table_is_read_back_as_it_was(table):
    assert tomllib.loads(toml_text(table)) == table


def test_a_recipe_reads_like_one_written_by_hand():
    assert toml_text({"system": "visinger", "data": {"seed": 1, "betas": (0.8, 0.99)}, "a b": {"rate": 5e-4}}) == (
        'system = "visinger"\n\n[data]\nseed = 1\nbetas = [0.8, 0.99]\n\n["a b"]\nrate = 0.0005\n'
    )


def test_what_toml_cannot_say_is_refused():
    with pytest.raises(TypeError, match="TOML has no NoneType"):
        toml_text({"nothing": None})
