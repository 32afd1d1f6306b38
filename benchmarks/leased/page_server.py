"""Serves partners' pages on 127.0.1.1 and the following addresses, after a delay. The first hosts never answer.

`python -m benchmarks.leased.page_server PORT HOSTS HANGING SECONDS`.
"""

import asyncio
import sys

NETWORK = "127.0.1."

PAGE = """
<!doctype html><title>Bench</title>
<p>Bench works with Segment: <a href="https://segment.com/?utm_source=a&amp;utm_medium=b&amp;utm_campaign=c">how</a>.
"""
"""A page that passes every step that reads one, for an App named Bench."""

_ANSWER = (
    f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(PAGE)}\r\nConnection: close\r\n\r\n{PAGE}"
)


def host(number: int) -> str:
    """Returns the address of the host with this number, counted from 1."""
    return f"{NETWORK}{number}"


async def serve(port: int, hosts: int, hanging: int, seconds: float) -> None:
    """Serves until the process is killed."""
    silent = {host(number) for number in range(1, hanging + 1)}

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if writer.get_extra_info("sockname")[0] in silent:
            await reader.read()  # until the client gives up
        else:
            await asyncio.sleep(seconds)
            writer.write(_ANSWER.encode())
        writer.close()

    addresses = [host(number) for number in range(1, hosts + 1)]
    await (await asyncio.start_server(answer, addresses, port)).serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])))
