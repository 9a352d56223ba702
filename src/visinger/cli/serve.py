"""`visinger serve`: the HTTP API, on this machine alone unless told otherwise."""

import argparse
import os
from pathlib import Path

TOKEN_VARIABLE = "VISINGER_TOKEN"
VOICEVOX_PORT = 50021  # where its clients look


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of `serve`."""
    from visinger.serving.settings import Settings

    parser.add_argument("--host", default=Settings.host, help="address to listen at; the default is this machine alone")
    parser.add_argument("--port", type=int, help=f"otherwise {Settings.port}, with --voicevox {VOICEVOX_PORT}")
    parser.add_argument("--token", default=os.environ.get(TOKEN_VARIABLE, ""),
                        help=f"callers must send 'Authorization: Bearer TOKEN'; or set {TOKEN_VARIABLE}")  # fmt: skip
    parser.add_argument("--voice", type=Path, action="append", default=[], metavar="FOLDER",
                        help="a voice to offer beside the embedded ones; give it for each")  # fmt: skip
    parser.add_argument("--voicevox", action="store_true", help="offer VOICEVOX' singing endpoints too")
    parser.add_argument("--allow-host", action="append", default=[], metavar="NAME",
                        help="a name under which browsers may call the server, beside localhost")  # fmt: skip
    parser.add_argument("--concurrency", type=int, metavar="N", help="songs sung at the same time")
    parser.add_argument("--queue", type=int, default=Settings.queue_length, metavar="N", help="requests that may wait")
    parser.add_argument("--body-mb", type=float, default=Settings.body_bytes / 2**20, metavar="MB",
                        help="the longest request")  # fmt: skip
    parser.add_argument("--song-minutes", type=float, default=Settings.song_seconds / 60, metavar="MINUTES",
                        help="the longest song")  # fmt: skip
    parser.add_argument("--cache-mb", type=float, default=Settings.cache_bytes / 2**20, metavar="MB",
                        help="of sound kept, so that only what changed is rendered again")  # fmt: skip
    parser.add_argument("--grace", type=float, default=Settings.grace_seconds, metavar="SECONDS",
                        help="for songs under way when the server is stopped")  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Serve until interrupted."""
    from visinger.serving.application import create_app
    from visinger.serving.running import serve
    from visinger.serving.settings import Settings

    chosen = {} if arguments.concurrency is None else {"concurrency": arguments.concurrency}
    usual_port = VOICEVOX_PORT if arguments.voicevox else Settings.port
    settings = Settings(
        host=arguments.host,
        port=usual_port if arguments.port is None else arguments.port,
        token=arguments.token,
        voices=tuple(arguments.voice),
        allowed_hosts=tuple(arguments.allow_host),
        queue_length=arguments.queue,
        body_bytes=int(arguments.body_mb * 2**20),
        song_seconds=arguments.song_minutes * 60,
        cache_bytes=int(arguments.cache_mb * 2**20),
        grace_seconds=arguments.grace,
        **chosen,
    )
    app = create_app(settings)
    if arguments.voicevox:
        from visinger.serving.voicevox import add_voicevox

        add_voicevox(app, settings, shelf=app.state.services.shelf)
    serve(app, settings, report=print)
    return 0
