"""An installation of real processes that can be killed, and that are restarted as a supervisor would."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.valkey import EmbeddedValkey
from tests.api.service import API, addresses_of, is_ready
from tests.mailbox import Mailbox
from tests.preloaded import fork, kill_fork
from tests.waiting import wait_until
from tests.workers.processes import SCHEDULER, WORKER, environment

WATCH_SECONDS = 0.05


class Kept:
    """A process that is restarted whenever it ends. `fault` is passed in its environment."""

    def __init__(self, command: tuple[str, ...], env: dict[str, str], log: Path) -> None:
        self._command = command
        self._env = env
        self._log = log
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._process = self._start()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        self.starts = 1

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def kill(self) -> None:
        """Kills the process and its children with SIGKILL. The process is then restarted."""
        with self._lock:
            kill_fork(self._process)

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        kill_fork(self._process)

    def _start(self) -> ForkServerProcess:
        return fork(self._command, self._env, self._log)

    def _watch(self) -> None:
        while not self._stop.wait(WATCH_SECONDS):
            with self._lock:
                if not self._process.is_alive():
                    kill_fork(self._process)
                    self._process = self._start()
                    self.starts += 1


class Stack:
    """Postgres, Valkey, a mailbox, an API, two workers and two schedulers."""

    def __init__(self, folder: Path, postgres: EmbeddedPostgres, valkey: EmbeddedValkey, env: dict[str, str]) -> None:
        self.folder = folder
        self.postgres = postgres
        self.valkey = valkey
        self.url = f"http://127.0.0.1:{env['DEVCENTER_API_PORT']}"
        self.api = Kept(API, env, folder / "api.log")
        self.workers = [Kept(WORKER, env, folder / f"worker-{number}.log") for number in range(2)]
        self.schedulers = [Kept(SCHEDULER, env, folder / f"scheduler-{number}.log") for number in range(2)]

    def stop(self) -> None:
        for process in (self.api, *self.workers, *self.schedulers):
            process.stop()

    def restart_postgres(self) -> None:
        """Shuts Postgres down in order, and starts it again."""
        self.postgres.stop()
        self.postgres.start()

    def kill_postgres(self) -> None:
        """Kills Postgres as a crash would, and starts it again on the same port."""
        self.postgres.kill()
        self.postgres.start()

    def kill_valkey(self) -> None:
        """Kills Valkey as a crash would, and starts it again on the same port."""
        self.valkey.kill()
        self.valkey.start()


@contextmanager
def stack_running(
    folder: Path,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    database_url: str,
    fault: str | None,
    **settings: str,
) -> Iterator[tuple[Stack, Mailbox]]:
    """Runs an installation. `fault` (`name=hits`) kills the process that reaches that fault point.

    The names in `settings` are environment variables.
    """
    with Mailbox() as mailbox:
        env = environment(
            database_url,
            valkey.start(),
            DEVCENTER_SMTP_PORT=str(mailbox.port),
            DEVCENTER_SWEEP_SECONDS="1",
            DEVCENTER_BATCH_SIZE="50",
            **addresses_of("DEVCENTER_API")[1] | settings,
        )
        if fault is not None:
            env["DEVCENTER_FAULT_POINT"] = f"{fault}:{folder / 'hits'}"
        stack = Stack(folder, postgres, valkey, env)
        try:
            wait_until(lambda: is_ready(stack.url), seconds=60, what="the API")
            yield stack, mailbox
        finally:
            stack.stop()


def hits(folder: Path) -> list[int]:
    """Returns the pids that reached the fault point, in order."""
    file = folder / "hits"
    return [int(line) for line in file.read_text().split()] if file.exists() else []
