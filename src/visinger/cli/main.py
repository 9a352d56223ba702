"""The command line: `visinger VERB …`, one verb a file.

Exit codes: 0 done; 2 a mistake the user can mend (one line says where, what and
how); 3 a result could not be written; 130 interrupted; 1 a fault of ours.
"""

import argparse
import importlib
import sys
from collections.abc import Sequence

from visinger.errors import VisingerError

# verb → what it does; each is a module here with `add_arguments(parser)` and `run(arguments)`
VERBS = {
    "sing": "sing scores to sound files",
    "convert": "write a score, or how a voice would sing it, in another format",
    "studio": "write, hear and shape a song in the browser",
    "inspect": "say what a score, a corpus or a voice holds and what is doubtful in it",
    "corpora": "list the corpora that can be prepared, with language, hours, licence and home",
    "prepare": "turn a corpus of recordings into takes to train on",
    "train": "train a recipe on a prepared corpus",
    "finetune": "adapt a voice to minutes of one's own labelled singing",
    "export": "turn a checkpoint into a voice folder, or a voice into a bank for OpenUtau",
    "check": "replay an editor's side on a voicebank and say what is wrong with it",
    "evaluate": "measure a voice on held-out takes and on the examples",
    "exhibit": "make a page of voices: gates, phrases to hear beside the recordings, what is still wrong",
    "serve": "sing over HTTP: the API that the studio, editors and programs use",
    "listening": "build, serve and score a listening test",
    "voices": "list the embedded voices",
    "experiment": "train the paper's systems, sing the test set with each, and write its tables",
    "branches": "compare rhythm and pitch branches alone, cross-validated by song",
    "bench": "measure how fast a voice sings and a recipe trains, beside what this machine can do",
    "recipe": "print a recipe resolved, and its parameter count beside the paper's",
}
INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb; returns the exit code."""
    argv = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(prog="visinger", description="Lyrics and a score in, singing out.")
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    chosen = next((word for word in argv if word in VERBS), None)
    for verb, purpose in VERBS.items():
        child = verbs.add_parser(verb, help=purpose, description=purpose[0].upper() + purpose[1:] + ".")
        if verb == chosen:  # only the chosen verb's module is imported: `visinger --help` is instant
            importlib.import_module(f"visinger.cli.{verb}").add_arguments(child)
    arguments = parser.parse_args(argv)
    if arguments.version:
        from importlib.metadata import version

        print(f"visinger {version('visinger')}")
        return 0
    if arguments.verb is None:
        parser.print_help()
        return 2
    try:
        return int(importlib.import_module(f"visinger.cli.{arguments.verb}").run(arguments) or 0)
    except VisingerError as error:
        print(f"visinger: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("visinger: interrupted; nothing half-written was left", file=sys.stderr)
        return INTERRUPTED
    except ModuleNotFoundError as error:
        extra = _extra_of(error.name or "")
        if not extra:
            raise
        print(f"visinger: this needs the package '{error.name}'; pip install 'visinger[{extra}]'", file=sys.stderr)
        return 2


def _extra_of(module: str) -> str:
    """The extra that brings a module; empty for one that should be there."""
    extras = {
        "world": ("pyworld", "scipy"),
        "train": (
            "torch",
            "lightning_fabric",
            "safetensors",
            "joblib",
            "matplotlib",
            "onnx",
            "onnxscript",
            "jaxtyping",
        ),
        "cluster": ("distributed", "dask"),
        "studio": ("fastapi", "uvicorn", "prometheus_client", "starlette", "pydantic"),
    }
    return next((extra for extra, modules in extras.items() if module.split(".")[0] in modules), "")


if __name__ == "__main__":
    sys.exit(main())
