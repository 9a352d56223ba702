"""Who may call: this machine unless told otherwise, with a token elsewhere; never another site's page.

A server on loopback is within reach of every page that a browser of this
machine shows. So the `Host` header must name loopback (a rebound name of
another site does not), and a page of another origin is refused.
"""

import asyncio
import hmac
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visinger.serving.problems import RefusedError, response_to
from visinger.serving.settings import LOOPBACK_NAMES, Settings

OPEN_PATHS = ("/v1/health", "/docs", "/openapi.json")  # what balancers and readers ask without a token
BODY_SECONDS = 60.0
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


class Guard:
    """Refuses who may not call and what is too large, before any of the application runs."""

    def __init__(self, app: ASGIApp, settings: Settings, *, open_paths: tuple[str, ...] = ()) -> None:
        """`open_paths` need no token: a page that asks for it must be shown first."""
        self._app = app
        self._settings = settings
        self._open = frozenset((*OPEN_PATHS, *open_paths))
        self._hosts = {*LOOPBACK_NAMES, *(host.lower() for host in settings.allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # nothing here speaks WebSocket

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check_caller(scope["path"], Headers(scope=scope))
            body = await self._whole_body(Headers(scope=scope), receive)
        except RefusedError as error:
            await response_to(error)(scope, receive, with_headers)
            return
        if body is None:
            return  # the client went away while it was sending
        await self._app(scope, _replayed(body, receive), with_headers)

    def _check_caller(self, path: str, headers: Headers) -> None:
        host = _host_name(headers.get("host", ""))
        if (self._settings.on_loopback or self._settings.allowed_hosts) and host not in self._hosts:
            raise RefusedError(
                HTTPStatus.FORBIDDEN,
                f"this server is not '{host[:80]}'",
                where="Host",
                remedy="call it as 127.0.0.1 or localhost, or start it with --allow-host NAME",
            )
        origin = headers.get("origin")
        if origin is not None and _origin_host(origin) != headers.get("host", "").lower():
            raise RefusedError(
                HTTPStatus.FORBIDDEN, "pages of other sites may not call this server", where="Origin", remedy="none"
            )
        if self._settings.token and path not in self._open:
            scheme, _, given = headers.get("authorization", "").partition(" ")
            right = hmac.compare_digest(given.strip().encode(), self._settings.token.encode())
            if scheme.lower() != "bearer" or not right:
                raise RefusedError(
                    HTTPStatus.UNAUTHORIZED,
                    "the token is missing or wrong",
                    where="Authorization",
                    remedy="send 'Authorization: Bearer TOKEN'",
                )

    async def _whole_body(self, headers: Headers, receive: Receive) -> bytes | None:
        """The request's body, once it is whole and within bounds; None when the client is gone."""
        limit = self._settings.body_bytes
        announced = headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
        parts, size = [], 0
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    parts.append(message.get("body", b""))
                    size += len(parts[-1])
                    if size > limit:
                        raise _too_large(limit)
                    if not message.get("more_body", False):
                        return b"".join(parts)
        except TimeoutError:
            late = f"the request was not whole within {BODY_SECONDS:g} s"
            raise RefusedError(HTTPStatus.REQUEST_TIMEOUT, late, remedy="send it again") from None


def _too_large(limit: int) -> RefusedError:
    return RefusedError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"the request is longer than {limit / 2**20:g} MB",
        where="body",
        remedy="send a shorter score, or start the server with a larger --body-bytes",
    )


def _host_name(host: str) -> str:
    """The name in a Host header, without its port and without the brackets of an IPv6 address."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()


def _origin_host(origin: str) -> str:
    """The host and port that an Origin header names; empty for "null" and for what is none."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A receiver that gives the body that was read, and then what really comes: the client's leaving."""
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
