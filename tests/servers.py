"""One Postgres and one Valkey for a whole test run, however many processes run its tests.

The process that pytest was called as opens a `TestRun`: a folder with a lock that it holds while it lives. The first
test that needs a server starts a keeper (`python -m tests.servers`), which runs both and waits for that lock. So the
keeper stops them when the run ends in whatever way, Ctrl-C and `kill -9` too.
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
}


@dataclass(frozen=True, slots=True)
class Servers:
    """Where the run's servers answer."""

    postgres: PostgresAddresses
    valkey_url: str


@dataclass(frozen=True, slots=True)
class TestRun:
    """The folder of one test run. `lock` is the descriptor that tells the keeper that the run goes on."""

    __test__: ClassVar[bool] = False
    folder: Path
    lock: int

    @classmethod
    def open(cls) -> "TestRun":
        """Makes the folder, in memory where there is room, and holds its lock. Starts nothing yet."""
        folder = Path(tempfile.mkdtemp(prefix="devcenter-tests-", dir=_fast_folder()))
        lock = os.open(folder / "alive", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        return cls(folder, lock)

    def close(self) -> None:
        """Lets the keeper stop the servers, and returns when they and the folder are gone."""
        os.close(self.lock)
        if not (self.folder / "keeper.log").exists():
            shutil.rmtree(self.folder, ignore_errors=True)
        wait_until(lambda: not self.folder.exists(), seconds=STOP_SECONDS, what="the end of the test servers")


def servers_of(folder: Path) -> Servers:
    """Returns the servers of the run in `folder`; the first caller of all its processes starts them.

    Raises EmbeddedError with what prevented the start, to every caller.
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
    """Lets one process of the run at a time do what `purpose` names."""
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
        raise EmbeddedError(f"The keeper of the test servers ended:\n{said}", "Mend what its last lines name.")
    keeper.returncode = 0  # it outlives this process on purpose, so Popen shall not warn of it


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
