"""The embedded servers after crashes of the server, of the program that runs it, and of both."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import psutil
import pytest
import redis

from runtime.embedded.errors import AlreadyRunning, EmbeddedError
from runtime.embedded.folder import ServerFolder
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.processes import processes_in
from runtime.embedded.valkey import EmbeddedValkey
from tests.databases import connect_superuser
from tests.embedded.sql import execute
from tests.servers import ROOT
from tests.waiting import wait_until


def test_committed_data_survives_a_killed_postgres(postgres: EmbeddedPostgres) -> None:
    before = postgres.start()
    execute(before.owner_url, "CREATE TABLE kept AS SELECT 7 AS number")

    postgres.kill()
    assert processes_in(postgres.data_folder, postgres.process_names) == []
    assert (postgres.data_folder / "data" / "postmaster.pid").exists()

    assert postgres.start() == before
    assert execute(before.owner_url, "SELECT number FROM kept") == [(7,)]


def test_a_postgres_that_somebody_else_killed_is_seen_and_can_be_started_again(postgres: EmbeddedPostgres) -> None:
    before = postgres.start()
    assert postgres.pid is not None

    os.kill(postgres.pid, signal.SIGKILL)
    wait_until(lambda: not postgres.running, what="the end of the postmaster")

    assert postgres.start() == before


def test_a_half_made_data_folder_is_thrown_away(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    partial = postgres.data_folder / "data.partial"
    (postgres.data_folder / "data").rename(partial)
    (partial / "pg_hba.conf").unlink()

    addresses = postgres.start()

    assert execute(addresses.application_url, "SELECT 1") == [(1,)]
    assert not partial.exists()


def test_roles_and_database_missing_after_an_interrupted_first_start_are_created(postgres: EmbeddedPostgres) -> None:
    first = postgres.start()
    with connect_superuser(first) as superuser:
        superuser.execute("DROP DATABASE devcenter WITH (FORCE)")
        superuser.execute("DROP ROLE devcenter_app")
    postgres.kill()

    assert execute(postgres.start().application_url, "SELECT current_user") == [("devcenter_app",)]


def test_a_pid_file_that_names_a_stranger_does_not_prevent_the_start(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.kill()
    pid_file = postgres.data_folder / "data" / "postmaster.pid"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        lines = pid_file.read_text().splitlines()
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")

        assert execute(postgres.start().application_url, "SELECT 1") == [(1,)]
        assert stranger.poll() is None


def test_the_thread_that_starts_a_server_may_end_before_it(postgres: EmbeddedPostgres) -> None:
    started: list[str] = []
    thread = Thread(target=lambda: started.append(postgres.start().application_url))
    thread.start()
    thread.join(timeout=60)
    wait_until(
        lambda: thread.native_id not in {each.id for each in psutil.Process().threads()}, what="the thread's end"
    )

    assert execute(started[0], "SELECT 1") == [(1,)]
    assert postgres.running


@pytest.mark.parametrize("kind", ["postgres", "valkey"])
def test_a_folder_kept_by_another_program_is_refused_with_its_process_id(kind: str, folder: Path) -> None:
    with _program(kind, folder) as (program, _, _), pytest.raises(AlreadyRunning) as refused:
        _server(kind, folder).start()

    assert refused.value.pid == program.pid


@pytest.mark.parametrize("kind", ["postgres", "valkey"])
def test_everything_killed_at_once_recovers_with_its_data(kind: str, folder: Path) -> None:
    with _program(kind, folder) as (program, server_pid, url):
        _write(kind, url)
        os.kill(server_pid, signal.SIGKILL)
        program.kill()
        program.wait(timeout=10)
        server = _server(kind, folder)
        try:
            server.start()
            assert _read(kind, url) == 7
        finally:
            server.discard()


@pytest.mark.parametrize("kind", ["postgres", "valkey"])
def test_a_server_whose_program_was_killed_ends_by_itself_or_at_the_next_start(
    kind: str, folder: Path, tmp_path: Path
) -> None:
    """Runs without `setpriv`, so that nothing ends the server with its program, as on systems other than Linux."""
    for name in ("unshare", "true"):
        found = shutil.which(name)
        if found is not None:
            (tmp_path / name).symlink_to(found)
    with _program(kind, folder, path=str(tmp_path)) as (program, server_pid, url):
        _write(kind, url)
        program.kill()
        program.wait(timeout=10)
        assert psutil.pid_exists(server_pid)

        server = _server(kind, folder)
        try:
            server.start()
            assert _read(kind, url) == 7
            assert any(f"process {server_pid}" in notice for notice in server.notices)
            assert server.pid != server_pid
        finally:
            server.discard()


def test_linux_stops_a_server_in_order_when_its_program_is_killed(folder: Path) -> None:
    with _program("postgres", folder) as (program, server_pid, _):
        program.kill()
        program.wait(timeout=10)
        if shutil.which("setpriv") is None:
            assert psutil.pid_exists(server_pid)  # nothing on this machine sends the signal
            return
        wait_until(lambda: _ended(server_pid), seconds=30, what="the end of the orphaned Postgres")
        said = (folder / "postgres.log").read_text()

    assert "received fast shutdown request" in said
    assert "database system is shut down" in said


@contextmanager
def _program(kind: str, folder: Path, path: str | None = None) -> Iterator[tuple["subprocess.Popen[str]", int, str]]:
    """Runs the program that runs a server. Yields it with the server's process id and URL, and ends both."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.embedded.program", kind, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PATH": path or os.environ["PATH"]},
        stdout=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            pid, url = program.stdout.readline().split()
            yield program, int(pid), url
        finally:
            program.kill()
            program.wait(timeout=10)
            _server(kind, folder).discard()


def _server(kind: str, folder: Path) -> EmbeddedPostgres | EmbeddedValkey:
    return EmbeddedPostgres(folder, settings={"fsync": "off"}) if kind == "postgres" else EmbeddedValkey(folder)


def _write(kind: str, url: str) -> None:
    if kind == "postgres":
        execute(url, "CREATE TABLE kept AS SELECT 7 AS number")
        return
    with redis.Redis.from_url(url) as client:
        client.set("kept", 7)


def _read(kind: str, url: str) -> int:
    if kind == "postgres":
        return int(execute(url, "SELECT number FROM kept")[0][0])
    with redis.Redis.from_url(url) as client:
        return int(client.get("kept") or 0)


def _ended(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_folder_of_an_earlier_release_gets_a_password_for_a_user_that_is_new(tmp_path: Path) -> None:
    folder = ServerFolder(tmp_path, "Postgres")
    before = folder.remembered(("superuser", "owner"))
    after = folder.remembered(("superuser", "owner", "another"), secures=tmp_path)
    assert after.passwords == before.passwords | {"another": after.passwords["another"]}
    assert folder.remembered(("superuser", "owner", "another"), secures=tmp_path) == after
    with pytest.raises(EmbeddedError, match="passwords"):
        folder.remembered(("lost", "owner"), secures=tmp_path)
