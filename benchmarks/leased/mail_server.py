"""A cheap mail server that takes a given time for each mail, hangs for some domains, and counts the mails it accepts.

`python -m benchmarks.leased.mail_server PORT COUNTS_PORT SECONDS`. It sends the counts to clients of COUNTS_PORT.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass, field

HANGING = "hangs-"
"""The prefix of the domains for which the server never answers."""

_END = b"\r\n.\r\n"


@dataclass(slots=True)
class Counts:
    """The counts: mails accepted, connections that began a mail, the times of the first and the last accepted mail, the
    mails that hang now, by domain, and the most of one domain that hung at once."""

    mails: int = 0
    connections: int = 0
    first: float = 0.0
    last: float = 0.0
    hanging: dict[str, int] = field(default_factory=dict)
    most_hanging: int = 0

    def take(self) -> None:
        """Counts a mail."""
        self.last = time.monotonic()
        self.first = self.first or self.last
        self.mails += 1

    def hang(self, domain: str) -> None:
        """Counts a mail that hangs."""
        self.hanging[domain] = self.hanging.get(domain, 0) + 1
        self.most_hanging = max(self.most_hanging, self.hanging[domain])


class Dialogue(asyncio.Protocol):
    """One connection of a client. The client must speak SMTP correctly, because nothing is checked."""

    def __init__(self, counts: Counts, seconds: float) -> None:
        self._counts, self._seconds = counts, seconds
        self._buffer = b""
        self._in_data = False
        self._is_used = False
        self._domain = ""
        self._hangs = False
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._answer(b"220 bench")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 (asyncio's signature)
        if self._hangs:
            self._counts.hanging[self._domain] -= 1

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while (end := self._buffer.find(_END if self._in_data else b"\r\n")) >= 0:
            line, self._buffer = self._buffer[:end], self._buffer[end + (len(_END) if self._in_data else 2) :]
            if self._in_data:
                self._in_data = False
                self._end_mail()
            else:
                self._obey(line)

    def _obey(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"MAIL" and not self._is_used:
            self._is_used = True
            self._counts.connections += 1
        if verb == b"RCPT":
            self._domain = line.decode().partition("@")[2].partition(">")[0]
        self._in_data = verb == b"DATA"
        self._answer({b"DATA": b"354 go on", b"QUIT": b"221 bye"}.get(verb, b"250 bench"))
        if verb == b"QUIT":
            self._transport.close()

    def _end_mail(self) -> None:
        if self._domain.startswith(HANGING):
            self._hangs = True
            self._counts.hang(self._domain)
        else:
            asyncio.get_running_loop().call_later(self._seconds, self._take)

    def _take(self) -> None:
        self._counts.take()
        self._answer(b"250 taken")

    def _answer(self, line: bytes) -> None:
        self._transport.write(line + b"\r\n")


async def serve(port: int, counts_port: int, seconds: float) -> None:
    """Serves until the process is killed."""
    counts = Counts()

    async def show(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(json.dumps(asdict(counts)).encode())
        writer.close()

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Dialogue(counts, seconds), "127.0.0.1", port, backlog=200)
    await asyncio.start_server(show, "127.0.0.1", counts_port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
