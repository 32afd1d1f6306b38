"""One Postgres and one Valkey for a whole test run, however many processes run its tests.

Pytest's main process opens a `TestRun`: a folder with a lock that it holds while it lives. The first test that needs a
server starts a keeper (`python -m tests.servers`), which runs both servers and waits for that lock. So the keeper stops
them however the run ends, including by Ctrl-C and `kill -9`.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from runtime.embedded.errors import EmbeddedError
from runtime.embedded.postgres import EmbeddedPostgres, PostgresAddresses
from runtime.embedded.valkey import EmbeddedValkey
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[1]
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - a private folder is made in it
MEMORY_NEEDED_BYTES = 2 * 1024**3
START_SECONDS = 90.0
STOP_SECONDS = 60.0
VALKEY_DATABASES = 10_000
POSTGRES_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "autovacuum_naptime": "1h",
    "jit": "off",
    "scram_iterations": "1",
}


@dataclass(frozen=True, slots=True)
class Servers:
    """The addresses of the run's servers."""

    postgres: PostgresAddresses
    valkey_url: str


@dataclass(frozen=True, slots=True)
class TestRun:
    """The folder of one test run. While the descriptor `lock` is open, the keeper knows that the run goes on."""

    __test__: ClassVar[bool] = False
    folder: Path
    lock: int

    @classmethod
    def open(cls) -> "TestRun":
        """Creates the folder, in memory if there is room, and takes its lock. Starts nothing yet."""
        folder = Path(tempfile.mkdtemp(prefix="devcenter-tests-", dir=_fast_folder()))
        lock = os.open(folder / "alive", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(folder, lock)

    def close(self) -> None:
        """Releases the lock, so that the keeper stops the servers. Returns when they and the folder are gone."""
        os.close(self.lock)
        if not (self.folder / "keeper.log").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
        wait_until(lambda: not self.folder.exists(), seconds=STOP_SECONDS, what="the end of the test servers")


def servers_of(folder: Path) -> Servers:
    """Returns the servers of the run in `folder`. The first caller among all processes starts them.

    Raises EmbeddedError, in every caller, with the reason if they could not be started.
    """
    answer = folder / "servers.json"
    with only_one(folder, "start"):
        if not answer.exists():
            _start_keeper(folder)
    found: dict[str, Any] = json.loads(answer.read_text())
    if "message" in found:
        raise EmbeddedError(found["message"], found["remedy"])
    return Servers(PostgresAddresses(**found["postgres"]), found["valkey_url"])


@contextmanager
def only_one(folder: Path, purpose: str) -> Iterator[None]:
    """Holds a lock named `purpose`, which one process of the run has at a time."""
    with (folder / f"{purpose}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def keep(folder: Path) -> None:
    """Runs both servers until the run's lock is free, then removes them and `folder`. Writes servers.json once."""
    postgres = EmbeddedPostgres(folder / "postgres", settings=POSTGRES_SETTINGS)
    valkey = EmbeddedValkey(folder / "valkey", settings={"databases": str(VALKEY_DATABASES), "appendfsync": "no"})
    with (folder / "alive").open() as alive:
        try:
            _answer(folder, asdict(Servers(postgres.start(), valkey.start())))
            fcntl.flock(alive, fcntl.LOCK_EX)
        except EmbeddedError as error:
            _answer(folder, {"message": error.message, "remedy": error.remedy})
            fcntl.flock(alive, fcntl.LOCK_EX)
        finally:
            valkey.discard()
            postgres.discard()
            shutil.rmtree(folder, ignore_errors=True)


def _start_keeper(folder: Path) -> None:
    with (folder / "keeper.log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.servers", str(folder)],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    wait_until(
        lambda: (folder / "servers.json").exists() or keeper.poll() is not None,
        seconds=START_SECONDS,
        what="the test servers",
    )
    if keeper.poll() is not None:
        said = (folder / "keeper.log").read_text()
        raise EmbeddedError(f"The keeper of the test servers ended:\n{said}", "Fix what its last lines name.")
    keeper.returncode = 0  # it outlives this process on purpose, so Popen must not warn about it


def _answer(folder: Path, content: dict[str, Any]) -> None:
    partial = folder / "servers.partial"
    partial.write_text(json.dumps(content))
    partial.rename(folder / "servers.json")


def _fast_folder() -> str | None:
    with suppress(OSError):
        if os.access(MEMORY_FOLDER, os.W_OK) and shutil.disk_usage(MEMORY_FOLDER).free >= MEMORY_NEEDED_BYTES:
            return str(MEMORY_FOLDER)
    return None


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
