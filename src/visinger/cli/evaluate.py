"""`visinger evaluate VOICE… --corpus PREPARED --examples FOLDER --out FOLDER`: measure, and write the tables."""

import argparse
import shlex
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `evaluate`."""
    parser.add_argument("voices", nargs="*", help="embedded voices' names or voices' folders")
    parser.add_argument("--corpus", type=Path, help="a prepared corpus: its held-out takes are sung")
    parser.add_argument("--checkpoint", type=Path, help="checkpoint or run whose posterior copy is a further row")
    parser.add_argument("--examples", type=Path, help="a folder of scores to sing")
    parser.add_argument("--out", type=Path, default=Path("docs/results"), help="folder for tables and pictures")
    parser.add_argument("--work", type=Path, default=Path("runs/work/evaluation"), help="folder kept between calls")
    parser.add_argument("--name", default="held-out", help="of the table's files")
    parser.add_argument("--split", choices=("train", "validation", "test"), default="test")
    parser.add_argument("--by", choices=("song", "paper"), default="song", help="how the corpus is split")
    parser.add_argument("--takes", type=int, default=0, help="only the first so many; 0: all")
    parser.add_argument("--recogniser", type=Path, help="a taught recogniser; otherwise one is taught and kept in WORK")
    parser.add_argument("--recogniser-minutes", type=float, default=10.0, help="processor time to teach it")
    parser.add_argument("--no-words", action="store_true", help="leave the phoneme error rate out")
    parser.add_argument(
        "--left-out", type=Path, help="cmn-syllables' recordings: words are counted on the tone left out of the corpus"
    )
    parser.add_argument("--pictures", type=int, default=4, help="takes drawn as spectrograms")
    parser.add_argument("--seed", type=int, default=0)


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, say where the tables are, print the main one."""
    from visinger.evaluation import concert
    from visinger.evaluation.copies import PosteriorCopy
    from visinger.evaluation.programme import EvaluateOptions, evaluate

    options = EvaluateOptions(
        out=arguments.out,
        work=arguments.work,
        corpus=arguments.corpus,
        voices=tuple(arguments.voices),
        examples=arguments.examples,
        name=arguments.name,
        split=arguments.split,
        by=arguments.by,
        takes=arguments.takes,
        recogniser=arguments.recogniser,
        recogniser_minutes=arguments.recogniser_minutes,
        words=not arguments.no_words,
        left_out=arguments.left_out,
        pictures=arguments.pictures,
        seed=arguments.seed,
        command="visinger " + shlex.join(sys.argv[1:]),
    )
    more = []
    if arguments.checkpoint is not None:
        from visinger.exporting import trained_network

        trained = trained_network(arguments.checkpoint)
        more.append(concert.floor(PosteriorCopy(trained.model), fingerprint=f"{arguments.checkpoint} {trained.step}"))
    found = evaluate(options, more=more, report=lambda line: print(line, file=sys.stderr))
    print("\n".join(str(path) for path in found.files))
    return 0
