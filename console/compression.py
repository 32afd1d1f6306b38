"""Compressing what browsers are sent: shared files once and for all, and pages where no other site asks for them.

Whoever makes a browser ask for a page, chooses what the page repeats, and sees how long the encrypted answer is, could
find out a secret on it (BREACH). So a page is compressed only if one of our own pages asked for it, or the person did.
"""

import gzip
import io
import secrets
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LEAST_BYTES: Final = 1000
"""A shorter page is sent as it is: it would fill one packet either way."""
MOST_PADDING: Final = 100
"""How many bytes, at random, a page is longer than it needs to be, so that its length tells less of what it says."""
LEVEL: Final = 5
OWN: Final = frozenset({"same-origin", "none"})
"""What browsers say in Sec-Fetch-Site of a page that one of ours leads to, or that somebody types or has kept."""


def packed(content: bytes) -> bytes:
    """Returns a file that is the same for everybody, as small as gzip makes it."""
    return gzip.compress(content, 9, mtime=0)


def takes_gzip(headers: Headers) -> bool:
    """Returns whether whoever sent the headers can unpack gzip."""
    names = [one.strip().partition(";") for one in headers.get("accept-encoding", "").split(",")]
    return any(name.strip() == "gzip" and rest.replace(" ", "") not in ("q=0", "q=0.0") for name, _, rest in names)


class Compression:
    """Compresses pages that somebody opens from one of ours. The answer to a form, which may hold a secret, is not.

    Nor is an answer whose Cache-Control says `no-transform`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not _may_be(scope):
            await self._app(scope, receive, send)
            return
        started: list[Message] = []
        parts: list[bytes] = []

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                started.append(message)
                return
            parts.append(message.get("body", b""))
            if not message.get("more_body", False):
                body = b"".join(parts)
                if _is_page(started[0], body):
                    body = _padded(body)
                    headers = MutableHeaders(scope=started[0])
                    headers["Content-Encoding"] = "gzip"
                    headers["Content-Length"] = str(len(body))
                    headers.add_vary_header("Accept-Encoding")
                await send(started[0])
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, sending)


def _may_be(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    said = headers.getlist("sec-fetch-site")
    return scope["method"] == "GET" and len(said) == 1 and said[0] in OWN and takes_gzip(headers)


def _is_page(start: Message, body: bytes) -> bool:
    headers = Headers(scope=start)
    is_html = headers.get("content-type", "").startswith("text/html")
    is_free = "no-transform" not in headers.get("cache-control", "") and "content-encoding" not in headers
    return start["status"] == 200 and is_html and is_free and len(body) >= LEAST_BYTES


def _padded(body: bytes) -> bytes:
    """Returns the body packed, with up to MOST_PADDING bytes in the name that gzip has room for."""
    out = io.BytesIO()
    name = "p" * secrets.randbelow(MOST_PADDING + 1)
    with gzip.GzipFile(name, "wb", LEVEL, out, mtime=0) as packing:
        packing.write(body)
    return out.getvalue()
