"""Bodies of unknown senders, bodies beyond the budget and beyond their bound: each is answered, and costs no memory."""

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from tests.api.running import Service, service_on
from tests.databases import TestDatabase
from web.bodies import MIB, UNASKED_BYTES, BodyBudget

Answer = tuple[int, dict[str, str], dict[str, object]]
UPLOAD = "POST /v1/apps/acme-bodies/assets?kind=logo"


@contextmanager
def _client(service: Service) -> Iterator[socket.socket]:
    address = urlsplit(service.url)
    with closing(socket.create_connection((address.hostname, address.port), timeout=20)) as client:
        yield client


def _head(call: str, token: str | None, *lines: str) -> bytes:
    known = [f"Authorization: Bearer {token}"] if token else []
    return "\r\n".join([f"{call} HTTP/1.1", "Host: x", *known, *lines, "", ""]).encode()


def _answer(client: socket.socket) -> Answer:
    """Returns the answer, which ends with the connection: what was sent after it did not reset it."""
    got = b""
    while part := client.recv(65536):
        got += part
    head, _, body = got.partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(status.split()[1]), headers, json.loads(body)


@pytest.mark.parametrize("length", ["Content-Length: 5000000", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("token", [None, "dc_partner_made_up"])
@pytest.mark.parametrize("expect", [[], ["Expect: 100-continue"]])
def test_a_sender_who_is_not_known_is_answered_before_the_body_is_sent(
    shared_service: Service, length: str, token: str | None, expect: list[str]
) -> None:
    with _client(shared_service) as client:
        client.sendall(_head(UPLOAD, token, length, *expect))
        assert client.recv(12) == b"HTTP/1.1 401"


def test_a_known_sender_is_told_to_continue(shared_service: Service) -> None:
    with _client(shared_service) as client:
        client.sendall(_head(UPLOAD, shared_service.partner.token, "Content-Length: 5000000", "Expect: 100-continue"))
        assert client.recv(12) == b"HTTP/1.1 100"


@pytest.mark.parametrize("call", ["POST /v1/nothing", "POST /v1/catalog"])
def test_a_body_that_no_route_takes_is_answered_before_it_is_sent(shared_service: Service, call: str) -> None:
    with _client(shared_service) as client:
        client.sendall(_head(call, None, "Transfer-Encoding: chunked", "Content-Type: application/json"))
        status, headers, _ = _answer(client)
    assert status in (404, 405)
    assert headers["connection"] == "close"


def test_a_body_without_a_token_is_smaller_than_one_with_it(shared_service: Service) -> None:
    large = b'{"company_name": "' + b"x" * 200_000 + b'"}'
    head = _head("POST /v1/access-requests", None, f"Content-Length: {len(large)}", "Content-Type: application/json")
    with _client(shared_service) as client:
        client.sendall(head + large)
        assert _answer(client)[0] == 413


def test_bodies_of_made_up_tokens_cost_no_memory(shared_service: Service) -> None:
    process = _process_of(shared_service)
    before = process.memory_info().rss
    with ExitStack() as stack:
        clients = [stack.enter_context(_client(shared_service)) for _ in range(60)]
        for number, client in enumerate(clients):
            client.settimeout(2)
            client.sendall(_head(UPLOAD, f"dc_partner_{number}", "Content-Length: 5000000"))
        for client in clients:
            client.sendall(b"x" * 1_000_000)
        assert {client.recv(12) for client in clients} == {b"HTTP/1.1 401"}
        assert process.memory_info().rss - before < 20 * MIB


@pytest.mark.parametrize("size", [2 * MIB, 6 * MIB, 40 * MIB])
@pytest.mark.parametrize("declared", [True, False], ids=["declared", "chunked"])
def test_a_client_that_sends_too_much_can_read_why(shared_service: Service, size: int, declared: bool) -> None:
    with _client(shared_service) as client:
        length = f"Content-Length: {size}" if declared else "Transfer-Encoding: chunked"
        client.sendall(_head("POST /v1/apps", shared_service.partner.token, length, "Content-Type: application/json"))
        part = b"x" * 0x10000
        for _ in range(size // len(part)):
            client.sendall(part if declared else b"10000\r\n" + part + b"\r\n")
        client.shutdown(socket.SHUT_WR)
        status, headers, problem = _answer(client)
    assert (status, problem["code"], headers["connection"]) == (413, "body.too_large", "close")


@pytest.fixture
def small_budget(database: TestDatabase, valkey_url: str, tmp_path: Path) -> Iterator[Service]:
    """An API whose budget for bodies is 20 MiB, so one sender has 5 MiB."""
    with service_on(database, valkey_url, tmp_path, DEVCENTER_BODY_BUDGET_MIB="20") as made:
        yield made


def test_a_body_beyond_the_budget_is_refused_for_now_and_later_taken(small_budget: Service) -> None:
    large = b'["' + b"x" * 1_000_000 + b'"]'
    head = _head(
        "POST /v1/transition-requests",
        small_budget.service.token,
        f"Content-Length: {len(large)}",
        "Content-Type: application/json",
    )
    with ExitStack() as stack:
        clients = [stack.enter_context(_client(small_budget)) for _ in range(8)]
        for client in clients:
            client.sendall(head + large[:-1])
        refused = _first_answer(clients)
        assert (refused[0], refused[2]["code"]) == (503, "bodies.too_many")
        assert int(refused[1]["retry-after"]) > 0
        assert small_budget.partner("GET", "/v1/apps").status_code == 200
        assert small_budget.partner("POST", "/v1/apps", {"slug": "small-body", "name": "Small"}).status_code == 201
    answer = small_budget.service("POST", "/v1/transition-requests", large, Content_Type="application/json")
    assert answer.status_code == 200, "room again"


def test_one_sender_cannot_take_the_whole_budget() -> None:
    budget = BodyBudget(total=100)
    assert budget.take("a", 25)
    assert not budget.take("a", 1)
    assert all(budget.take(name, 25) for name in ("b", "c", "d"))
    assert not budget.take("e", 1)
    budget.give_back("a", 25)
    assert budget.take("e", 1)


def test_what_is_taken_from_anybody_is_a_few_kib() -> None:
    assert UNASKED_BYTES <= 8 * 1024


def _first_answer(clients: list[socket.socket]) -> Answer:
    deadline = time.monotonic() + 20
    for client in clients:
        client.setblocking(False)
    while time.monotonic() < deadline:
        for client in clients:
            try:
                client.recv(1, socket.MSG_PEEK)
            except BlockingIOError:
                continue
            client.settimeout(20)
            return _answer(client)
    raise AssertionError("nobody was answered")


def _process_of(service: Service) -> psutil.Process:
    port = urlsplit(service.url).port
    for process in psutil.Process().children(recursive=True):
        if any(one.laddr.port == port and one.status == psutil.CONN_LISTEN for one in process.net_connections("tcp")):
            return process
    raise AssertionError("no process listens")
