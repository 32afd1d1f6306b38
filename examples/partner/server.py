"""Serves the webhook and the pages over HTTP: on loopback only, with bounds on bytes, time and concurrent events."""

import io
import json
import re
import socket
import sys
import threading
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from examples.partner.pages import pages
from examples.partner.platform import SEGMENT, Platform
from examples.partner.timed_reader import TimedReader
from examples.partner.webhook import Answer, Webhook

MAX_EVENT_BYTES = 32 * 1024
MAX_DRAINED_BYTES = 1024 * 1024
REQUEST_SECONDS = 10.0
MAX_CONCURRENT_EVENTS = 32
STOP_SECONDS = 5
PLUGIN = Path(__file__).with_name("plugin.js")
_FOR_EVERY_SITE = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
"""The headers of a script that other sites load."""


class ExamplePartner:
    """An example partner that runs within a `with` block. Raises OSError when the port is taken.

    A request that does not arrive within `request_seconds` is cut off. An event that comes while
    `max_concurrent_events` others are being processed is answered with 503.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        app_name: str = "Acme Insights",
        api_key: str = "acme-key",
        platform: Platform = SEGMENT,
        request_seconds: float = REQUEST_SECONDS,
        max_concurrent_events: int = MAX_CONCURRENT_EVENTS,
    ) -> None:
        webhook = Webhook(api_key, platform.settings_header)
        shown = pages(app_name, platform)
        self._server = _Server(port, webhook, shown, request_seconds, max_concurrent_events)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        """Returns the address, without a trailing slash."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "ExamplePartner":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(STOP_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int, webhook: Webhook, shown: dict[str, str], request_seconds: float, max_concurrent_events: int
    ) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.webhook = webhook
        self.all_pages = shown
        self.pages = dict(shown)
        self.request_seconds = request_seconds
        self.free = threading.BoundedSemaphore(max_concurrent_events)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Reports a failure, unless the other side merely hung up or was cut off."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    server_version = "ExamplePartner"
    sys_version = ""
    error_content_type = "application/json"
    error_message_format = '{"message": "This request cannot be understood."}\n'
    disable_nagle_algorithm = True
    wbufsize = -1

    def setup(self) -> None:
        super().setup()
        self._reader = TimedReader(self.connection, self.server.request_seconds)
        self.rfile = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        self._reader.restart()
        super().handle_one_request()

    def do_GET(self) -> None:
        self.close_connection = True
        path = urlsplit(self.path).path
        page = self.server.pages.get(path)
        if page is not None:
            self._answer(HTTPStatus.OK, page.encode(), "text/html; charset=utf-8")
        elif path == "/plugin.js":
            self._answer(HTTPStatus.OK, PLUGIN.read_bytes(), "text/javascript; charset=utf-8", _FOR_EVERY_SITE)
        elif path == "/events":
            self._json(HTTPStatus.OK, self.server.webhook.events())
        else:
            self._json(HTTPStatus.NOT_FOUND, {"message": "There is no such page. See /docs, /partners, /events."})

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        """Takes a page away until it is put back, as happens to real pages."""
        self._show(is_there=False)

    def do_PUT(self) -> None:
        """Puts a page back that was taken away."""
        self._show(is_there=True)

    def _show(self, *, is_there: bool) -> None:
        self.close_connection = True
        path = urlsplit(self.path).path
        page = self.server.all_pages.get(path)
        if page is None:
            self._json(HTTPStatus.NOT_IMPLEMENTED, {"message": "Only a page can be taken away and put back."})
            return
        if is_there:
            self.server.pages[path] = page
        else:
            self.server.pages.pop(path, None)
        self._json(HTTPStatus.OK, {"is_there": is_there})

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if urlsplit(self.path).path != "/webhook":
            self._refuse(HTTPStatus.NOT_FOUND, "Events go to /webhook.")
        elif "Transfer-Encoding" in self.headers or not re.fullmatch("[0-9]{1,18}", length):
            self._refuse(HTTPStatus.BAD_REQUEST, "An event must be sent with a Content-Length.")
        elif int(length) > MAX_EVENT_BYTES:
            self._refuse(HTTPStatus.BAD_REQUEST, f"An event has at most {MAX_EVENT_BYTES} bytes.")
        elif not self.server.free.acquire(blocking=False):
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many events at once. Send this one again later.")
        else:
            try:
                self._receive(int(length))
            finally:
                self.server.free.release()

    def _receive(self, length: int) -> None:
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return
        headers = self.headers
        settings = headers.get(self.server.webhook.settings_header)
        answer = self.server.webhook.receive(headers.get("Authorization"), settings, body)
        self._say(answer)

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """Answers without having read the body, then discards the rest of it.

        Closing a connection with unread bytes resets it, and the answer may be lost.
        """
        self.close_connection = True
        self._say(Answer(status, message))
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_WR)
        left = MAX_DRAINED_BYTES
        while left > 0 and (dropped := self.rfile.read1(left)):
            left -= len(dropped)

    def _say(self, answer: Answer) -> None:
        self._json(answer.status, {"message": answer.message})

    def _json(self, status: HTTPStatus, body: object) -> None:
        self._answer(status, json.dumps(body).encode(), "application/json")

    def _answer(
        self, status: HTTPStatus, body: bytes, content_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if status == HTTPStatus.UNAUTHORIZED:
            self.send_header("WWW-Authenticate", 'Basic realm="the API key is the user name"')
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Logs nothing."""
