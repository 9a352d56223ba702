"""`visinger studio [song]`: write, hear and shape a song in the browser."""

import argparse
import secrets
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `studio`."""
    parser.add_argument("song", nargs="?", type=Path, help="a score to open; without one, what was kept is listed")
    parser.add_argument("--port", type=int, help="of the page's address; default: 8271, or a free one")
    parser.add_argument(
        "--host", default="127.0.0.1", help="0.0.0.0 for a tablet in your network; the address printed has its token"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the address and open nothing")
    parser.add_argument(
        "--projects", type=Path, metavar="FOLDER", help="where songs are kept; default: your data folder"
    )
    parser.add_argument(
        "--voice",
        action="append",
        type=Path,
        default=[],
        metavar="FOLDER",
        help="a voice of your own; give it for each",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve the studio until interrupted."""
    from visinger.serving.application import create_app
    from visinger.serving.settings import LOOPBACK_NAMES, Settings
    from visinger.studio import application, projects, studio

    kept = projects.Projects(arguments.projects or projects.standard_folder())
    opened = f"#{studio.open_song(kept, arguments.song)}" if arguments.song else ""
    token = "" if arguments.host in LOOPBACK_NAMES else secrets.token_urlsafe(24)
    with studio.listen(arguments.host, arguments.port) as bound:
        port = bound.getsockname()[1]
        settings = Settings(host=arguments.host, port=port, token=token, voices=tuple(arguments.voice))
        app = application.mount(create_app(settings, open_paths=application.page_paths()), kept)
        address = studio.address_of(bound) + (f"?token={token}" if token else "") + opened
        studio.run(app, bound, address=address, ready=_say, browser=not arguments.no_browser)
    print(f"every song is kept in {kept.folder}", file=sys.stderr)
    return 0


def _say(address: str) -> None:
    print(f"{address}  (end with Ctrl-C)", flush=True)
