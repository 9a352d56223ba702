"""`visinger prepare CORPUS ROOT OUT`: recordings made into takes, in parallel, resumable."""

import argparse
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `prepare`."""
    parser.add_argument("corpus", help="pjs, opencpop, cmn-syllables …")
    parser.add_argument("root", type=Path, help="the corpus' own folder")
    parser.add_argument("out", type=Path, help="folder for the takes; an interrupted call goes on in it")
    parser.add_argument("--workers", type=int, default=0, help="processes; 0 takes every core")
    parser.add_argument("--dask", metavar="ADDRESS", help="scheduler of a Dask cluster to work on instead")
    parser.add_argument("--quiet", action="store_true", help="no progress bar")


def run(arguments: argparse.Namespace) -> int:
    """Prepare and say what was made."""
    from visinger.corpora.preparation import prepare

    with _cluster(arguments.dask):
        made = prepare(
            arguments.corpus,
            arguments.root,
            arguments.out,
            workers=arguments.workers,
            backend="dask" if arguments.dask else "loky",
            progress=not arguments.quiet,
        )
    print(
        f"{made.folder}: {made.takes} takes, {made.seconds / 60:.1f} minutes, {made.phonemes} phonemes "
        f"({made.jobs_done} jobs done, {made.jobs_kept} kept)"
    )
    return 0


def _cluster(address: str | None) -> AbstractContextManager[object]:
    """The Dask client at an address, current while it is open; without one, nothing."""
    if not address:
        return nullcontext()
    from distributed import Client

    return Client(address)
