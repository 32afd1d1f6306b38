"""Bounds on connections: the size and time of a head, the time of an answer, and the number of connections.

uvicorn by itself waits forever for a head and for a client to read its answer, buffers a head of any size, and treats
trailers as headers.
"""

import asyncio

from fastapi.responses import JSONResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.bounds import MAX_HEAD_BYTES
from web.problems import problem


class BoundedHttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol, with limits.

    A head that is not complete `head_seconds` after the connection or the request began is answered with 408, one that
    exceeds `head_bytes` with 431, and one that is malformed or ambiguous with 400. Then the connection closes; a
    request that is already being handled on it is answered first. Trailers are dropped.

    A client that reads nothing of its answer for `answer_seconds` is disconnected, and so is one that does not read
    the rest when the connection closes. Connections beyond `max_connections` are answered with 503 at once.
    """

    head_seconds = 10.0
    head_bytes = 2 * MAX_HEAD_BYTES
    answer_seconds = 30.0
    max_connections = 512
    _timer: asyncio.TimerHandle | None = None
    _cut: asyncio.TimerHandle | None = None
    _in_head = False
    _in_body = False
    _read = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.max_connections:
            self._refuse(problem(503, "connections.too_many", "Too many connections.", "Try again in a moment."))
            return
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_over()
        self._stop_cutting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if not self._in_head and not self._in_body and not self._is_answering():
            self._expect_head()
        if self._in_head:
            self._read += len(data)
            if self._read > self.head_bytes:
                self._refuse(problem(431, "headers.too_large", "The head is too large.", "Send shorter headers."))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._expect_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_body:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._refuse_ambiguity()
        self._head_is_over()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
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
        self._refuse(problem(400, "request.unreadable", msg, "Send HTTP/1.1."))

    def _refuse_ambiguity(self) -> None:
        """Raises _AmbiguousError for a head that a proxy might have read as a different request."""
        version = self.parser.get_http_version()
        hosts = sum(1 for name, _ in self.headers if name == b"host")
        codings = [value.lower() for name, value in self.headers if name == b"transfer-encoding"]
        if version not in ("1.0", "1.1") or hosts > 1 or (version == "1.1" and not hosts):
            raise _AmbiguousError
        if codings not in ([], [b"chunked"]):
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

    def _refuse(self, answer: JSONResponse) -> None:
        self._head_is_over()
        if self.transport.is_closing():
            return
        headers = b"".join(
            name + b": " + value + b"\r\n" for name, value in answer.raw_headers if name.lower() != b"connection"
        )
        if not self._is_answering():
            status = f"HTTP/1.1 {answer.status_code} Refused\r\nconnection: close\r\n".encode()
            self.transport.write(status + headers + b"\r\n" + bytes(answer.body))
        self.transport.close()
        self._cut_later()


class _AmbiguousError(Exception):
    """The head can be read in more than one way. The parser reports it as a malformed request."""
