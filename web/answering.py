"""The headers of every answer: whether caches may store it, what it depends on, and which origins may read it."""

import re
from collections.abc import Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.headers import values_of

CREDENTIALS = b"Authorization, Request-Secret"
"""The headers that decide who may read an answer which is not for everybody."""
PREFLIGHT_SECONDS = 86_400
_READ = ("GET", "HEAD")
_OPEN = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"),
]
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": str(PREFLIGHT_SECONDS),
    "Cache-Control": f"public, max-age={PREFLIGHT_SECONDS}",
}


class Answering:
    """Completes the headers of every answer, those of refusals included.

    An answer is `no-store` unless its route says otherwise, and one that is not `public` varies by the credentials.
    Reading a path of `open_reads` is allowed to pages of every origin, without credentials, and a preflight for it is
    answered here. Nothing else is allowed to other origins.
    """

    def __init__(self, app: ASGIApp, *, open_reads: Sequence[re.Pattern[str]] = ()) -> None:
        self._app = app
        self._open_reads = open_reads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_open = any(one.fullmatch(scope["path"]) for one in self._open_reads)
        if is_open and _is_preflight(scope):
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, _completing(send, is_open=True))
            return
        await self._app(scope, receive, _completing(send, is_open=is_open and scope["method"] in _READ))


def _is_preflight(scope: Scope) -> bool:
    return scope["method"] == "OPTIONS" and bool(
        values_of(scope, b"origin") and values_of(scope, b"access-control-request-method")
    )


def _completing(send: Send, *, is_open: bool) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": _completed(list(message.get("headers", [])), is_open=is_open)}
        await send(message)

    return sending


def _completed(headers: list[tuple[bytes, bytes]], *, is_open: bool) -> list[tuple[bytes, bytes]]:
    caching = next((value for name, value in headers if name == b"cache-control"), None)
    if caching is None:
        headers.append((b"cache-control", b"no-store"))
    if caching is None or b"public" not in caching:
        headers.append((b"vary", CREDENTIALS))
    return headers + _OPEN if is_open else headers
