"""Calling the API in process, over ASGI, for the browser that asked for a page."""

import json
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.types import ASGIApp, Message

KEPT_HEADERS = ("retry-after",)
"""The headers of an answer that a page passes on to the browser."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """An answer of the API: its status, its JSON, and the headers that the page passes on."""

    status: int
    content: dict[str, Any]
    headers: dict[str, str]

    @property
    def is_ok(self) -> bool:
        """Whether the API did what was asked."""
        return self.status < 400


@dataclass(frozen=True, slots=True)
class ApiClient:
    """The API's application. Calls come from the browser's address, so the API's limits count each page once."""

    api: ASGIApp

    async def call(
        self, request: Request, method: str, path: str, body: Any = None, *, key: str | None = None
    ) -> ApiAnswer:
        """Returns the answer to a call without a token. No header of the browser's reaches the API.

        `key` is the idempotency key, so that a form which is sent twice is answered alike.
        """
        content = b"" if body is None else json.dumps(body).encode()
        headers = [(b"host", b"console"), (b"content-length", str(len(content)).encode())]
        if body is not None:
            headers.append((b"content-type", b"application/json"))
        if key is not None:
            headers.append((b"idempotency-key", key.encode()))
        scope = {
            **{name: request.scope[name] for name in ("type", "asgi", "http_version", "scheme", "server", "client")},
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": headers,
            "state": {},
        }
        return await _run(self.api, scope, content)


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
    kept = {name: given[name] for name in KEPT_HEADERS if name in given}
    return ApiAnswer(status, json.loads(b"".join(parts) or b"{}"), kept)
