"""The embedded Postgres: what it provides, keeps and refuses."""

import os
import socket
import stat
from pathlib import Path

import psutil
import psycopg
import pytest

from runtime.embedded.errors import AlreadyRunning, EmbeddedError
from runtime.embedded.identity import Identity, unprivileged_user
from runtime.embedded.postgres import EmbeddedPostgres
from runtime.embedded.postgres_data import binary
from runtime.embedded.processes import LOOPBACK, port_is_free
from tests.databases import connect_superuser
from tests.embedded.sql import execute


def test_a_restart_keeps_the_data_the_port_and_the_passwords(postgres: EmbeddedPostgres) -> None:
    before = postgres.start()
    execute(before.owner_url, "CREATE TABLE kept AS SELECT 7 AS number")
    old_pid = postgres.pid

    postgres.stop()
    after = postgres.start()

    assert after == before
    assert postgres.pid != old_pid
    assert execute(after.owner_url, "SELECT number FROM kept") == [(7,)]


def test_the_database_is_utf8_with_checksums_and_durable_unless_told_otherwise(folder: Path) -> None:
    server = EmbeddedPostgres(folder, settings={"max_connections": "20"})
    try:
        url = server.start().application_url
        shown = [
            execute(url, "SHOW server_encoding"),
            execute(url, "SHOW data_checksums"),
            execute(url, "SHOW fsync"),
            execute(url, "SHOW max_connections"),
            execute(url, "SHOW listen_addresses"),
            execute(url, "SELECT datlocale FROM pg_database WHERE datname = 'devcenter'"),
        ]
    finally:
        server.discard()
    assert shown == [[("UTF8",)], [("on",)], [("on",)], [("20",)], [(LOOPBACK,)], [("C.UTF-8",)]]


def test_only_the_owner_of_the_folder_can_read_the_passwords(postgres: EmbeddedPostgres, folder: Path) -> None:
    postgres.start()

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    readable = [path.name for path in folder.iterdir() if path.is_file() and path.stat().st_mode & 0o077]
    assert readable == []
    assert (folder / "postgres.json").exists()


def test_a_wrong_password_is_refused(postgres: EmbeddedPostgres) -> None:
    addresses = postgres.start()
    password = addresses.superuser_url.split(":")[2].split("@")[0]

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        execute(addresses.superuser_url.replace(password, "wrong"), "SELECT 1")


def test_no_password_reaches_the_log_or_a_command_line(postgres: EmbeddedPostgres) -> None:
    addresses = postgres.start()
    urls = (addresses.owner_url, addresses.application_url, addresses.superuser_url)
    passwords = [url.split(":")[2].split("@")[0] for url in urls]

    with connect_superuser(addresses) as superuser:
        superuser.execute("ALTER SYSTEM SET log_statement = 'all'")
    postgres.stop()
    postgres.start()

    assert "ALTER ROLE" in postgres.log.read_text()
    said = postgres.log.read_text() + " ".join(psutil.Process(postgres.pid).cmdline())
    assert [password for password in passwords if password in said] == []


def test_a_port_that_was_taken_in_the_meantime_is_replaced(postgres: EmbeddedPostgres) -> None:
    first = postgres.start()
    postgres.stop()

    with socket.create_server((LOOPBACK, first.port)):
        second = postgres.start()

    assert second.port != first.port
    assert execute(second.application_url, "SELECT 1") == [(1,)]


def test_a_wanted_port_that_is_taken_is_an_error_that_names_it(folder: Path) -> None:
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        server = EmbeddedPostgres(folder, port=port)
        with pytest.raises(EmbeddedError, match=str(port)) as refused:
            server.start()

    server.discard()
    assert "another port" in refused.value.remedy


def test_a_second_start_in_the_same_folder_is_refused_and_harms_nothing(
    postgres: EmbeddedPostgres, folder: Path
) -> None:
    addresses = postgres.start()

    with pytest.raises(AlreadyRunning) as refused:
        EmbeddedPostgres(folder).start()

    assert refused.value.pid == os.getpid()
    assert execute(addresses.application_url, "SELECT 1") == [(1,)]


def test_starting_a_running_server_is_refused_and_harms_nothing(postgres: EmbeddedPostgres) -> None:
    addresses = postgres.start()

    with pytest.raises(AlreadyRunning) as refused:
        postgres.start()

    assert refused.value.pid == postgres.pid
    assert execute(addresses.application_url, "SELECT 1") == [(1,)]


def test_data_of_another_major_version_is_left_alone_and_named(postgres: EmbeddedPostgres) -> None:
    postgres.start()
    postgres.stop()
    data = postgres.data_folder / "data"
    (data / "PG_VERSION").write_text("16\n")

    with pytest.raises(EmbeddedError, match="written by Postgres 16; this is Postgres 18") as refused:
        postgres.start()

    assert "dump it with Postgres 16" in refused.value.remedy
    assert (data / "postgresql.conf").exists()


def test_a_setting_that_postgres_refuses_is_shown_in_its_own_words(folder: Path) -> None:
    server = EmbeddedPostgres(folder, settings={"fsync": "off", "shared_buffers": "plenty"})

    with pytest.raises(EmbeddedError, match='invalid value for parameter "shared_buffers": "plenty"'):
        server.start()

    assert not server.running
    server.discard()


def test_lost_passwords_are_named_and_the_data_is_left_alone(postgres: EmbeddedPostgres, folder: Path) -> None:
    postgres.start()
    postgres.stop()
    (folder / "postgres.json").write_text("{half a fi")

    with pytest.raises(EmbeddedError, match="passwords"):
        postgres.start()

    assert (postgres.data_folder / "data" / "PG_VERSION").exists()


def test_a_folder_that_cannot_be_made_is_named(folder: Path) -> None:
    folder.mkdir()
    (folder / "file").touch()

    with pytest.raises(EmbeddedError, match="file/below") as refused:
        EmbeddedPostgres(folder / "file" / "below").start()

    assert "Use another folder" in refused.value.remedy


def test_nothing_listens_after_a_stop_and_a_second_stop_is_harmless(postgres: EmbeddedPostgres) -> None:
    port = postgres.start().port
    assert not port_is_free(port)

    postgres.stop()
    postgres.stop()

    assert port_is_free(port)
    assert not postgres.running
    assert postgres.pid is None


def test_root_without_namespaces_serves_as_another_user_and_says_so(folder: Path) -> None:
    is_root = os.geteuid() == 0
    server = EmbeddedPostgres(
        folder, settings={"fsync": "off"}, identity=unprivileged_user() if is_root else Identity()
    )
    try:
        if is_root and not _others_may_run(binary("postgres")):
            with pytest.raises(EmbeddedError) as refused:
                server.start()
            assert "ordinary user" in refused.value.remedy
            return
        addresses = server.start()
        execute(addresses.owner_url, "CREATE TABLE kept AS SELECT 7 AS number")
        server.stop()
        assert execute(server.start().owner_url, "SELECT number FROM kept") == [(7,)]
        assert any("runs as nobody" in notice for notice in server.notices) is is_root
    finally:
        server.discard()


def _others_may_run(program: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (program, *program.parents))
