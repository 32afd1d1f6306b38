"""A server in Redis' place that misbehaves as it is told to."""

import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ANSWERS: dict[str, bytes | None] = {
    "garbage": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "binary garbage": bytes(range(256)) * 4 + b"\r\n",
    "read only": b"-READONLY You can't write against a read only replica.\r\n",
    "out of memory": b"-OOM command not allowed when used memory > 'maxmemory'.\r\n",
    "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "moved": b"-MOVED 3999 127.0.0.1:1\r\n",
    "wrong type": b"-WRONGTYPE Operation against a key holding the wrong kind of value\r\n",
    "no such command": b"-ERR unknown command 'EVALSHA'\r\n",
    "busy script": b"-BUSY Redis is busy running a script.\r\n",
    "no authentication": b"-NOAUTH Authentication required.\r\n",
    "an integer": b":7\r\n",
    "an empty list": b"*0\r\n",
    "nothing": b"$-1\r\n",
    "a list of nothing": b"*2\r\n$-1\r\n$-1\r\n",
    "words for numbers": b"*4\r\n$1\r\nx\r\n$1\r\nx\r\n$1\r\nx\r\n$1\r\nx\r\n",
    "a length without an end": b"$1000000000\r\nx",
    "a wrong length": b"$x\r\n",
    "half an answer": b"*5\r\n:1\r\n",
}
CLOSES = ("closes at once", "resets at once", "closes after a command", "resets after a command", "hangs")
MODES = (*CLOSES, *ANSWERS)


class MisbehavingRedis:
    """Listens on loopback. `mode` is one of MODES, for connections that are made from then on."""

    def __init__(self) -> None:
        self.mode = MODES[0]
        self.connections = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """Its address as the setting REDIS_URL has it."""
        return f"redis://127.0.0.1:{self._listener.getsockname()[1]}/0"

    def switch(self, mode: str) -> None:
        """Begins to misbehave in another way, and cuts the connections that there are."""
        self.mode = mode
        cut, self._open = self._open, []
        for client in cut:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Stops listening and cuts all connections."""
        self._listener.close()
        self.switch(self.mode)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client, self.mode), daemon=True).start()

    def _serve(self, client: socket.socket, mode: str) -> None:
        with suppress(OSError), client:
            if mode == "resets at once":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            while not mode.endswith("at once") and client.recv(65536):
                if mode == "resets after a command":
                    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                if mode.endswith("after a command"):
                    return
                client.sendall(ANSWERS.get(mode) or b"")


@contextmanager
def misbehaving_redis() -> Iterator[MisbehavingRedis]:
    """Yields a server that misbehaves, until the block ends."""
    server = MisbehavingRedis()
    try:
        yield server
    finally:
        server.close()
