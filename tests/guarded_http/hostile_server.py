"""A server on loopback that does whatever a hostile partner's server might, over real sockets."""

import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final, Self, TypeAlias

# Gets the connection and an event that tells it to stop. Writes an answer, or something else.
Behaviour: TypeAlias = Callable[[socket.socket, threading.Event], None]

_PAUSE_OF_A_DRIP: Final = 0.02
_METHODS: Final = (b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ")


class HostileServer:
    """Answers each path with its behaviour, and records the requests.

    `heads` has the request heads in the order of their arrival. `open_connections` counts the connections that neither
    side has closed. If a behaviour waits forever, its connection ends when the client closes it or the server stops.
    """

    def __init__(self, behaviours: Mapping[str, Behaviour], *, tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[str] = []
        self.open_connections = 0
        self._behaviours = behaviours
        self._tls = tls
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.port: int = self._listener.getsockname()[1]

    @contextmanager
    def running(self) -> Iterator[Self]:
        """Serves until the block ends, then waits for all of its threads."""
        acceptor = threading.Thread(target=self._accept)
        acceptor.start()
        try:
            yield self
        finally:
            self._stop.set()
            acceptor.join()
            self._listener.close()
            for thread in self._threads:
                thread.join()

    def url(self, path: str, *, host: str = "127.0.0.1") -> str:
        return f"{'https' if self._tls else 'http'}://{host}:{self.port}{path}"

    def behaviour_of(self, head: str, body: bytes) -> Behaviour:  # noqa: ARG002 (for subclasses)
        """Returns what the server does with a request."""
        return self._behaviours[head.split(" ")[1]] if head else page(b"", status="400 Bad Request")

    def _accept(self) -> None:
        while not self._stop.is_set():
            with suppress(TimeoutError):
                connection, _ = self._listener.accept()
                connection.settimeout(10)
                self._count(1)
                thread = threading.Thread(target=self._serve, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            with connection, suppress(OSError):
                if self._tls:
                    connection = self._tls.wrap_socket(connection, server_side=True)
                with connection:
                    head, body = _read_request(connection)
                    self.heads.append(head)
                    self.behaviour_of(head, body)(connection, self._stop)
        finally:
            self._count(-1)

    def _count(self, change: int) -> None:
        with self._lock:
            self.open_connections += change


def answer(*headers: str, status: str = "200 OK", body: bytes = b"") -> Behaviour:
    """Sends this answer and closes the connection."""
    return sends("\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode("latin-1") + body)


def page(body: bytes, *headers: str, status: str = "200 OK") -> Behaviour:
    """Sends a well-formed answer with a Content-Length."""
    return answer(f"Content-Length: {len(body)}", *headers, status=status, body=body)


def redirect(location: str, *, status: str = "302 Found") -> Behaviour:
    return page(b"", f"Location: {location}", status=status)


def sends(data: bytes) -> Behaviour:
    """Sends `data` unchanged and closes the connection."""

    def behave(connection: socket.socket, _stop: threading.Event) -> None:
        connection.sendall(data)

    return behave


def floods(start: bytes, block: bytes) -> Behaviour:
    """Sends `start`, then `block` over and over, as fast as the client reads."""

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(start)
        while not stop.is_set():
            connection.sendall(block)

    return behave


def drips(start: bytes, drop: bytes) -> Behaviour:
    """Sends `start`, then `drop` over and over, with a pause before each."""

    def behave(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(start)
        while not stop.wait(_PAUSE_OF_A_DRIP):
            connection.sendall(drop)

    return behave


def silent(connection: socket.socket, _stop: threading.Event) -> None:
    """Sends nothing until the client disconnects."""
    connection.recv(1)


def _read_request(connection: socket.socket) -> tuple[str, bytes]:
    """Returns the head and the body of a request by one of _METHODS.

    The head is empty for anything else, and for a request that its client, which may be killed, has cut off.
    """
    received = b""
    while b"\r\n\r\n" not in received:
        block = connection.recv(4096)
        received += block
        if not block or not received.startswith(_METHODS):
            return "", b""
    head, _, body = received.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: (\d+)", head)
    while length is not None and len(body) < int(length[1]):
        block = connection.recv(65536)
        body += block
        if not block:
            return "", b""
    return f"{head.decode('latin-1')}\r\n\r\n", body
