"""How a worker that fetches pages identifies itself to partners' servers."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from runtime.doorbell import counted_doorbell
from runtime.settings import load_settings
from tests.profiles import NORTHWIND
from workers.main import make_context
from workflow.work.bells import Bell


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    agents: list[str]


class _Notes(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.agents.append(self.headers["User-Agent"])
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def server() -> Iterator[_Server]:
    with _Server(("127.0.0.1", 0), _Notes) as made:
        made.agents = []
        thread = threading.Thread(target=made.serve_forever, args=(0.05,))
        thread.start()
        yield made
        made.shutdown()
        thread.join(5)


def test_pages_are_fetched_as_the_profile_says(server: _Server) -> None:
    settings = load_settings(
        database_url="postgresql://nobody@127.0.0.1:1/none",
        redis_url="redis://127.0.0.1:1/0",
        history_key="k" * 32,
        secret_keys="cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        allow_loopback_urls=True,
        profile=NORTHWIND,
    )
    doorbell = counted_doorbell(settings.redis_url, Bell)
    context = make_context(settings, doorbell)
    context.http.fetch(f"http://127.0.0.1:{server.server_port}/")
    assert server.agents == ["northwind-partner-desk (+https://docs.northwind.example/partners/)"]
    doorbell.close()
    context.engine.dispose()
