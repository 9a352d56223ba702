"""`visinger inspect PATH`: what a score, a corpus or a voice holds, and every doubt about it.

Exits 0 when PATH can be read, 2 with one line when not.
"""

import argparse
import json
from dataclasses import asdict, replace
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `inspect`."""
    parser.add_argument("path", type=Path, help="a score, a prepared corpus, a corpus' own folder, or a voice's folder")
    parser.add_argument("--verse", type=int, help="of a score: read this verse")
    parser.add_argument("--picture", type=Path, metavar="ROLL.svg|.png", help="of a score: draw a piano roll")
    parser.add_argument("--voice", default="", help="of a score: who is to sing it; otherwise an embedded voice")
    parser.add_argument("--language", default="", help="of a score's words: zh, ja, en; otherwise told from them")
    parser.add_argument("--dictionary", type=Path, metavar="FILE", help="of a score: how its words are sung")
    parser.add_argument("--corpus", help="the corpus' name, where its folder does not tell")
    parser.add_argument("--plots", type=Path, metavar="FOLDER", help="of a corpus: draw what was found")
    parser.add_argument("--manner", action="store_true", help="of a prepared corpus: how it is sung, as a table")
    parser.add_argument("--json", action="store_true", help="of a corpus or a voice: print JSON for programs")


def run(arguments: argparse.Namespace) -> int:
    """Tell the three kinds apart by what lies there."""
    path: Path = arguments.path
    if not path.is_dir():
        return _score(arguments)
    if (path / "voice.json").is_file():
        return _voice(arguments)
    return _corpus(arguments)


def _score(arguments: argparse.Namespace) -> int:
    from visinger import score
    from visinger.language import read_dictionary
    from visinger.voices.examining import examine

    read = score.read(arguments.path, verse=arguments.verse)
    read = replace(read, language=arguments.language or read.language)
    dictionary = read_dictionary(arguments.dictionary) if arguments.dictionary else None
    found = examine(read, voice=arguments.voice, dictionary=dictionary)
    print(score.summarise(read, languages=found.languages, doubts=found.doubts))
    if arguments.picture:
        warnings = score.write_picture(arguments.picture, read)
        print(f"picture  {arguments.picture}", *(f"({warning})" for warning in warnings))
    return 0


def _voice(arguments: argparse.Namespace) -> int:
    from visinger.voices.voice import Voice

    described = Voice.load(arguments.path).description  # loading checks every file
    card = (arguments.path / "CARD.md").read_text(encoding="utf-8") if not arguments.json else ""
    print(card or (arguments.path / "voice.json").read_text(encoding="utf-8"))
    if not arguments.json:
        print(f"All {len(described.graphs)} graphs are whole.")
    return 0


def _corpus(arguments: argparse.Namespace) -> int:
    if arguments.manner:
        return _manner(arguments)
    from visinger.corpora.inspection import inspect, open_recordings

    name, recordings = open_recordings(arguments.path, arguments.corpus)
    found = inspect(name, recordings, plots=arguments.plots)
    print(json.dumps(asdict(found), ensure_ascii=False, indent=1) if arguments.json else found.text())
    return 0


def _manner(arguments: argparse.Namespace) -> int:
    from visinger.corpora.manners import measure
    from visinger.corpora.prepared import Prepared

    prepared = Prepared.open(arguments.path)
    found = measure(prepared.card.name, prepared)
    print(json.dumps(found.as_json(), ensure_ascii=False, indent=1) if arguments.json else found.text())
    return 0
