"""An application on its socket, until it is asked to stop: songs under way may end, nobody new is let in."""

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from visinger.errors import VisingerError
from visinger.serving.settings import Settings

MOST_CONNECTIONS = 512
IDLE_SECONDS = 15


def serve(app: FastAPI, settings: Settings, *, report: Callable[[str], None] = lambda _line: None) -> None:
    """Serve until SIGINT or SIGTERM, then give what is under way `grace_seconds`.

    `report` is told the address once it is open. Raises VisingerError when it cannot be.
    """
    listening = _listening(settings)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_keep_alive=IDLE_SECONDS,
            timeout_graceful_shutdown=round(settings.grace_seconds),
            h11_max_incomplete_event_size=64 * 1024,
        )
    )
    host, port = listening.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    report(f"visinger serves at http://{shown}:{port} (documentation: /docs; Ctrl-C stops it)")
    with listening:
        server.run(sockets=[listening])


def _listening(settings: Settings) -> socket.socket:
    """A bound socket; said here and in one line, where uvicorn would log and exit."""
    try:
        family, *_, address = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)[0]
        found = socket.socket(family, socket.SOCK_STREAM)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(address)
    except OSError as error:
        place = f"{settings.host}:{settings.port}"
        raise VisingerError(
            f"cannot listen ({(error.strerror or str(error)).lower()})", where=place, remedy="choose another --port"
        ) from error
    return found
