"""The page on backups, followed word for word: back up, restore elsewhere, verify."""

import re
import stat
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from psycopg import sql
from sqlalchemy import Engine, create_engine, make_url, text

from runtime.embedded.postgres import PostgresAddresses
from runtime.embedded.postgres_roles import OWNER, admit_roles
from tests.cli.command import devcenter, devcenter_anew
from tests.databases import TestDatabase, connect_superuser
from tests.journeys import KEY, apps_in_public_beta, people_in

PAGE = Path(__file__).parents[2] / "docs" / "backup.md"
_APPS = text("SELECT slug, state, version FROM app ORDER BY slug")


def _commands(title: str) -> list[list[str]]:
    """Returns the commands of a section of the page, without `devcenter`."""
    (section,) = re.findall(rf"^## {title}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.MULTILINE | re.DOTALL)
    (block,) = re.findall(r"```\n(.*?)```", section, re.DOTALL)
    return [line.split()[1:] for line in block.splitlines()]


@pytest.fixture
def empty_database(postgres_server: PostgresAddresses) -> Iterator[str]:
    """The name of an empty database that belongs to the owner."""
    name = f"restored_{uuid.uuid4().hex}"
    with connect_superuser(postgres_server) as superuser:
        superuser.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        admit_roles(superuser, name)
        yield name
        superuser.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _settings(database: TestDatabase, valkey_url: str, *, name: str | None = None) -> dict[str, str]:
    def plain(url: str) -> str:
        named = make_url(url).set(drivername="postgresql", database=name or make_url(url).database)
        return named.render_as_string(hide_password=False)

    return {
        "DATABASE_URL": plain(database.application_url),
        "DATABASE_OWNER_URL": plain(database.owner_url),
        "REDIS_URL": valkey_url,
        "DEVCENTER_HISTORY_KEY": KEY.decode(),
        "DEVCENTER_SECRET_KEYS": Fernet.generate_key().decode(),
    }


def test_the_page_on_backups_brings_back_every_app_and_a_history_that_verifies(
    database: TestDatabase, engine: Engine, valkey_url: str, empty_database: str, tmp_path: Path
) -> None:
    apps_in_public_beta(engine, people_in(engine), ["a", "b", "c"])
    here, there = _settings(database, valkey_url), _settings(database, valkey_url, name=empty_database)
    (command,) = _commands("Make a backup")
    made = devcenter(*command, settings=here, folder=tmp_path)
    assert made.returncode == 0, made.stderr
    assert stat.S_IMODE((tmp_path / command[-1]).stat().st_mode) == 0o600
    for command in _commands("Restore it elsewhere"):
        done = devcenter(*command, settings=there, folder=tmp_path)
        if command != ["doctor"]:  # nobody works here yet
            assert done.returncode == 0, (command, done.stdout, done.stderr)
    with engine.connect() as connection:
        before = connection.execute(_APPS).all()
    restored = create_engine(make_url(database.superuser_url).set(database=empty_database))
    with restored.connect() as connection:
        assert connection.execute(_APPS).all() == before
    restored.dispose()
    assert len(before) == 3


def test_a_backup_is_not_restored_over_tables_and_a_broken_file_leaves_nothing(
    database: TestDatabase, valkey_url: str, empty_database: str, tmp_path: Path
) -> None:
    here, there = _settings(database, valkey_url), _settings(database, valkey_url, name=empty_database)
    assert devcenter("backup", "a.dump", settings=here, folder=tmp_path).returncode == 0
    over = devcenter("restore", "a.dump", settings=here, folder=tmp_path)
    assert (over.returncode, "into an empty one" in over.stderr) == (1, True)
    whole = (tmp_path / "a.dump").read_bytes()
    (tmp_path / "half.dump").write_bytes(whole[: len(whole) // 2])
    broken = devcenter("restore", "half.dump", settings=there, folder=tmp_path)
    assert (broken.returncode, "Nothing was restored" in broken.stderr) == (1, True)
    missing = devcenter("restore", "none.dump", settings=there, folder=tmp_path)
    assert (missing.returncode, "There is no file" in missing.stderr) == (2, True)
    assert devcenter("restore", "a.dump", settings=there, folder=tmp_path).returncode == 0


def test_a_backup_that_fails_keeps_the_one_before_it(database: TestDatabase, valkey_url: str, tmp_path: Path) -> None:
    (tmp_path / "a.dump").write_bytes(b"yesterday's")
    settings = _settings(database, valkey_url, name="no_such_database")
    failed = devcenter_anew("backup", "a.dump", settings=settings, folder=tmp_path)
    assert (failed.returncode, "The backup was not made" in failed.stderr) == (1, True)
    assert "Traceback" not in failed.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["a.dump"]
    assert (tmp_path / "a.dump").read_bytes() == b"yesterday's"
