"""Reads from a connection with a deadline, so that a sender that trickles bytes cannot occupy a thread forever."""

import io
import socket
import time
from typing import Any


class TimedReader(io.RawIOBase):
    """Reads from `connection` until `seconds` after the latest `restart`, and then raises TimeoutError.

    `seconds` also bounds each write to the connection.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        connection.settimeout(seconds)
        self.restart()

    def restart(self) -> None:
        """Restarts the deadline, so that the next request has all of `seconds`."""
        self._ends_at = time.monotonic() + self._seconds

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        left = self._ends_at - time.monotonic()
        if left <= 0:
            raise TimeoutError("the request took too long to arrive")
        self._connection.settimeout(left)
        try:
            return self._connection.recv_into(buffer)
        finally:
            self._connection.settimeout(self._seconds)
