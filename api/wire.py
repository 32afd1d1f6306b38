"""Bounds on a request's head while it arrives: uvicorn alone would wait for it for ever and keep all of it."""

import asyncio

from fastapi.responses import JSONResponse
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.bounds import HEAD_BYTES
from api.errors import problem


class BoundedHead(HttpToolsProtocol):
    """uvicorn's protocol, with `head_seconds` for a head from the connection's or the request's first moment.

    A head that drips is answered with 408, one that grows over `head_bytes` with 431, one that cannot be read with
    400; then the connection closes. A request under way on the same connection is answered first.
    """

    head_seconds = 10.0
    head_bytes = 2 * HEAD_BYTES
    _timer: asyncio.TimerHandle | None = None
    _in_head = False
    _in_body = False
    _read = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_over()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
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

    def on_headers_complete(self) -> None:
        self._head_is_over()
        self._in_body = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        self._refuse(problem(400, "request.unreadable", msg, "Send HTTP/1.1."))

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
