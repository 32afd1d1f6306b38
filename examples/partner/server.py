"""The HTTP server around the webhook and the pages: loopback only, bounded, standard library only."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from examples.partner.pages import pages
from examples.partner.webhook import Webhook

EVENT_BYTES = 32 * 1024
SECONDS = 10


class ExamplePartner:
    """A running example partner: start and stop it with `with`. Raises OSError when the port is taken."""

    def __init__(self, port: int = 0, *, app_name: str = "Acme Insights", api_key: str = "acme-key") -> None:
        self.webhook = Webhook(api_key)
        self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self.webhook, pages(app_name)))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> "ExamplePartner":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(SECONDS)


def _handler(webhook: Webhook, shown: dict[str, str]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = SECONDS
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            page = shown.get(self.path)
            if page is not None:
                self._answer(200, page.encode(), "text/html; charset=utf-8")
            elif self.path == "/events":
                self._json(200, webhook.events)
            else:
                self._json(404, {"message": f"there is no page {self.path}"})

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if self.path != "/webhook":
                self.close_connection = True
                self._json(404, {"message": "events go to /webhook"})
            elif not length.isdigit() or int(length) > EVENT_BYTES:
                self.close_connection = True
                self._json(400, {"message": f"an event has at most {EVENT_BYTES} bytes and a Content-Length"})
            else:
                body = self.rfile.read(int(length))
                headers = self.headers
                self._json(*webhook.receive(headers.get("Authorization"), headers.get("X-Segment-Settings"), body))

        def log_message(self, *_: Any) -> None:
            """Says nothing: the caller prints what matters."""

        def _json(self, status: int, body: object) -> None:
            self._answer(status, json.dumps(body).encode(), "application/json")

        def _answer(self, status: int, body: bytes, content_type: str) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
