"""`visinger exhibit FOLDER… --wrong VOICE=FILE --out PAGE.html`: the voices' page, from what `evaluate` kept."""

import argparse
import sys
from pathlib import Path

from visinger.errors import VisingerError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `exhibit`."""
    parser.add_argument("exhibits", nargs="+", type=Path, help="folders that `evaluate` wrote: WORK/exhibits/VOICE")
    parser.add_argument("--out", type=Path, default=Path("docs/results/voices.html"), help="the page")
    parser.add_argument(
        "--wrong",
        action="append",
        default=[],
        metavar="VOICE=FILE",
        help="a text that says what is still wrong with it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Write the page; say which gates are not passed."""
    from visinger.evaluation.exhibit import read_exhibit
    from visinger.evaluation.gates import VERDICTS, shown
    from visinger.experiments.voices_page import write_voices_page

    found = [read_exhibit(folder) for folder in arguments.exhibits]
    texts = dict(_text(given, {one.voice for one in found}) for given in arguments.wrong)
    size = write_voices_page(arguments.out, found, texts)
    for one in found:
        for gate in one.gates:
            if not gate.passed:
                print(
                    f"{one.voice}: {gate.name}: {VERDICTS[gate.passed]} ({shown(gate)}, {gate.target})", file=sys.stderr
                )
    print(f"{arguments.out} ({size / 1e6:.1f} MB)")
    return 0


def _text(given: str, voices: set[str]) -> tuple[str, str]:
    voice, equals, file = given.partition("=")
    if not equals or voice not in voices:
        raise VisingerError(
            f"'{given}' names no shown voice", remedy=f"write VOICE=FILE with one of: {', '.join(sorted(voices))}"
        )
    try:
        return voice, Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise VisingerError(f"cannot be read ({error})", where=file, remedy="give a text file") from error
