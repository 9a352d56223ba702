"""`visinger export CHECKPOINT VOICE`: a trained network made into a voice folder that needs no torch.

`visinger export openutau VOICE BANK.zip`: a voice made into a voicebank for OpenUtau.
"""

import argparse
from pathlib import Path

from visinger.errors import VisingerError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `export`, in both its forms."""
    parser.usage = (
        "visinger export CHECKPOINT VOICE --corpus CORPUS [options]\n"
        "       visinger export openutau VOICE BANK.zip [--singer NAME]"
    )
    parser.add_argument(
        "paths",
        nargs="+",
        metavar="PATH",
        help="CHECKPOINT (or a run's folder: its best one) and the VOICE folder to write; or the word 'openutau', "
        "a VOICE (a folder, or an embedded one's name) and the BANK.zip to write",
    )
    parser.add_argument("--corpus", type=Path, help="the prepared corpus it was trained on: range, level, licence")
    parser.add_argument("--name", help="of the voice; otherwise the folder's")
    parser.add_argument(
        "--singer", help="as the card names them, otherwise the corpus' singer; of a bank: who of several sings it"
    )
    parser.add_argument("--recipe", default="small", help="the recipe's name, for the card")
    parser.add_argument("--noise", type=float, default=0.667, help="how far the latent strays unless told otherwise")
    parser.add_argument("--measured", type=Path, help="JSON file of figures for the card, from `visinger evaluate`")
    parser.add_argument(
        "--verdict", default="", help="a sentence for the card: how good it is, and what is still wrong"
    )
    parser.add_argument("--full-precision", action="store_true", help="store weights in 32 bits instead of 16")


def run(arguments: argparse.Namespace) -> int:
    """Export and say what was written."""
    match arguments.paths:
        case ["openutau", voice, bank]:
            return _bank(voice, Path(bank), arguments.singer or "")
        case [checkpoint, voice] if arguments.corpus is not None:
            return _voice(Path(checkpoint), Path(voice), arguments)
        case [_, _]:
            problem, remedy = "the corpus it was trained on is not named", "name it with --corpus"
        case _:
            problem, remedy = "what to export and where to is not told", "see visinger export --help"
    raise VisingerError(problem, where=" ".join(arguments.paths), remedy=remedy)


def _bank(voice: str, target: Path, singer: str) -> int:
    from visinger.exporting.openutau import write_bank

    made = write_bank(voice, target, singer=singer)
    print(f"{made.path}: '{made.name}', {made.bytes / 1e6:.1f} MB, {made.lyrics} lyrics in its dictionary")
    for graph, difference in made.differences.items():
        print(f"  {graph}: differs from torch by {difference:.1e} of its largest value")
    print(f"Drop it on OpenUtau's window to install it; visinger check openutau {made.path} --voice {voice} tries it.")
    return 0


def _voice(checkpoint: Path, voice: Path, arguments: argparse.Namespace) -> int:
    from visinger.corpora.prepared import Prepared
    from visinger.exporting import VoiceFacts, export, facts

    corpus = Prepared.open(arguments.corpus)
    compass = facts.measure(corpus)
    about = VoiceFacts(
        name=arguments.name or voice.name,
        language=corpus.card.language,
        singer=arguments.singer or ", ".join(corpus.card.singers),
        licence=corpus.card.licence,
        credit=facts.credit(corpus.card),
        lowest_midi=compass.lowest_midi,
        highest_midi=compass.highest_midi,
        gain=compass.gain,
        noise_scale=arguments.noise,
        recipe=arguments.recipe,
        verdict=arguments.verdict,
        terms=corpus.card.terms,
    )
    made = export(
        checkpoint,
        voice,
        facts=about,
        measured=arguments.measured,
        half=not arguments.full_precision,
    )
    span = f"{compass.lowest_midi}–{compass.highest_midi}"
    print(f"{made.folder}: {made.bytes / 1e6:.1f} MB, {made.description.steps} steps; range {span}")
    for graph, difference in made.differences.items():
        print(f"  {graph}: differs from torch by {difference:.1e} of its largest value")
    return 0
