"""Serves partners' endpoints on 127.0.1.1 and the following addresses: each POST is answered with 200 after a delay.

`python -m benchmarks.leased.endpoint_server PORT HOSTS SECONDS`.
"""

import asyncio
import re
import sys
from contextlib import suppress

from benchmarks.leased.page_server import host

_BODY = b'{"message": "Fine."}'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (
    len(_BODY),
    _BODY,
)


async def serve(port: int, hosts: int, seconds: float) -> None:
    """Serves until the process is killed."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"(?i)content-length: (\d+)", head)
            await reader.readexactly(int(length[1]) if length else 0)
            await asyncio.sleep(seconds)
            writer.write(_ANSWER)
            await writer.drain()
        writer.close()

    addresses = [host(number) for number in range(1, hosts + 1)]
    await (await asyncio.start_server(answer, addresses, port)).serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
