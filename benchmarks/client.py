"""A cheap client, so that the service is measured and not the client: it sends prepared requests over plain sockets."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from benchmarks.stage import Stage
from models import Person, Service
from workflow.identity.tokens import issue_token

IDLE_S = 5.0
"""How long a connection may be idle before it is used again. The service keeps idle connections for 75 seconds."""


@dataclass(slots=True)
class Answers:
    """The answers of a run: the seconds that each took, how many were not 2xx, and when the run began and ended."""

    seconds: list[float] = field(default_factory=list)
    refused: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    began: float = 0.0
    ended: float = 0.0

    @property
    def a_second(self) -> float:
        return len(self.seconds) / (self.ended - self.began)


def service_token(on: Stage) -> str:
    """Returns the token of a new service."""
    with Session(on.engine) as session, session.begin():
        now = session.execute(text("SELECT now()")).scalar_one()
        service = Service(name=f"bench-{now.timestamp()}")
        session.add(service)
        session.flush()
        return issue_token(session, service, label="bench", expires_at=now + timedelta(days=1))[1]


def admin_token(on: Stage) -> str:
    """Returns the token of a new administrator."""
    with Session(on.engine) as session, session.begin():
        now = session.execute(text("SELECT now()")).scalar_one()
        admin = Person(role="admin", name="Bench", email=f"admin-{now.timestamp()}@bench.example")
        session.add(admin)
        session.flush()
        return issue_token(session, admin, label="bench", expires_at=now + timedelta(days=1))[1]


def post(path: str, token: str, body: str, **headers: str) -> bytes:
    """Returns the bytes of a request. Names in `headers` have underscores in place of hyphens."""
    given = {"Host": "bench", "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    given |= {name.replace("_", "-"): value for name, value in headers.items()}
    given |= {"Content-Length": str(len(body.encode()))}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n{body}".encode()


async def send_as_fast_as_answered(port: int, requests: Sequence[bytes], *, connections: int) -> Answers:
    """Sends all requests. Each connection sends its next request once the last one is answered."""
    answers = Answers(began=time.perf_counter())
    left = iter(requests)

    async def one_connection() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in left:
            await _exchange(reader, writer, request, answers)
        writer.close()

    await asyncio.gather(*(one_connection() for _ in range(connections)))
    answers.ended = time.perf_counter()
    return answers


async def send_at_rate(port: int, make: Callable[[int], bytes], *, a_second: float, seconds: float) -> Answers:
    """Sends requests at a fixed rate, however long their answers take.

    A service with too many connections closes some of them. Their requests count as refused, with the status "cut".
    """
    answers = Answers(began=time.perf_counter())
    idle: list[tuple[float, asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def one(number: int) -> None:
        while idle and idle[0][0] < time.perf_counter() - IDLE_S:
            idle.pop(0)[2].close()
        pair = idle.pop()[1:] if idle else await asyncio.open_connection("127.0.0.1", port)
        try:
            await _exchange(*pair, make(number), answers)
        except (ConnectionError, asyncio.IncompleteReadError):
            answers.refused += 1
            answers.statuses["cut"] += 1
        else:
            idle.append((time.perf_counter(), *pair))

    async with asyncio.TaskGroup() as tasks:
        for number in range(int(a_second * seconds)):
            await asyncio.sleep(max(0.0, answers.began + number / a_second - time.perf_counter()))
            tasks.create_task(one(number))
    for _, _, writer in idle:
        writer.close()
    answers.ended = time.perf_counter()
    return answers


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, answers: Answers
) -> None:
    sent = time.perf_counter()
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    await reader.readexactly(int(length.split(b":")[1]))
    answers.seconds.append(time.perf_counter() - sent)
    answers.refused += head[9:10] != b"2"
    answers.statuses[head[9:12].decode()] += 1
