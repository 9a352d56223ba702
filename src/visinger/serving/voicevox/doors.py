"""Which pages may call the singing endpoints: the desktop editor's own, and no other site's.

The editor's window has the origin `app://.`, which no page of the web can take. A
page of the web could otherwise have this machine sing, or read its singers, for
whoever wrote the page; programs other than browsers send no origin and may.
"""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

EDITOR_ORIGIN = "app://."
_ALLOWED = {
    "access-control-allow-origin": EDITOR_ORIGIN,
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "content-type",
    "access-control-max-age": "600",
    "vary": "Origin",
}


class EditorDoor:
    """Lets the editor's window in on the singing paths; all else goes on to the application's own rules."""

    def __init__(self, app: ASGIApp, paths: frozenset[str], prefix: str) -> None:
        self._app = app
        self._paths = paths
        self._prefix = prefix  # of the pictures' paths

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self._sings(scope["path"]):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is not None and origin != EDITOR_ORIGIN and not _is_own(origin, headers.get("host", "")):
            refusal = {"detail": "pages of other sites may not call this engine"}
            await JSONResponse(refusal, 403)(scope, receive, send)
            return
        if origin != EDITOR_ORIGIN:
            await self._app(scope, receive, send)
            return
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            answer = dict(_ALLOWED)
            if headers.get("access-control-request-private-network") == "true":
                answer["access-control-allow-private-network"] = "true"
            await Response(status_code=204, headers=answer)(scope, receive, send)
            return

        async def with_permission(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["access-control-allow-origin"] = EDITOR_ORIGIN
                answer["cross-origin-resource-policy"] = "cross-origin"
                answer.add_vary_header("Origin")
            await send(message)

        # Within, the editor is as welcome as a program without an origin.
        inner = [(name, value) for name, value in scope["headers"] if name != b"origin"]
        await self._app({**scope, "headers": inner}, receive, with_permission)

    def _sings(self, path: str) -> bool:
        return path in self._paths or path.startswith(self._prefix)


def _is_own(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc.lower() == host.lower() != ""
    except ValueError:
        return False
