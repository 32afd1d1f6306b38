"""The processes with which leased work is measured (workers, a mail server, page hosts), and the time of its rows."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import redis
from sqlalchemy import text

from benchmarks.processes import ALL_KINDS, ROOT, THREADS, Running, running, starting_workers, until
from benchmarks.stage import Stage
from runtime.embedded.processes import free_port

PROCESSES = 2
PLACES = PROCESSES * THREADS
"""How many rows of leased work can be in flight at once."""


@contextmanager
def workers_of_all_kinds(on: Stage, **settings: str) -> Iterator[Running]:
    """Runs worker processes as an installation does. Yields them once each of them has looked for due work."""
    given = {"DEVCENTER_SWEEP_SECONDS": "2", "DEVCENTER_ALLOW_LOOPBACK_URLS": "true"} | settings
    with redis.Redis.from_url(on.redis_url) as client:
        client.flushdb()
    with starting_workers(on, processes=PROCESSES, queues=ALL_KINDS, **given) as started:
        until(lambda: started.processes_connected_to(on.url) >= PROCESSES, "the workers")
        yield started


@dataclass(frozen=True, slots=True)
class MailServer:
    """A running `benchmarks.leased.mail_server`."""

    port: int
    counts_port: int

    def counts(self) -> dict[str, Any]:
        """Returns its Counts."""
        with socket.create_connection(("127.0.0.1", self.counts_port)) as connection, connection.makefile() as answer:
            counts: dict[str, Any] = json.loads(answer.read())
            return counts


@contextmanager
def mail_server(on: Stage, *, seconds: float) -> Iterator[MailServer]:
    """Runs a mail server that takes a given time for each mail. Yields it once it answers."""
    server = MailServer(free_port(), free_port())
    with _serving(on.folder / "mail.log", "mail_server", server.port, server.counts_port, seconds):
        until(lambda: _listens("127.0.0.1", server.counts_port), "the mail server")
        yield server


@contextmanager
def page_server(on: Stage, *, hosts: int, hanging: int, seconds: float) -> Iterator[int]:
    """Runs hosts whose pages take a given time. The first `hanging` hosts never answer. Yields their port."""
    port = free_port()
    with _serving(on.folder / "pages.log", "page_server", port, hosts, hanging, seconds):
        until(lambda: _listens("127.0.1.1", port), "the pages")
        yield port


def send_by_smtplib(server: MailServer, mails: int) -> None:
    """Sends `mails` from as many processes and threads as the workers have, with one connection per thread."""
    command = [sys.executable, "-m", "benchmarks.leased.bare_sender", str(server.port), str(THREADS)]
    senders = [subprocess.Popen([*command, str(mails // PROCESSES)], cwd=ROOT) for _ in range(PROCESSES)]
    assert [one.wait(timeout=120) for one in senders] == [0] * PROCESSES, "smtplib failed"


def happens(holds: Callable[[], bool], *, seconds: float) -> bool:
    """Returns True as soon as `holds` returns true, or False after the given seconds."""
    with suppress(TimeoutError):
        until(holds, "it", seconds=seconds)
        return True
    return False


def seconds_until_last_commit(on: Stage, since: datetime, rows: str) -> float:
    """Returns the seconds from `since` to the last commit that wrote one of `rows`.

    `rows` is a FROM clause with the alias `due` for their table.
    """
    statement = text(f"SELECT extract(epoch FROM max(pg_xact_commit_timestamp(due.xmin)) - :since) FROM {rows}")
    with on.engine.connect() as connection:
        return float(connection.execute(statement, {"since": since}).scalar_one())


@contextmanager
def _serving(log: Path, module: str, *arguments: float) -> Iterator[None]:
    command = [sys.executable, "-m", f"benchmarks.leased.{module}", *map(str, arguments)]
    with running(command, {}, log):
        yield


def _listens(address: str, port: int) -> bool:
    with suppress(OSError), socket.create_connection((address, port), timeout=1):
        return True
    return False
