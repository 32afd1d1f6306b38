"""Heads that arrive too slowly, grow too large or are invalid, and answers that nobody reads: the connection closes."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from runtime.settings import Settings
from tests.waiting import wait_until
from web.bounds import MAX_HEAD_BYTES, Bounds
from web.wire import BoundedHttpProtocol

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n"


class ImpatientHead(BoundedHttpProtocol):
    head_seconds = 0.3
    answer_seconds = 0.3
    farewell_seconds = 0.3
    max_connections = 8


class FewOfAddress(BoundedHttpProtocol):
    max_of_address = 3


class PatientFarewell(BoundedHttpProtocol):
    farewell_seconds = 3.0


LARGE = 64 * 1024 * 1024
"""More bytes than the buffers of sockets hold."""


async def _hello(scope: Scope, _receive: Receive, send: Send) -> None:
    if scope["path"] == "/large":
        length = str(LARGE).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": b"x" * LARGE})
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"5")]})
    await send({"type": "http.response.body", "body": b"hello"})


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """A server of this module's own, with short timeouts."""
    with _serving(ImpatientHead) as server:
        yield _address_of(server)


@contextmanager
def _serving(protocol: type[BoundedHttpProtocol]) -> Iterator[uvicorn.Server]:
    app = Bounds(_hello, body_bytes=1000, body_seconds=0.3)
    config = uvicorn.Config(app, port=0, http=protocol, lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    wait_until(lambda: server.started, seconds=20, what="the server")
    yield server
    server.should_exit = True
    thread.join(20)


def _address_of(server: uvicorn.Server) -> tuple[str, int]:
    return "127.0.0.1", server.servers[0].sockets[0].getsockname()[1]


@contextmanager
def _client(address: tuple[str, int]) -> Iterator[socket.socket]:
    with closing(socket.create_connection(address, timeout=20)) as client:
        yield client


def _until_closed(client: socket.socket) -> bytes:
    got = b""
    while part := client.recv(65536):
        got += part
    return got


def _code(answer: bytes) -> str:
    return str(json.loads(answer.partition(b"\r\n\r\n")[2])["code"])


@pytest.mark.parametrize("sent", [b"", b"\r\n", REQUEST + b"X-Slow: "])
def test_a_head_that_does_not_arrive_in_time_is_refused(address: tuple[str, int], sent: bytes) -> None:
    with _client(address) as client:
        client.sendall(sent)
        answer = _until_closed(client)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert _code(answer) == "head.slow"


def test_a_second_head_on_a_connection_has_no_more_time_than_the_first(address: tuple[str, int]) -> None:
    with _client(address) as client:
        client.sendall(REQUEST + b"\r\n" + REQUEST)
        answer = _until_closed(client)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 408 " in answer


def test_a_head_that_grows_for_ever_is_refused(address: tuple[str, int]) -> None:
    with _client(address) as client:
        client.sendall(REQUEST + b"X-Large: " + b"x" * (2 * MAX_HEAD_BYTES + 1))
        assert client.recv(65536).startswith(b"HTTP/1.1 431 ")


def test_a_whole_head_that_is_too_large_is_refused(address: tuple[str, int]) -> None:
    with _client(address) as client:
        client.sendall(REQUEST + b"X-Large: " + b"x" * MAX_HEAD_BYTES + b"\r\n\r\n")
        answer = _until_closed(client)
    assert answer.startswith(b"HTTP/1.1 431 ")
    assert _code(answer) == "headers.too_large"


def test_bytes_that_are_not_http_are_answered_with_a_problem(address: tuple[str, int]) -> None:
    with _client(address) as client:
        client.sendall(b"hello\r\n\r\n")
        answer = _until_closed(client)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert _code(answer) == "request.unreadable"


@pytest.mark.parametrize(("length", "status"), [(10, b"408"), (1001, b"413")])
def test_a_body_that_drips_or_is_too_large_is_refused_and_its_connection_closes(
    address: tuple[str, int], length: int, status: bytes
) -> None:
    with _client(address) as client:
        client.sendall(REQUEST + b"Content-Length: %d\r\n\r\nx" % length)
        assert _until_closed(client).startswith(b"HTTP/1.1 " + status)


def test_requests_on_one_connection_are_all_answered(address: tuple[str, int]) -> None:
    with _client(address) as client:
        client.sendall((REQUEST + b"\r\n") * 2 + REQUEST + b"Connection: close\r\n\r\n")
        assert _until_closed(client).count(b"hello") == 3


@pytest.mark.parametrize(
    "after",
    [
        b"\x00\x01\r\n\r\n",
        REQUEST + b"Host: y\r\n\r\n",
        REQUEST + b"X-Large: " + b"x" * (2 * MAX_HEAD_BYTES + 1),
        REQUEST + b"Transfer-Encoding: chunked\r\n\r\nx\r\n",
    ],
)
def test_requests_before_one_that_cannot_be_read_are_answered(address: tuple[str, int], after: bytes) -> None:
    with _client(address) as client:
        client.sendall((REQUEST + b"\r\n") * 2 + after)
        answer = _until_closed(client)
    assert answer.count(b"HTTP/1.1 200 ") == 2
    assert answer.count(b"hello") == 2


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n"])
def test_a_client_that_reads_nothing_of_its_answer_is_cut_off(address: tuple[str, int], more: bytes) -> None:
    with _client(address) as client:
        client.sendall(b"GET /large HTTP/1.1\r\nHost: x\r\n" + more + b"\r\n")
        client.recv(1)
        wait_until(lambda: _is_cut_off(client), what="the end of the connection")


def test_a_connection_beyond_the_limit_is_refused_and_open_ones_are_served(address: tuple[str, int]) -> None:
    with ExitStack() as stack:
        standing = [stack.enter_context(_client(address)) for _ in range(ImpatientHead.max_connections)]
        standing[0].sendall(REQUEST + b"\r\n")
        assert standing[0].recv(65536).startswith(b"HTTP/1.1 200 ")
        answer = _until_closed(stack.enter_context(_client(address)))
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert _code(answer) == "connections.too_many"


def _is_cut_off(client: socket.socket) -> bool:
    try:
        client.send(b"x")
    except OSError:
        return True
    return False


def test_a_connection_is_kept_for_longer_than_a_balancer_keeps_it() -> None:
    assert Settings.model_fields["keep_alive_s"].default > 60


def test_connections_of_one_address_are_bounded_and_other_addresses_are_served() -> None:
    with _serving(FewOfAddress) as server, ExitStack() as stack:
        address = _address_of(server)
        standing = [stack.enter_context(_client(address)) for _ in range(FewOfAddress.max_of_address)]
        standing[0].sendall(REQUEST + b"\r\n")
        assert standing[0].recv(65536).startswith(b"HTTP/1.1 200 ")
        answer = _until_closed(stack.enter_context(_client(address)))
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b"retry-after: " in answer
        assert _code(answer) == "connections.too_many"
        other = stack.enter_context(closing(socket.create_connection(address, 20, ("127.0.0.2", 0))))
        other.sendall(REQUEST + b"\r\n")
        assert other.recv(65536).startswith(b"HTTP/1.1 200 ")
        standing.pop().close()
        wait_until(lambda: _is_served(address), seconds=20, what="room for another connection")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        REQUEST,
        REQUEST + b"\r\n",
        REQUEST + b"Connection: close\r\n\r\n",
        REQUEST + b"Content-Length: 20000\r\n\r\n" + b"x" * 10_000,
        b"GET /large HTTP/1.1\r\nHost: x\r\n\r\n",
        b"hello\r\n\r\n",
    ],
)
def test_a_connection_that_its_client_closes_gives_its_place_to_the_next(sent: bytes) -> None:
    with _serving(FewOfAddress) as server:
        for _ in range(10 * FewOfAddress.max_of_address):
            with _client(_address_of(server)) as silent:
                silent.sendall(sent)
            assert _is_served(_address_of(server)), "no more than two of the three places are in use at once"


def test_a_trusted_proxy_may_have_any_number_of_connections() -> None:
    trusting = FewOfAddress.limited(max_of_address=1, exempt=["10.0.0.0/8", "127.0.0.1"])
    with _serving(trusting) as server, ExitStack() as stack:
        for client in [stack.enter_context(_client(_address_of(server))) for _ in range(3)]:
            client.sendall(REQUEST + b"\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_a_server_that_stops_says_so_on_the_last_answer_of_each_connection() -> None:
    with _serving(PatientFarewell) as server, ExitStack() as stack:
        asking, silent = (stack.enter_context(_client(_address_of(server))) for _ in range(2))
        for client in (asking, silent):
            client.sendall(REQUEST + b"\r\n")
            assert b"connection: close" not in client.recv(65536)
        sockets = list(server.servers[0].sockets)
        server.should_exit = True
        wait_until(lambda: all(one.fileno() == -1 for one in sockets), seconds=20, what="the end of listening")
        asking.sendall(REQUEST + b"\r\n")
        answer = _until_closed(asking)
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer
        assert _until_closed(silent) == b""


def _is_served(address: tuple[str, int]) -> bool:
    with _client(address) as client:
        client.sendall(REQUEST + b"\r\n")
        return client.recv(65536).startswith(b"HTTP/1.1 200 ")
