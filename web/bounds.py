"""Bounds on what a client may send after the head of its request (`wire` bounds that): bytes, time and form."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass

from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.problems import problem
from web.strict_json import reason_to_refuse

MAX_HEAD_BYTES = 32 * 1024
MAX_TARGET_BYTES = 8 * 1024
MAX_BODY_BYTES = 1024 * 1024
MAX_BODY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LargerBody:
    """A route whose bodies may be larger. Defined where the route is."""

    method: str
    path: re.Pattern[str]
    body_bytes: int
    remedy: str


class Bounds:
    """Refuses requests that are too large, too slow or of the wrong form, before they reach an endpoint.

    Answers 431 to headers over 32 KiB, 414 to a path and query over 8 KiB, 413 to a body over 1 MiB (whether or not
    its length is declared), 408 to one that takes over 30 seconds, 415 to a compressed one, and 400 to JSON that
    `strict_json` refuses. Routes in `larger` have their own limit. A body that breaks off reaches no endpoint.

    HEAD is handled as GET, and the server omits the content. The body is read before the endpoint starts, so that a
    slow client holds no database connection.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_bytes: int = MAX_BODY_BYTES,
        body_seconds: float = MAX_BODY_SECONDS,
        larger: Sequence[LargerBody] = (),
    ) -> None:
        self._app = app
        self._larger = larger
        self._body_bytes = body_bytes
        self._body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = _refusal_of_head(scope)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        body_bytes, remedy = self._bound_of(scope)
        try:
            async with asyncio.timeout(self._body_seconds):
                body = await _read(scope, receive, body_bytes)
        except TimeoutError:
            await problem(408, "body.slow", "The body took too long.", "Send it faster.")(scope, receive, send)
            return
        except _BrokenOffError:
            return
        if body is None:
            detail = f"A body may have at most {body_bytes} bytes."
            await problem(413, "body.too_large", detail, remedy)(scope, receive, send)
            return
        wrong = reason_to_refuse(body) if body and any(map(_is_json, _all(scope, b"content-type"))) else None
        if wrong is not None:
            await problem(400, "body.unreadable", wrong, "Send plain JSON.")(scope, receive, send)
            return
        await self._app(_without_head(scope), _replay(body, receive), send)

    def _bound_of(self, scope: Scope) -> tuple[int, str]:
        for one in self._larger:
            if scope["method"] == one.method and one.path.fullmatch(scope["path"]):
                return one.body_bytes, one.remedy
        return self._body_bytes, "Send less at once."


class _BrokenOffError(Exception):
    """The client disconnected before its body was complete."""


def _all(scope: Scope, wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == wanted]


def _refusal_of_head(scope: Scope) -> JSONResponse | None:
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEAD_BYTES:
        detail = f"All headers together may have at most {MAX_HEAD_BYTES} bytes."
        return problem(431, "headers.too_large", detail, "Send shorter ones.")
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        detail = f"Path and query together may have at most {MAX_TARGET_BYTES} bytes."
        return problem(414, "target.too_long", detail, "Ask for less at once.")
    if any(encoding.lower() != b"identity" for encoding in _all(scope, b"content-encoding")):
        return problem(415, "body.encoded", "A compressed body is not accepted.", "Send it uncompressed.")
    return None


def _is_json(content_type: bytes) -> bool:
    kind = content_type.partition(b";")[0].strip().lower()
    return kind == b"application/json" or kind.endswith(b"+json")


def _without_head(scope: Scope) -> Scope:
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


async def _read(scope: Scope, receive: Receive, body_bytes: int) -> bytes | None:
    if any(int(declared) > body_bytes for declared in _all(scope, b"content-length") if declared.isdigit()):
        return None
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _BrokenOffError
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > body_bytes:
            return None
        if not message.get("more_body", False):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
