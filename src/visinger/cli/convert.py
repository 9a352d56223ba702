"""`visinger convert SCORE OUT`: any readable score in another format; the suffix of OUT tells which."""

import argparse
import sys
from pathlib import Path


def _transposition(text: str) -> int | str:
    return text if text == "auto" else int(text)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `convert`."""
    written = ".json .musicxml .mxl .mid .ustx .ust .ds .lab .TextGrid"
    parser.add_argument("score", type=Path, help="a score or an editor's project")
    parser.add_argument("output", type=Path, metavar="OUT", help=f"the new file, one of {written}")
    parser.add_argument(
        "--voice", default="", help="let this voice sing it: its pitch for .ustx, .ust, .json and .ds, its times for "
        ".ds, and for labels, which an embedded voice sings otherwise",
    )  # fmt: skip
    parser.add_argument("--singer", metavar="NAME", default="", help="of a voice of several singers")
    parser.add_argument("--language", default="", help="of the words; otherwise told from them")
    parser.add_argument("--dictionary", type=Path, metavar="FILE", help="how the voice sings words, of any language")
    parser.add_argument("--transpose", type=_transposition, default=0, metavar="SEMITONES|auto")
    parser.add_argument("--verse", type=int, help="write this verse throughout")
    parser.add_argument("--part", default="", metavar="NAME|all", help="a part's name or number")
    parser.add_argument("--lab-times", choices=("htk", "seconds"), default="htk", help=".lab: 100 ns, or seconds")
    parser.add_argument("--force", action="store_true", help="write over a file that is there")


def run(arguments: argparse.Namespace) -> int:
    """Convert; warnings say what the new format does not hold."""
    from visinger.voices import converting

    wishes = converting.Wishes(
        voice=arguments.voice,
        singer=arguments.singer,
        part=arguments.part,
        language=arguments.language,
        dictionary=arguments.dictionary,
        verse=arguments.verse,
        transpose=arguments.transpose,
        seconds=arguments.lab_times == "seconds",
        force=arguments.force,
    )
    warnings = converting.convert(arguments.score, arguments.output, wishes)
    print(arguments.output)
    for warning in warnings:
        print(f"  note: {warning}", file=sys.stderr)
    return 0
