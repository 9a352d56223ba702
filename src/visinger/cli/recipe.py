"""`visinger recipe NAME`: a recipe resolved, and its parameter count beside the paper's."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `recipe`."""
    parser.add_argument("recipe", help="a recipe's name or file")
    parser.add_argument(
        "--phonemes", type=int, default=62, help="symbols of the vocabulary, for the count (Opencpop: 61 + padding)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the resolved recipe as TOML, then the count."""
    import torch

    from visinger.exporting.toml_text import toml_text
    from visinger.models.counting import parameter_table
    from visinger.training import recipe

    resolved = recipe.read(arguments.recipe)
    print(toml_text(resolved.as_table()))
    with torch.device("meta"):  # sizes only: no memory, no time
        model = resolved.generator(arguments.phonemes)
    print(parameter_table(model))
    return 0
