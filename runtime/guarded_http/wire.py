"""The socket of one request: each call spends from one deadline and one allowance of bytes."""

import io
import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class AllowanceError(Exception):
    """The server sent more than it was allowed."""


class Deadline:
    """The end of one fetch. Sockets' timeouts are per call, so each call is given no more than is left."""

    def __init__(self, total: timedelta) -> None:
        self._ends_at = time.monotonic() + total.total_seconds()

    def seconds(self, at_most: timedelta | None = None) -> float:
        """Returns the seconds left, capped by `at_most`; raises `TimeoutError` when none are left."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole fetch is used up")
        return left if at_most is None else min(left, at_most.total_seconds())


class BoundedSocket:
    """As much of a connected socket as `http.client` uses.

    Every receive raises `TimeoutError` past `deadline` or after a silence of `read`, and `AllowanceError`
    when the server goes on after its allowance, which it may overshoot by one block of `http.client`'s.
    """

    def __init__(self, connected: socket.socket, deadline: Deadline, read: timedelta, allowance: int) -> None:
        self._socket = connected
        self._deadline = deadline
        self._read = read
        self._allowance = allowance

    def allow(self, more: int) -> None:
        """Adds `more` bytes to what the server may send."""
        self._allowance += more

    def sendall(self, data: "ReadableBuffer") -> None:
        self._socket.settimeout(self._deadline.seconds(self._read))
        self._socket.sendall(data)

    def receive_into(self, buffer: "WriteableBuffer") -> int:
        """Receives what has come, at least a byte; 0 is the end."""
        if self._allowance <= 0:
            raise AllowanceError
        self._socket.settimeout(self._deadline.seconds(self._read))
        received = self._socket.recv_into(buffer)
        self._allowance -= received
        return received

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Receiver(self))

    def close(self) -> None:
        """Does nothing: `http.client` closes before it reads the body. Who opened the socket closes it."""


class _Receiver(io.RawIOBase):
    def __init__(self, bounded: BoundedSocket) -> None:
        self._bounded = bounded

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._bounded.receive_into(buffer)
