"""Counts and times requests, by route: a label with the path, which contains ids, would make too many series."""

import time

from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

REQUESTS = Counter(
    "devcenter_http_requests", "Requests answered, by method, route and status.", ["method", "route", "status"]
)
SECONDS = Histogram(
    "devcenter_http_seconds",
    "Seconds from a request's head to the end of its answer, by route.",
    ["method", "route"],
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def method_of(scope: Scope) -> str:
    """Returns the method of a call, or "other": anything may be sent in its place."""
    return scope["method"] if scope["method"] in _METHODS else "other"


def route_of(scope: Scope) -> str:
    """Returns the template of the path that was called, or "none"."""
    return str(getattr(scope.get("route"), "path", "none"))


class Measuring:
    """Measures every request, including those that other middleware refuses. An exception counts as 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        started = time.perf_counter()
        try:
            await self._app(scope, receive, sending)
        finally:
            method, route = method_of(scope), route_of(scope)
            REQUESTS.labels(method, route, status).inc()
            SECONDS.labels(method, route).observe(time.perf_counter() - started)
