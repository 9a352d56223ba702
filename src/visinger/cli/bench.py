"""`visinger bench [VOICE]`: how fast a voice sings and a recipe trains, beside what this machine can do."""

import argparse
import json
from pathlib import Path

import visinger.cli.overrides as overriding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `bench`."""
    parser.add_argument("voice", nargs="?", help="an embedded voice's name or a voice's folder")
    parser.add_argument("--compare", metavar="VOICE", help="a second voice, sung in turns with the first")
    parser.add_argument("--score", type=Path, help="what is sung; otherwise a tune of our own, about half a minute")
    parser.add_argument("--repeats", type=_positive, default=5, help="the least of so many times counts (5)")
    parser.add_argument(
        "--quick", action="store_true", help="leave out what needs new processes: first sound, memory, scaling"
    )
    parser.add_argument("--training", metavar="RECIPE", help="measure a step of training too, or alone without a voice")
    parser.add_argument("--steps", type=_several, default=3, help="of training; the first is not counted (3)")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a key of that recipe: data.batch_takes=4"
    )
    parser.add_argument("--json", action="store_true", help="print JSON for programs")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    from visinger.benchmarking import bench
    from visinger.benchmarking.report import table
    from visinger.voices import embedded

    named = [name for name in (arguments.voice, arguments.compare) if name]
    if not named and not arguments.training:
        named = list(embedded.embedded_voices())[:1]
    plan = bench.Plan(
        voices=tuple(named),
        score=arguments.score,
        repeats=arguments.repeats,
        processes=not arguments.quick,
        training=arguments.training or "",
        training_steps=arguments.steps,
        overrides=overriding.parse(arguments.set),
    )
    made = bench.run(plan)
    print(json.dumps(made.as_json(), ensure_ascii=False, indent=1) if arguments.json else table(made), end="")
    return 0


def _positive(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 1000:
        raise argparse.ArgumentTypeError("choose 1 to 1000")
    return value


def _several(text: str) -> int:
    value = int(text)
    if not 2 <= value <= 1000:
        raise argparse.ArgumentTypeError("choose 2 to 1000: the first step is not counted")
    return value
