"""`visinger finetune VOICE RECORDINGS --out FOLDER`: a voice adapted to minutes of one's own labelled singing."""

import argparse
import math
import os
from pathlib import Path

import visinger.cli.overrides as overriding


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `finetune`."""
    parser.add_argument("voice", help="what to begin with: an embedded voice's name, a voice's folder, or a run")
    parser.add_argument("recordings", type=Path, help="a prepared corpus, or a folder of waves with labels or scores")
    parser.add_argument("--out", type=Path, required=True, help="the new voice's folder; OUT.work keeps what goes on")
    parser.add_argument("--singer", default="", help="whose voice this is, as the card names them")
    parser.add_argument("--licence", default="", help="the terms that the singer agreed to")
    parser.add_argument("--credit", default="", help="the words that credit them")
    parser.add_argument("--name", default="", help="of the voice; otherwise the folder's")
    parser.add_argument("--steps", type=int, default=800, help="with everything learning")
    parser.add_argument("--settling-steps", type=int, default=400, help="before them, of the posterior encoder alone")
    parser.add_argument("--minutes", type=float, default=math.inf, help="stop learning after so long, and export")
    parser.add_argument("--accelerator", default="auto", help="cpu, cuda or auto")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a recipe's key: data.batch_takes=4; "
        "training.parts=[] lets the rhythm learn from less than five minutes too",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Finetune and export; the same command goes on where it stopped."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from visinger.errors import RecipeError
    from visinger.exporting.adapting import Consent, adapt, figures_shown
    from visinger.training.finetuning import Plan
    from visinger.training.loop import Options

    if min(arguments.steps, arguments.settling_steps) < 1 or not arguments.minutes > 0:
        raise RecipeError("nothing to train", remedy="--steps, --settling-steps and --minutes must be above 0")
    done = adapt(
        arguments.voice,
        arguments.recordings,
        arguments.out,
        consent=Consent(arguments.singer, arguments.licence, arguments.credit),
        name=arguments.name,
        plan=Plan(
            settling_steps=arguments.settling_steps,
            steps=arguments.steps,
            minutes=arguments.minutes,
            settings=overriding.parse(arguments.set),
        ),
        options=Options(accelerator=arguments.accelerator, progress=not arguments.quiet),
    )
    finetuned = done.finetuned
    if done.voice is None:
        print(f"interrupted at {finetuned.checkpoint}; the same command goes on from here")
        return 130
    print(f"{done.voice.folder}: {finetuned.settled} + {finetuned.steps} steps on {finetuned.seconds / 60:.1f} minutes")
    for line in figures_shown(finetuned):
        print(f"  {line}")
    if not finetuned.finished:
        print("  the minutes are over; the same command goes on and writes the voice again")
    return 0
