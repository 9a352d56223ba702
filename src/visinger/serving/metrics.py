"""What a server counts about itself, in Prometheus' text format, in a registry of its own."""

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from visinger.serving.jobs import Jobs
from visinger.serving.stretches import Rendered

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS = (0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
_ELSEWHERE = "other"  # addresses that are no route: a scanner must not fill the memory with names


class Metrics:
    """Counts of one application."""

    def __init__(self, jobs: Jobs, rendered: Rendered) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self.requests = Counter(
            "visinger_requests", "Requests answered", ("method", "route", "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "visinger_request_seconds",
            "From a request to the end of its response",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.first_byte = Histogram(
            "visinger_first_byte_seconds",
            "From a request to the start of its response",
            ("route",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.sung = Counter("visinger_sung_seconds", "Seconds of sound sent", registry=self.registry)
        measured: tuple[tuple[str, str, Callable[[], float]], ...] = (
            ("visinger_jobs_running", "Songs at work", lambda: jobs.running),
            ("visinger_jobs_waiting", "Requests waiting for their turn", lambda: jobs.waiting),
            ("visinger_jobs_waiting_limit", "Requests that may wait", lambda: jobs.limit),
            ("visinger_kept_bytes", "Sound kept, to be sent again", lambda: rendered.bytes),
            ("visinger_kept_found", "Stretches that were kept when asked for", lambda: rendered.found),
            ("visinger_kept_missed", "Stretches that had to be rendered", lambda: rendered.missed),
        )
        for name, meaning, value in measured:
            Gauge(name, meaning, registry=self.registry).set_function(value)

    def text(self) -> bytes:
        return generate_latest(self.registry)


class Counted:
    """Counts the requests of the application within."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status, first_byte = 500, None

        async def counting(message: Message) -> None:
            nonlocal status, first_byte
            if message["type"] == "http.response.start":
                status, first_byte = message["status"], time.perf_counter() - began
            await send(message)

        try:
            await self._app(scope, receive, counting)
        finally:
            route = getattr(scope.get("route"), "path", _ELSEWHERE)
            method = scope["method"] if route != _ELSEWHERE else _ELSEWHERE
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
            if first_byte is not None:
                self._metrics.first_byte.labels(route).observe(first_byte)
