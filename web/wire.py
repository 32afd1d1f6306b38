"""Bounds on connections: the size and time of a head, the time of an answer, and the number of connections.

uvicorn by itself waits forever for a head and for a client to read its answer, buffers a head and trailers of any size,
treats trailers as headers, takes 64 KiB of a body before anybody asks for it, loses the body and all that follows of a
request that offers to upgrade, and resets a connection whose client is still sending, so that the client cannot read
why.
"""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

import httptools
from fastapi.responses import Response
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from web.bodies import UNASKED_BYTES
from web.bounds import MAX_HEAD_BYTES
from web.calls import log_refused
from web.headers import is_one_of, network_of
from web.problems import problem
from web.tracing import REQUEST_ID

MAX_DRAINED_BYTES = 128 * 1024 * 1024
"""How much a client may go on sending after its answer. It is read and dropped."""
FRAMES_PER_BYTE = 16
"""How many bytes of chunk sizes may come with a byte of a body, besides as many as a head may have. A chunk of one byte
needs five."""

_HOST = re.compile(rb"(?:[!$&'()*+,;=.~\w%-]*|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{0,5})?", re.ASCII)
"""What a Host may be: a name, an address, and a port (RFC 9110, 7.2). It may be empty."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits.

    A head that is not complete `head_seconds` after the connection or the request began is answered with 408, one that
    exceeds `head_bytes` with 431, and one that is malformed or ambiguous with 400. So is a body whose chunks are
    malformed, or have more around them than FRAMES_PER_BYTE allows. Then the connection closes; a request that is
    already being handled on it is answered first. Trailers are dropped, and offers to upgrade are ignored.

    A client that reads nothing of its answer for `answer_seconds` is disconnected, and so is one that does not read
    the rest when the connection closes. Connections beyond `max_connections` are answered with 503 at once, and those
    beyond `max_of_address` from one address (IPv6: one /64) with 429; the networks in `exempt` may have more.

    A connection that is closed while its client is sending is half-closed first: what still comes is dropped, up to
    128 MiB and `answer_seconds`, so that the client can read the answer. A process that stops answers each connection
    once more with `Connection: close`, and closes one that asks nothing within `farewell_seconds`.
    """

    head_seconds = 10.0
    head_bytes = 2 * MAX_HEAD_BYTES
    answer_seconds = 30.0
    farewell_seconds = 2.0
    max_connections = 512
    max_of_address = 64
    exempt: tuple[str, ...] = ()
    of_address: ClassVar[Counter[str]] = Counter()
    """The open connections of each address in this process."""
    _address: str | None = None
    _timer: asyncio.TimerHandle | None = None
    _cut: asyncio.TimerHandle | None = None
    _farewell: asyncio.TimerHandle | None = None
    _in_head = False
    _in_body = False
    _is_resuming = False
    _is_refused = False
    _running: RequestResponseCycle | None = None
    _read = 0
    _content = 0
    _drained = 0

    @classmethod
    def limited(cls, *, max_of_address: int, exempt: Sequence[str]) -> type["BoundedHttpProtocol"]:
        """Returns the protocol with this bound on the connections of one address, and the networks it excepts."""
        return type(cls.__name__, (cls,), {"max_of_address": max_of_address, "exempt": tuple(exempt)})

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(_Closing(transport, self))  # type: ignore[arg-type]
        if self.client is not None and not is_one_of(self.client[0], self.exempt):
            self._address = network_of(self.client[0])
            self.of_address[self._address] += 1
        if len(self.connections) > self.max_connections:
            self._refuse(problem(503, "connections.too_many", "Too many connections.", "Try again in a moment."))
        elif self._address is not None and self.of_address[self._address] > self.max_of_address:
            detail = f"This address has more than {self.max_of_address} connections open."
            answer = problem(
                429, "connections.too_many", detail, "Use those that are open, and close what is not used."
            )
            answer.headers["Retry-After"] = "5"
            self._refuse(answer)
        else:
            self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_over()
        self._stop_cutting()
        if self._farewell is not None:
            self._farewell.cancel()
        if self._address is not None:
            self.of_address[self._address] -= 1
            if self.of_address[self._address] <= 0:
                del self.of_address[self._address]
            self._address = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing() or self._is_refused:
            self._drain(len(data))
            return
        self._unset_keepalive_if_required()
        self._parse(data)
        if not self._in_head and not self._in_body and not self._is_answering():
            self._expect_head()
        if self._in_head:
            self._read += len(data)
            if self._read > self.head_bytes:
                self._refuse(problem(431, "headers.too_large", "The head is too large.", "Send shorter headers."))
        elif self._in_body:
            self._read += len(data)
            if self._read - self._content > self.head_bytes + FRAMES_PER_BYTE * self._content:
                detail = "The body has too much around its content, in trailers or in what follows the sizes of chunks."
                self._refuse(problem(400, "body.unreadable", detail, "Send the body with a Content-Length."))

    def on_message_begin(self) -> None:
        if not self._is_resuming:
            super().on_message_begin()
            self._expect_head()

    def on_url(self, url: bytes) -> None:
        if not self._is_resuming:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if self._is_resuming:
            return
        self._refuse_ambiguity()
        self._head_is_over()
        super().on_headers_complete()
        self._in_body, self._read, self._content = True, 0, 0
        if self._farewell is not None:
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    def on_body(self, body: bytes) -> None:
        self._content += len(body)
        super().on_body(body)
        if len(self.cycle.body) > UNASKED_BYTES:
            self.flow.pause_reading()  # until the application asks for more

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade() and self._has_body():
            return  # it has not been read: see `_parse`
        self._in_body = False
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cut_later()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._stop_cutting()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_later()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._cut_later()

    def send_400_response(self, msg: str) -> None:
        if self._in_body:
            detail = "The chunks of the body cannot be read."
            self._refuse(problem(400, "body.unreadable", detail, "Send the body with a Content-Length."))
        else:
            self._refuse(problem(400, "request.unreadable", msg, "Send HTTP/1.1."))

    def shutdown(self) -> None:
        if self._is_answering() and not self.cycle.response_started:
            super().shutdown()
        elif not self.transport.is_closing():
            self._farewell = self.loop.call_later(self.farewell_seconds, super().shutdown)
        elif self._cut is not None:
            self._cut.cancel()
            self._cut = self.loop.call_later(self.farewell_seconds, self.transport.abort)

    def close_gently(self, transport: asyncio.Transport) -> None:
        """Closes the connection, at once if its client is not sending, and otherwise after it could read its answer."""
        if self._in_body or self._in_head:
            if transport.can_write_eof():
                transport.write_eof()
            self.flow.resume_reading()
        else:
            transport.close()
        self._cut_later()

    def _parse(self, data: bytes) -> None:
        """Parses what was received. Reads on in HTTP/1.1 where the parser stops at an offer to upgrade."""
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserError:
                self.send_400_response("Invalid HTTP request received.")
            except httptools.HttpParserUpgrade as offer:
                data = data[offer.args[0] :]
                self._resume()
                continue
            return

    def _resume(self) -> None:
        """Replaces the parser by one that expects the body of the present request, or the next request."""
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        if self._in_body:
            framing = b"".join(b"%b: %b\r\n" % header for header in self.headers if header[0] in _FRAMING)
            self._is_resuming = True
            self.parser.feed_data(b"POST / HTTP/1.1\r\n" + framing + b"\r\n")
            self._is_resuming = False

    def _has_body(self) -> bool:
        return any(name in _FRAMING and value.strip(b"0") for name, value in self.headers)

    def _drain(self, size: int) -> None:
        self._drained += size
        if self._drained > MAX_DRAINED_BYTES:
            self.transport.abort()

    def _refuse_ambiguity(self) -> None:
        """Raises _AmbiguousError for a head that a proxy might have read as a different request."""
        version = self.parser.get_http_version()
        hosts = [value for name, value in self.headers if name == b"host"]
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if version not in ("1.0", "1.1") or len(hosts) > 1 or (version == "1.1" and not hosts):
            raise _AmbiguousError
        if codings not in ([], [b"chunked"]) or (codings and version == "1.0"):
            raise _AmbiguousError
        if not all(_HOST.fullmatch(host) for host in hosts):
            raise _AmbiguousError

    def _cut_later(self) -> None:
        if self._cut is None:
            self._cut = self.loop.call_later(self.answer_seconds, self.transport.abort)

    def _stop_cutting(self) -> None:
        if self._cut is not None:
            self._cut.cancel()
            self._cut = None

    def _expect_head(self) -> None:
        if not self._in_head:
            self._in_head, self._read = True, 0
            self._timer = self.loop.call_later(self.head_seconds, self._give_up)

    def _head_is_over(self) -> None:
        self._in_head = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _give_up(self) -> None:
        if self._is_answering():
            self._timer = self.loop.call_later(self.head_seconds, self._give_up)
            return
        self._refuse(problem(408, "head.slow", "The request's head took too long.", "Send it faster."))

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _refuse(self, answer: Response) -> None:
        """Answers what cannot be read, after the requests before it, and closes the connection."""
        if self.transport.is_closing() or self._is_refused:
            return
        if self._in_body and self.pipeline:
            self.pipeline.popleft()  # the request that is refused, which waits for those before it
            self._in_body = False
        last = self.pipeline[0][0] if self.pipeline else self._running
        if last is not None and not last.response_complete and not (self._in_body and not last.response_started):
            last.keep_alive = False
            self._is_refused = True
            self._head_is_over()
        else:
            self._head_is_over()
            self._write(answer)
        self._in_head = True  # whatever the client sends now belongs to a head that is not read

    def _write(self, answer: Response) -> None:
        headers = b"".join(
            name + b": " + value + b"\r\n" for name, value in answer.raw_headers if name.lower() != b"connection"
        )
        headers += (
            REQUEST_ID + b": " + log_refused(answer.status_code, json.loads(bytes(answer.body))["code"]) + b"\r\n"
        )
        status = f"HTTP/1.1 {answer.status_code} Refused\r\nconnection: close\r\n".encode()
        self.transport.write(status + headers + b"\r\n" + bytes(answer.body))
        if self._in_body:  # nobody needs to wait for the rest
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self._in_head = True
        self.transport.close()


_FRAMING = (b"content-length", b"transfer-encoding")


class _Closing:
    """A transport whose `close` lets a client that is still sending read its answer first."""

    def __init__(self, transport: asyncio.Transport, protocol: BoundedHttpProtocol) -> None:
        self._transport = transport
        self._protocol = protocol
        self._is_closing = False
        self.write = transport.write

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Returns whether the connection is closed or about to be: nothing more is read from it or written to it."""
        return self._is_closing or self._transport.is_closing()

    def close(self) -> None:
        """Closes the connection once, gently."""
        if not self.is_closing():
            self._is_closing = True
            self._protocol.close_gently(self._transport)


class _AmbiguousError(Exception):
    """The head can be read in more than one way. The parser reports it as a malformed request."""
