"""`visinger branches --corpus PREPARED --out FOLDER --report FOLDER`: rhythm and pitch branches, cross-validated."""

import argparse
import math
import os
import shlex
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `branches`."""
    parser.add_argument("--corpus", type=Path, required=True, help="folder made by `visinger prepare`")
    parser.add_argument("--out", type=Path, required=True, help="folder for verdicts and unfinished lessons")
    parser.add_argument("--report", type=Path, help="folder for tables and pictures, written after every verdict")
    parser.add_argument("--name", default="branches", help="of the report's files")
    parser.add_argument("--only", nargs="+", default=[], metavar="CONTENDER", help="these alone; otherwise all")
    parser.add_argument("--folds", type=int, help="by song; otherwise 5")
    parser.add_argument(
        "--tuned-on", type=int, nargs="+", default=[], metavar="FOLD", help="show the figures without these, too"
    )
    parser.add_argument("--rhythm-steps", type=int, help="of every contender in rhythm")
    parser.add_argument("--pitch-steps", type=int, help="of every contender in pitch")
    parser.add_argument("--minutes", type=float, default=math.inf, help="begin nothing new after so long")


def run(arguments: argparse.Namespace) -> int:
    """Teach and judge what is missing; the same command goes on where it stopped."""
    # waiting threads must sleep, not spin: with other work on the machine spinning cost 25 × here
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    from dataclasses import replace

    from visinger.corpora.prepared import Prepared
    from visinger.experiments.branches import report
    from visinger.experiments.branches.settings import Settings
    from visinger.experiments.branches.study import Study

    settings = Settings()
    rhythm = replace(settings.rhythm, steps=arguments.rhythm_steps or settings.rhythm.steps)
    pitch = replace(settings.pitch, steps=arguments.pitch_steps or settings.pitch.steps)
    settings = replace(settings, folds=arguments.folds or settings.folds, rhythm=rhythm, pitch=pitch)
    study = Study(Prepared.open(arguments.corpus), arguments.out, settings)
    command = "visinger " + shlex.join(sys.argv[1:])
    files: tuple[Path, ...] = ()
    given = {"name": arguments.name, "command": command, "tuned_on": arguments.tuned_on, "only": arguments.only}
    for _ in study.run(arguments.only, minutes=arguments.minutes, report=lambda line: print(line, file=sys.stderr)):
        if arguments.report is not None:
            files = report.write(study, arguments.report, **given).files
    if arguments.report is not None and not files:
        files = report.write(study, arguments.report, **given).files
    print("\n".join(str(path) for path in files))
    return 0
