"""The socket of one request, whose calls share one deadline and one allowance of bytes."""

import io
import socket
import time
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer


class AllowanceError(Exception):
    """The server sent more bytes than it is allowed."""


class Deadline:
    """The deadline of one fetch. A socket's timeout applies to one call, so each call gets at most the time left."""

    def __init__(self, total: timedelta) -> None:
        self._ends_at = time.monotonic() + total.total_seconds()

    def seconds(self, at_most: timedelta | None = None) -> float:
        """Returns the seconds left, but at most `at_most`. Raises `TimeoutError` when none are left."""
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the time for the whole fetch is used up")
        return left if at_most is None else min(left, at_most.total_seconds())


class BoundedSocket:
    """The part of a connected socket's interface that `http.client` uses.

    Receiving raises `TimeoutError` after `deadline`, or after no data came for `read`. It raises `AllowanceError` once
    the server has used up its allowance, which it may exceed by one block of `http.client`.
    """

    def __init__(self, connected: socket.socket, deadline: Deadline, read: timedelta, allowance: int) -> None:
        self._socket = connected
        self._deadline = deadline
        self._read = read
        self._allowance = allowance

    def allow(self, more: int) -> None:
        """Adds `more` bytes to the server's allowance."""
        self._allowance += more

    def sendall(self, data: "ReadableBuffer") -> None:
        self._socket.settimeout(self._deadline.seconds(self._read))
        self._socket.sendall(data)

    def receive_into(self, buffer: "WriteableBuffer") -> int:
        """Receives at least one byte into `buffer` and returns how many; 0 means the end."""
        if self._allowance <= 0:
            raise AllowanceError
        self._socket.settimeout(self._deadline.seconds(self._read))
        received = self._socket.recv_into(buffer)
        self._allowance -= received
        return received

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Receiver(self))

    def close(self) -> None:
        """Does nothing: `http.client` closes before it reads the body. The code that opened the socket closes it."""


class _Receiver(io.RawIOBase):
    def __init__(self, bounded: BoundedSocket) -> None:
        self._bounded = bounded

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        return self._bounded.receive_into(buffer)
