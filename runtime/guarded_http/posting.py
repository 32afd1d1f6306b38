"""One exchange of a POST over a connected socket: sends the request, reads the head and a bounded part of the body."""

import socket
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from http.client import (
    BadStatusLine,
    HTTPConnection,
    HTTPException,
    HTTPResponse,
    RemoteDisconnected,
    UnknownProtocol,
)
from typing import Final, cast

from runtime.guarded_http.answer import Answer
from runtime.guarded_http.refusal import FetchRefused
from runtime.guarded_http.target import Target
from runtime.guarded_http.wire import AllowanceError, BoundedSocket

MAX_ANSWER_BYTES: Final = 4 * 1024
"""How much of an answer's body is read."""
MAX_HEADER_BYTES: Final = 16 * 1024
_FRAMING_BYTES: Final = 64 * 1024  # sizes of chunks, and trailers


def exchange(
    connected: socket.socket,
    bounded: BoundedSocket,
    target: Target,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str = "POST",
) -> Answer:
    """Sends `body` with exactly `headers`, in their order, and Host and Content-Length. Returns the answer.

    Raises FetchRefused, and the errors of sockets and of http.client, until the head of the answer has been read.
    """
    connection = HTTPConnection(target.host, target.port)
    connection.auto_open = 0  # it must never look up or connect by itself
    connection.sock = cast("socket.socket", bounded)
    began = time.monotonic()
    connection.putrequest(method, target.path, skip_host=True, skip_accept_encoding=True)
    connection.putheader("Host", target.authority)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    response = read_head_of(connection, target, MAX_HEADER_BYTES)
    seconds = time.monotonic() - began
    text, is_cut, problem = _read_body(response, bounded)
    tls = connected if isinstance(connected, ssl.SSLSocket) else None
    return Answer(
        status=response.status,
        content_type=response.headers.get("Content-Type", ""),
        location=response.headers["Location"],
        body=text,
        is_cut=is_cut,
        body_problem=problem,
        seconds=seconds,
        tls_version=tls.version() if tls else None,
        certificate_ends=_end_of_certificate(tls) if tls else None,
    )


def read_head_of(connection: HTTPConnection, target: Target, header_bytes: int) -> HTTPResponse:
    """Returns the answer with its status and headers read. Raises FetchRefused, and the errors of http.client."""
    try:
        response = connection.getresponse()
    except AllowanceError:
        detail = f"The response headers exceed {header_bytes} bytes."
        raise FetchRefused("headers.too_large", detail, target.url) from None
    except (RemoteDisconnected, BadStatusLine, UnknownProtocol):
        raise
    except HTTPException as error:  # one line too long, or too many of them
        raise FetchRefused("headers.too_large", f"The response headers exceed: {error}.", target.url) from None
    if response.status < 200:
        raise FetchRefused("response.malformed", f"The answer ends with status {response.status}.", target.url)
    return response


def _read_body(response: HTTPResponse, bounded: BoundedSocket) -> tuple[bytes, bool, str | None]:
    """Returns what is read of the body, whether there is more, and the code of what kept it from being read."""
    encoded = response.headers.get("Content-Encoding", "identity").strip().lower() != "identity"
    transfer = response.headers.get_all("Transfer-Encoding", [])
    if encoded or (transfer and not response.chunked):
        return b"", False, "encoding.not_allowed"
    bounded.allow(MAX_ANSWER_BYTES + _FRAMING_BYTES)
    read = b""
    try:
        while len(read) <= MAX_ANSWER_BYTES:
            piece = response.read1(MAX_ANSWER_BYTES + 1 - len(read))
            if not piece:
                break
            read += piece
    except AllowanceError:
        return read[:MAX_ANSWER_BYTES], True, None
    except TimeoutError:
        return read[:MAX_ANSWER_BYTES], False, "time.exceeded"
    except OSError:
        return read[:MAX_ANSWER_BYTES], False, "connection.failed"
    except (HTTPException, ValueError):
        return read[:MAX_ANSWER_BYTES], False, "response.malformed"
    is_cut = len(read) > MAX_ANSWER_BYTES
    is_short = not is_cut and bool(response.length)
    return read[:MAX_ANSWER_BYTES], is_cut, "connection.failed" if is_short else None


def _end_of_certificate(tls: ssl.SSLSocket) -> datetime | None:
    ends = (tls.getpeercert() or {}).get("notAfter")
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None
