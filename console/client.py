"""Calling the API in process, over ASGI, for whoever asked for a page."""

import asyncio
import json
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, overload
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.types import ASGIApp, Message

from api.auth import STALE
from api.signed_in import visit_in
from console.remedies import in_page_words

KEPT_HEADERS = ("retry-after",)
"""The headers of an answer that a page passes on to the browser."""
FILE_HEADERS = (
    "content-type",
    "content-disposition",
    "content-security-policy",
    "cross-origin-resource-policy",
    "cache-control",
    "etag",
)
"""Those of a file besides, with which the API says what it is and that a browser must not run it."""
SENT_HEADERS = frozenset({"if-match", "if-none-match", "prefer", "content-type", "request-secret"})
"""The headers that a page may set for a call. None of the browser's own reaches the API."""

MAX_ITEMS = 200
"""The most items of a list that the API gives at once."""

Params = Mapping[str, str | int | None]
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """An answer of the API: its status, its JSON, and the headers that the page passes on. `etag` is "" without one.

    The remedy of a refusal is in the words of pages (`console.remedies`).

    The content of an answer that is no JSON is `file`, and the headers are a file's.
    """

    status: int
    content: dict[str, Any]
    headers: dict[str, str]
    etag: str = ""
    file: bytes | None = None

    @property
    def is_ok(self) -> bool:
        """Whether the API did what was asked."""
        return self.status < 400

    @property
    def said(self) -> str:
        """What the API refused and what to do about it, in words."""
        return f"{self.content.get('detail') or 'That did not work.'} {self.content.get('remedy') or ''}".strip()


class ApiRefused(Exception):
    """The API refused a reading without which there is no page: the visitor is shown the refusal."""

    def __init__(self, answer: ApiAnswer) -> None:
        super().__init__(answer.status, answer.content.get("code"))
        self.answer = answer


class SignInNeeded(Exception):
    """The API does this only for somebody who signed in a short while ago, or no longer for this session."""


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The API's application. Calls are made for whoever is signed in, and otherwise for nobody.

    The request for a page of somebody who is signed in was counted, and its calls are not. Those for nobody come from
    the browser's address, so that the API's limits count each of them.
    """

    api: ASGIApp

    async def get(self, request: Request, path: str, params: Params | None = None) -> ApiAnswer:
        """Returns the answer to a GET."""
        return await self.call(request, "GET", path, params=params)

    async def found(self, request: Request, path: str, params: Params | None = None) -> ApiAnswer:
        """Returns the answer to a GET, which has the ETag of its content. Raises ApiRefused for a refusal."""
        answer = await self.get(request, path, params)
        if not answer.is_ok:
            raise ApiRefused(answer)
        return answer

    async def read(self, request: Request, path: str, params: Params | None = None) -> dict[str, Any]:
        """Returns the content of the answer to a GET. Raises ApiRefused for a refusal."""
        return (await self.found(request, path, params)).content

    async def read_all(self, request: Request, path: str, params: Params | None = None) -> list[dict[str, Any]]:
        """Returns all items of a list that is not long, in as many calls as it takes. Raises ApiRefused."""
        items: list[dict[str, Any]] = []
        after: str | None = None
        while True:
            listed = await self.read(request, path, {"limit": MAX_ITEMS, **(params or {}), "after": after})
            items += listed["items"]
            after = listed["next"]
            if after is None:
                return items

    async def call(
        self,
        request: Request,
        method: str,
        path: str,
        body: Any = None,
        *,
        params: Params | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> ApiAnswer:
        """Returns the answer to a call for whoever is signed in. No header of the browser's reaches the API.

        `body` is sent as JSON, and bytes as they are, with the Content-Type of `headers`, which may have SENT_HEADERS.
        Parameters that are None are left out. `key` is the idempotency key, so that a form which is sent twice is
        answered alike. Raises SignInNeeded, which leads the visitor to sign in again and back, and ValueError for
        another header.
        """
        content = b"" if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {name.lower(): value for name, value in (headers or {}).items()}
        if not sent.keys() <= SENT_HEADERS:
            raise ValueError(f"a page may not send {', '.join(sorted(sent.keys() - SENT_HEADERS))}")
        if body is not None:
            sent.setdefault("content-type", "application/json")
        if key is not None:
            sent["idempotency-key"] = key
        visit = visit_in(request.scope)
        scope = {
            **{name: request.scope[name] for name in ("type", "asgi", "http_version", "scheme", "server", "client")},
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": urlencode({name: one for name, one in (params or {}).items() if one is not None}).encode(),
            "headers": [
                (b"host", b"console"),
                (b"content-length", str(len(content)).encode()),
                *((name.encode(), value.encode()) for name, value in sent.items()),
            ],
            "state": {},
            **visit.in_process,
        }
        answer = await _run(self.api, scope, content)
        if visit.visitor is not None and (answer.status == 401 or answer.content.get("code") == STALE):
            raise SignInNeeded
        return answer


@overload
async def together(first: Awaitable[A], second: Awaitable[B], /) -> tuple[A, B]: ...
@overload
async def together(first: Awaitable[A], second: Awaitable[B], third: Awaitable[C], /) -> tuple[A, B, C]: ...
@overload
async def together(
    first: Awaitable[A], second: Awaitable[B], third: Awaitable[C], fourth: Awaitable[D], /
) -> tuple[A, B, C, D]: ...
@overload
async def together(
    first: Awaitable[A], second: Awaitable[B], third: Awaitable[C], fourth: Awaitable[D], fifth: Awaitable[E], /
) -> tuple[A, B, C, D, E]: ...
@overload
async def together(*asked: Awaitable[A]) -> tuple[A, ...]: ...
async def together(*asked: Awaitable[Any]) -> tuple[Any, ...]:
    """Returns the answers to calls that do not need each other's, which are made at once. Raises the first error.

    All of them have ended then: none goes on after its page.
    """
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException):
            raise answer
    return tuple(answers)


async def _run(api: ASGIApp, scope: dict[str, Any], content: bytes) -> ApiAnswer:
    status = 500
    given: dict[str, str] = {}
    parts: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": content, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            given.update({name.decode(): value.decode() for name, value in message["headers"]})
        else:
            parts.append(message.get("body", b""))

    await api(scope, receive, send)
    said, kind = b"".join(parts), given.get("content-type", "").partition(";")[0]
    is_file = bool(said) and kind != "application/json" and not kind.endswith("+json")
    names = KEPT_HEADERS + FILE_HEADERS if is_file else KEPT_HEADERS
    kept = {name: given[name] for name in names if name in given}
    found: dict[str, Any] = {} if is_file else json.loads(said or b"{}")
    found = found if status < 400 else in_page_words(found)
    return ApiAnswer(status, found, kept, given.get("etag", ""), said if is_file else None)
