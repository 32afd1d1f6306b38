"""Runs processes of the service as an installation does, and measures their CPU time and memory."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import redis

from benchmarks.stage import KEY, Stage
from runtime.doorbell import Doorbell
from runtime.embedded.processes import free_port
from workflow.work.bells import Bell

ROOT = Path(__file__).resolve().parents[1]
THREADS = 16
"""The number of threads of each worker process."""
CLOSED_PORT = 1
"""A port on which nothing listens on any machine, including what a benchmark starts."""
APPLY = (Bell.APPLY.value,)
ALL_KINDS: tuple[str, ...] = ()
"""The queues for `workers`: judging only, or all."""


@dataclass(frozen=True, slots=True)
class Running:
    """A process and its children."""

    process: psutil.Process

    def cpu_seconds(self) -> float:
        """Returns the CPU seconds that the processes have used so far."""
        return sum(sum(one.cpu_times()[:2]) for one in self._family())

    def megabytes(self) -> list[float]:
        """Returns the resident memory (MB) of each child that does work."""
        return [one.memory_info().rss / 1024**2 for one in self._family()[1:]]

    def processes_connected_to(self, url: str) -> int:
        """Returns how many of the processes are connected to the server of `url`, which must be on this machine."""
        port = urlsplit(url).port
        connected = 0
        for one in self._family():
            with suppress(psutil.NoSuchProcess):
                connected += any(each.raddr and each.raddr.port == port for each in one.net_connections("tcp"))
        return connected

    def _family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]


def environment(on: Stage, **settings: str) -> dict[str, str]:
    """Returns the environment of a process. The names in `settings` are environment variables."""
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith("DEVCENTER_")},
        "DATABASE_URL": on.url,
        "REDIS_URL": on.redis_url,
        "DEVCENTER_HISTORY_KEY": KEY,
        "DEVCENTER_SECRET_KEYS": "cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        "DEVCENTER_LOG_LEVEL": "WARNING",
        **settings,
    }


@contextmanager
def running(command: list[str], env: dict[str, str], log: Path) -> Iterator[Running]:
    """Runs a process with its output in `log`. Kills it and its children when the block ends."""
    with log.open("ab") as output:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=output, stderr=output, start_new_session=True)
    try:
        yield Running(psutil.Process(process.pid))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait(timeout=10)


@contextmanager
def workers(on: Stage, *, processes: int = 2, queues: Sequence[str] = APPLY, **settings: str) -> Iterator[Running]:
    """Flushes Redis and runs worker processes for `queues`. Yields them once all of them listen to their bells.

    By default they only judge. The notifications of a transition are then written and stay due, because sending mail is
    another kind of work. The sweep is slow, so that it cannot hide a bell that does not work.
    """
    with redis.Redis.from_url(on.redis_url) as client:
        client.flushdb()
        with starting_workers(on, processes=processes, queues=queues, **settings) as started:
            until(lambda: client.info("clients")["blocked_clients"] >= processes, "the workers")
            until(lambda: started.processes_connected_to(on.redis_url) >= processes, "the workers")
            yield started


@contextmanager
def starting_workers(on: Stage, *, processes: int, queues: Sequence[str] = APPLY, **settings: str) -> Iterator[Running]:
    """Like `workers`, but yields them at once, and keeps what is in Redis already."""
    command = [sys.executable, "-m", "dramatiq", "workers.main:setup_broker", "--skip-logging"]
    command += ["--processes", str(processes), "--threads", str(THREADS)]
    command += ["--queues", *queues] if queues else []
    given = {"DEVCENTER_SWEEP_SECONDS": "30", "DEVCENTER_WORKER_THREADS": str(THREADS)} | settings
    with running(command, environment(on, **given), on.folder / "workers.log") as started:
        yield started


@contextmanager
def api(on: Stage, **settings: str) -> Iterator[tuple[Running, int]]:
    """Runs one API process. Yields it and its port once it answers."""
    port, beside = free_port(), free_port()
    own = {"DEVCENTER_API_PORT": str(port), "DEVCENTER_API_OPERATORS_PORT": str(beside)}
    command = [sys.executable, "-m", "cli.main", "api"]
    with running(command, environment(on, **own | settings), on.folder / "api.log") as started:
        until(lambda: _answers(beside), "the API")
        yield started, port


def ring_apply(on: Stage) -> None:
    """Tells the workers that requests are due."""
    ring(on, Bell.APPLY)


def ring(on: Stage, bell: Bell) -> None:
    """Tells the workers that there is work of a kind."""
    doorbell = Doorbell(on.redis_url, on_failure=lambda _bell: None)
    doorbell.ring(bell)
    doorbell.close()


def until(holds: Callable[[], bool], what: str, *, seconds: float = 120.0) -> None:
    """Returns as soon as `holds` returns true. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come within {seconds} seconds")
        time.sleep(0.05)


def _answers(port: int) -> bool:
    import requests

    with suppress(requests.RequestException):
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200
    return False
