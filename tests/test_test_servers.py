"""The servers of the tests: each test has its own database and Valkey database, and nothing is left after a run."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import redis

from tests.databases import TestDatabase
from tests.embedded.sql import execute
from tests.servers import ROOT
from tests.waiting import wait_until

RUN = """
from tests.servers import TestRun, servers_of
run = TestRun.open()
servers = servers_of(run.folder)
print(run.folder, servers.postgres.superuser_url, flush=True)
input()
run.close()
"""

FORK = """
import sys
from pathlib import Path
from tests.preloaded import fork
print(fork((sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "0"), {}, Path("/dev/null")).pid, flush=True)
input()
"""


def test_a_tests_database_is_migrated_and_has_three_users(database: TestDatabase) -> None:
    for url, user in (
        (database.owner_url, "devcenter_owner"),
        (database.application_url, "devcenter_app"),
        (database.superuser_url, "postgres"),
    ):
        assert execute(url, "SELECT current_user, current_database()") == [(user, database.name)]
    assert execute(database.application_url, "SELECT count(*) FROM alembic_version") == [(1,)]


def test_a_tests_database_belongs_to_the_owner_and_starts_without_apps(database: TestDatabase) -> None:
    owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    assert execute(database.owner_url, owner) == [("devcenter_owner",)]
    assert execute(database.application_url, "SELECT count(*) FROM app") == [(0,)]


def test_each_test_has_an_empty_valkey_database(valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        client.set("key", 1)


def test_no_other_test_sees_what_was_written_to_valkey(valkey_url: str) -> None:
    with redis.Redis.from_url(valkey_url) as client:
        assert client.dbsize() == 0
        client.set("key", 1)


def test_a_run_that_ends_leaves_no_server_and_no_folder() -> None:
    with _run() as run:
        folder, pid = _started(run)
        run.communicate("\n", timeout=60)

    assert not folder.exists()
    wait_until(lambda: _ended(pid), what="the end of Postgres")


def test_a_run_that_is_killed_leaves_no_server_and_no_folder() -> None:
    with _run() as run:
        folder, pid = _started(run)
        run.send_signal(signal.SIGKILL)

    wait_until(lambda: not folder.exists(), seconds=30, what="the end of the folder")
    wait_until(lambda: _ended(pid), what="the end of Postgres")


def test_a_run_that_is_killed_leaves_no_forked_process() -> None:
    with _run(FORK) as run:
        assert run.stdout is not None
        pid = int(run.stdout.readline())
        assert not _ended(pid)
        run.send_signal(signal.SIGKILL)

    wait_until(lambda: _ended(pid), what="the end of the forked process")


def _run(program: str = RUN) -> "subprocess.Popen[str]":
    """Starts a program that goes on until it reads a line."""
    return subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def _started(run: "subprocess.Popen[str]") -> tuple[Path, int]:
    """Returns the run's folder and the id of one of its Postgres processes."""
    assert run.stdout is not None
    folder, url = run.stdout.readline().split()
    [(pid,)] = execute(url, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
    return Path(folder), pid


def _ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
