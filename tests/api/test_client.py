"""The client for internal services, and every example of its README, against a live service."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from examples.client.devcenter_client import Ask, Client, NotAnswered, Problem, Use
from tests.api.running import Service
from tests.journeys import apps_in_public_beta, judge

FOLDER = Path(__file__).parents[2] / "examples" / "client"


@pytest.fixture
def client(shared_service: Service) -> Iterator[Client]:
    token = shared_service.service.token
    assert token is not None
    with Client(shared_service.url, token) as made:
        yield made


def test_the_readme_does_what_it_says(shared_service: Service) -> None:
    apps_in_public_beta(shared_service.engine, shared_service.people, ["acme"])
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(0.05):
            judge(shared_service.engine)

    worker = threading.Thread(target=work)
    worker.start()
    program = "\n".join(re.findall(r"```python\n(.*?)```", (FOLDER / "README.md").read_text(), re.DOTALL))
    env = {"DEVCENTER_URL": shared_service.url, "DEVCENTER_TOKEN": str(shared_service.service.token)}
    run = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, **env},
        cwd=FOLDER,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    stop.set()
    worker.join()
    assert run.stderr == ""
    said = run.stdout.splitlines()
    assert said[0] == "[True, True, True, 'app.not_found']"
    assert [line.split(" since")[0] for line in said[1:3]] == ["workspace-1 True Enabled", "workspace-2 True Enabled"]
    assert said[3:] == ["refused ['customers.onboarded']", "404 app.not_found", "True"]


def test_more_than_a_thousand_are_sent_in_parts(shared_service: Service, client: Client) -> None:
    apps_in_public_beta(shared_service.engine, shared_service.people, ["many"])
    answers = client.report([Use("many", f"workspace-{number}") for number in range(1100)])
    assert [answer.changed for answer in answers] == [True] * 1100
    assert sum(one.counts for one in client.customers("many")) == 1100
    asks = [Ask("many", "promote", key=f"k-{number % 2}") for number in range(1100)]
    assert len({answer.id for answer in client.ask_many(asks)}) == 2


def test_a_problem_is_an_exception_with_its_code(client: Client) -> None:
    with pytest.raises(Problem, match="no App no-such-app") as raised:
        client.ask(Ask("no-such-app", "promote"))
    assert (raised.value.status, raised.value.code) == (404, "app.not_found")
    assert raised.value.remedy


class _Busy(BaseHTTPRequestHandler):
    """Answers 503 twice, and then normally. Keeps the idempotency keys that it was sent."""

    keys: ClassVar[list[str | None]] = []
    busy_for: ClassVar[int] = 2

    def do_POST(self) -> None:
        self.keys.append(self.headers["Idempotency-Key"])
        self.rfile.read(int(self.headers["Content-Length"]))
        busy = len(self.keys) <= self.busy_for
        body = b"{}" if busy else b'{"id": "1", "app": "a", "trigger": "promote", "status": "due", "unmet": []}'
        self.send_response(503 if busy else 202)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def test_a_call_to_a_busy_service_is_retried_with_the_same_key_and_then_given_up() -> None:
    with HTTPServer(("127.0.0.1", 0), _Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        with Client(url, "token") as client:
            assert client.ask(Ask("a", "promote", key="mine")).due
        assert _Busy.keys == ["mine"] * 3
        _Busy.busy_for = 100
        with Client(url, "token", attempts=2) as client, pytest.raises(NotAnswered, match="2 times"):
            client.ask(Ask("a", "promote", key="mine"))
        server.shutdown()
