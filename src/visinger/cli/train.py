"""`visinger train RECIPE --corpus PREPARED --run FOLDER`: train, or go on where the run stopped."""

import argparse
import math
import os
from pathlib import Path

import visinger.cli.overrides as overriding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `train`."""
    parser.add_argument("recipe", help="a recipe's name or file")
    parser.add_argument("--corpus", type=Path, required=True, help="folder made by `visinger prepare`")
    parser.add_argument("--run", type=Path, required=True, help="folder for checkpoints and logs")
    parser.add_argument("--steps", type=int, help="of the whole run; otherwise the recipe's")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop this call after so long")
    parser.add_argument("--devices", type=int, default=1, help="processes, one a device")
    parser.add_argument("--accelerator", default="auto", help="cpu, cuda or auto")
    parser.add_argument("--init", type=Path, help="checkpoint, run or voice whose weights a new run begins with")
    parser.add_argument("--mels", type=Path, help="folder of predicted mels, for fine-tuning a vocoder")
    parser.add_argument("--scale", help="sizes laid over the recipe: reduced, or a file")
    parser.add_argument("--accept-changes", action="store_true", help="resume although weights, budgets or data differ")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a recipe's key: training.ema=0.99"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Train; the same command goes on from the newest checkpoint."""
    # waiting threads must sleep, not spin: with other work on the machine spinning cost 25 × here
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from visinger.exporting.adapting import init_of
    from visinger.training import recipe
    from visinger.training.loop import Options, train

    wished = recipe.read(arguments.recipe, scale=arguments.scale, overrides=overriding.parse(arguments.set))
    options = Options(
        steps=arguments.steps,
        minutes=arguments.minutes,
        devices=arguments.devices,
        accelerator=arguments.accelerator,
        init=None if arguments.init is None else init_of(arguments.init, arguments.run),
        mels=arguments.mels,
        accept_changes=arguments.accept_changes,
        progress=not arguments.quiet,
    )
    print(train(wished, arguments.corpus, arguments.run, options=options))
    return 0
