"""`visinger check openutau BANK`: would the editor play this voicebank? One line for each finding.

Exits 0 when nothing is wrong (doubts are allowed), 2 when something is.
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `check`."""
    kinds = parser.add_subparsers(dest="kind", metavar="WHAT", required=True)
    openutau = kinds.add_parser(
        "openutau",
        help="a DiffSinger voicebank for OpenUtau, ours or anybody's",
        description="Replay the editor's side on a DiffSinger voicebank: files, settings, phonemes, models, a phrase.",
    )
    openutau.add_argument("bank", type=Path, help="the bank's zip or folder")
    openutau.add_argument("--voice", default="", help="the voice it was made from: sing with both and compare")
    openutau.add_argument("--score", type=Path, help="what both sing; otherwise a few notes (needs --voice)")
    openutau.add_argument("--save", type=Path, metavar="FOLDER", help="keep both as bank.wav and voice.wav")


def run(arguments: argparse.Namespace) -> int:
    """Print the findings as they are made."""
    from visinger import score
    from visinger.errors import VisingerError
    from visinger.voices.openutau.checking import Wishes, check
    from visinger.voices.voice import Voice

    if arguments.score and not arguments.voice:
        raise VisingerError("a score is sung by the bank and a voice", where="--score", remedy="name one with --voice")
    wishes = Wishes(
        voice=Voice.load(arguments.voice) if arguments.voice else None,
        score=score.read(arguments.score) if arguments.score else None,
        save=arguments.save,
    )
    wrong = doubts = 0
    for finding in check(arguments.bank, wishes):
        print(finding, flush=True)
        wrong += finding.level == "wrong"
        doubts += finding.level == "doubt"
    print(f"{wrong} wrong, {doubts} doubtful" if wrong or doubts else "The editor can play it.")
    return 2 if wrong else 0
