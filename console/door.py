"""What stands around every page: strict headers, and the check that a form comes from one of our own pages."""

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
ONE_CLICK = "/unsubscribe/"
"""Where mail providers post for people (RFC 8058), without an origin. The link's own token is what allows it."""

Refusal = Callable[[Request], Awaitable[Response]]


class PageHeaders:
    """Adds PAGE_HEADERS to every answer. An answer that says how long it may be kept keeps its own Cache-Control."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in PAGE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, sending)


@dataclass(slots=True)
class ProblemPages:
    """Answers with the page that `show` makes of a problem, where something outside of the pages refuses a request."""

    app: ASGIApp
    show: Callable[[Request, int, dict[str, Any]], Response]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        start: Message | None = None
        said: list[bytes] = []

        async def sending(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_problem(message):
                start = message
            elif start is None:
                await send(message)
            else:
                said.append(message.get("body", b""))

        await self.app(scope, receive, sending)
        if start is not None:
            answer = self.show(Request(scope), start["status"], json.loads(b"".join(said)))
            for name, value in MutableHeaders(scope=start).items():
                if name not in ("content-type", "content-length"):
                    answer.headers[name] = value
            await answer(scope, receive, send)


def _is_problem(start: Message) -> bool:
    return Headers(raw=start["headers"]).get("content-type", "").startswith("application/problem+json")


@dataclass(slots=True)
class Breakdowns:
    """Answers with the page that `show` makes where the pages fail, and raises the error, which is then logged.

    The form has been read by then. What was read is given once more to `show`, which can keep it on the page.
    """

    app: ASGIApp
    show: Callable[[Request, Exception], Awaitable[Response]]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        read: list[Message] = []
        is_answered = False

        async def receiving() -> Message:
            message = await receive()
            if message["type"] == "http.request":
                read.append(message)
            return message

        async def sending(message: Message) -> None:
            nonlocal is_answered
            is_answered = True
            await send(message)

        try:
            await self.app(scope, receiving, sending)
        except Exception as error:
            if not is_answered:
                answer = await self.show(Request(scope, _once_more(read, receive)), error)
                await answer(scope, receive, send)
            raise


def _once_more(read: Sequence[Message], receive: Receive) -> Receive:
    kept = iter(read)

    async def again() -> Message:
        message = next(kept, None)
        return await receive() if message is None else message

    return again


@dataclass(slots=True)
class SameOrigin:
    """Refuses unsafe methods that do not come from a page of this site, with the page that `refuse` returns.

    Browsers say so in Sec-Fetch-Site. Without that header the Origin must be that of `public_url`.
    """

    app: ASGIApp
    public_url: str
    refuse: Refusal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._is_allowed(scope):
            await self.app(scope, receive, send)
            return
        answer = await self.refuse(Request(scope, receive))
        await answer(scope, receive, send)

    def _is_allowed(self, scope: Scope) -> bool:
        if scope["method"] in SAFE_METHODS or scope["path"].startswith(ONE_CLICK):
            return True
        headers = Headers(scope=scope)
        said = headers.getlist("sec-fetch-site")
        if said:
            return said == ["same-origin"]
        return headers.getlist("origin") == [origin_of(self.public_url)]


def origin_of(url: str) -> str:
    """Returns the origin of an address as browsers write it: without a path and without the scheme's own port."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    own = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, own) else "")
