"""`visinger sing SCORE… -o OUT`: score files in, sound files out."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from visinger.voices.batch import Outcome


def _transposition(text: str) -> int | str:
    return text if text == "auto" else int(text)


def _factor(text: str) -> float:
    value = float(text)
    if not 0.1 <= value <= 10:
        raise argparse.ArgumentTypeError("a tempo factor lies between 0.1 and 10")
    return value


def _scale(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 10:
        raise argparse.ArgumentTypeError("a noise scale lies between 0 and 10")
    return value


def _processes(text: str) -> int:
    if text == "auto":
        return 0
    value = int(text)
    if not 1 <= value <= 1024:
        raise argparse.ArgumentTypeError("the number of processes lies between 1 and 1024, or is auto")
    return value


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `sing`."""
    parser.add_argument(
        "scores", nargs="+", type=Path, metavar="SCORE", help="MusicXML, MIDI, JSON, or an editor's project"
    )
    parser.add_argument("-o", "--output", type=Path, help="sound file (.wav .flac .ogg), or a folder for several")
    parser.add_argument("--voice", default="default", help="an embedded voice's name or a voice's folder")
    parser.add_argument("--singer", metavar="NAME", help="of a voice of several singers; otherwise its first")
    parser.add_argument("--language", default="", help="of the words: zh, ja, en; otherwise told from them")
    parser.add_argument("--dictionary", type=Path, metavar="FILE", help="how words are sung, of any language")
    parser.add_argument("--lyrics", type=Path, help="text file with the words, for a score without")
    parser.add_argument("--seed", type=int, default=0, help="of the noise; the same seed gives the same bytes")
    parser.add_argument("--transpose", type=_transposition, default=0, metavar="SEMITONES|auto")
    parser.add_argument("--tempo", type=_factor, default=1.0, metavar="FACTOR", help="2 sings twice as fast")
    parser.add_argument("--verse", type=int, help="sing this verse throughout")
    parser.add_argument("--part", default="", metavar="NAME|all", help="a part's name or number; all: aligned stems")
    parser.add_argument(
        "--noise", type=_scale, metavar="X", help="0 sings the most likely sound; the voice knows its own"
    )
    parser.add_argument("--f0", type=Path, metavar="CURVE.csv", help="time_seconds,f0_hz rows to sing instead")
    parser.add_argument(
        "--own-pitch", action="store_true", help="pass over the curves, bends and vibrato that the score draws"
    )
    parser.add_argument("--sample-rate", type=int, metavar="HZ", help="of the sound file; the voice's own otherwise")
    parser.add_argument(
        "--save-performance", type=Path, metavar="P.json", help="phonemes, frames and F0 that were sung"
    )
    parser.add_argument("--save-labels", type=Path, metavar="L.lab|L.TextGrid", help="when each phoneme was sung")
    parser.add_argument(
        "--jobs", type=_processes, default=1, metavar="N|auto", help="sing so many scores at once; auto: one a core"
    )
    parser.add_argument("--dask", default="", metavar="ADDRESS", help="scheduler of a Dask cluster to sing on instead")
    parser.add_argument("--json", action="store_true", help="print one JSON list for programs")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Sing every score; those that are refused are reported at the end, the others are sung all the same."""
    from visinger.voices import batch, singing

    wishes = singing.Wishes(
        voice=arguments.voice,
        singer=arguments.singer or "",
        part=arguments.part,
        language=arguments.language,
        dictionary=arguments.dictionary,
        own_pitch=arguments.own_pitch,
        verse=arguments.verse,
        lyrics=arguments.lyrics,
        transpose=arguments.transpose,
        tempo=arguments.tempo,
        seed=arguments.seed,
        noise_scale=arguments.noise,
        f0=arguments.f0,
        sample_rate_hz=arguments.sample_rate,
        save_performance=arguments.save_performance,
        save_labels=arguments.save_labels,
    )
    targets = singing.outputs(arguments.scores, arguments.output)
    silent = arguments.quiet or arguments.json or not sys.stderr.isatty()
    with _progress(len(targets), silent=silent) as progress:
        outcomes = batch.sing_all(
            arguments.scores,
            targets,
            wishes,
            jobs=arguments.jobs,
            dask=arguments.dask,
            told=(lambda _outcome: None) if arguments.json else _say,
            progress=progress,
        )
    if arguments.json:
        print(json.dumps([entry for outcome in outcomes for entry in outcome.as_json()], ensure_ascii=False, indent=1))
    refusals = [outcome.refusal for outcome in outcomes if outcome.refusal is not None]
    for refusal in refusals:
        print(f"visinger: {refusal}", file=sys.stderr)
    if refusals and len(outcomes) > 1:
        print(f"{len(refusals)} of {len(outcomes)} scores were refused, the others are sung", file=sys.stderr)
    return batch.exit_code(outcomes)


def _say(outcome: "Outcome") -> None:
    for sung in outcome.sung:
        print(
            f"{sung.output}: {sung.bars} bars, {sung.phonemes} phonemes, {sung.seconds:.2f} s "
            f"by '{sung.voice}', {sung.times_real_time:.1f} × faster than real time",
            flush=True,
        )
        for warning in sung.warnings:
            print(f"  note: {warning}", file=sys.stderr)


@contextmanager
def _progress(scores: int, *, silent: bool) -> "Iterator[Callable[[float, float], None]]":
    """A bar over the scores, the one being sung counted in part; nothing where nobody looks."""
    if silent:
        yield lambda _done, _total: None
        return
    from tqdm import tqdm

    with tqdm(total=float(scores), bar_format="{desc}{bar} {percentage:3.0f} % {remaining}") as bar:

        def show(done: float, _total: float) -> None:
            bar.update(done - bar.n)

        yield show
