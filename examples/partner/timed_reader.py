"""Reading from a connection by a deadline: a sender that drips bytes cannot keep a thread for ever."""

import io
import socket
import time
from typing import Any


class TimedReader(io.RawIOBase):
    """Reads `connection` until `seconds` after the latest `restart`; then raises TimeoutError.

    Writing to the connection is bounded by `seconds` too.
    """

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._connection = connection
        self._seconds = seconds
        connection.settimeout(seconds)
        self.restart()

    def restart(self) -> None:
        """Returns whatever is read next the whole time again."""
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
