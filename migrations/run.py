"""Bringing a database up, down and to a known place, one migrator at a time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.pool import NullPool

from migrations.indexes import settle
from workflow.sql.locks import release_migration_lock, try_migration_lock

FOLDER = Path(__file__).parent
LOCK_TIMEOUT = "5s"
"""How long a migration waits for a table that is in use before it gives up and changes nothing."""
MIGRATOR = "devcenter migrator"
"""How Postgres lists the connection that migrates. It is opened by whoever holds the migration lock."""
END_MS = 10_000
"""How long a migrator waits for the end of what a killed one left running."""
LOOK_SECONDS = 0.1
"""How often a migrator looks whether the one before it is done."""
STAMPED = text("SELECT to_regclass('alembic_version') IS NOT NULL")
STAMP = text("SELECT version_num FROM alembic_version")
END_ABANDONED = text("""
    SELECT pg_terminate_backend(pid, :end_ms) FROM pg_stat_activity
     WHERE application_name = :name AND datname = current_database() AND usename = current_user
""")


@dataclass(frozen=True, slots=True)
class Revisions:
    """Where a database stands (`current`, None when empty) and where the code wants it (`head`)."""

    current: str | None
    head: str

    @property
    def up_to_date(self) -> bool:
        return self.current == self.head


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Migrates up to `revision` as the owner. Commits each revision; a second migrator waits for the first.

    What was cut anywhere, in whatever direction, goes on. Raises DBAPIError, which leaves the revisions that are done.
    """
    with locked_connection(owner_url) as connection:
        _settle(connection, before=True)
        _migrate(connection, revision, _scripts()._upgrade_revs)  # noqa: SLF001 (there is no public way)
        _settle(connection)


def downgrade(owner_url: str, revision: str) -> None:
    """Migrates down to `revision` ("base" for an empty database). What later revisions stored is lost."""
    with locked_connection(owner_url) as connection:
        _migrate(connection, revision, _scripts()._downgrade_revs)  # noqa: SLF001
        _settle(connection)


def revisions(connection: Connection) -> Revisions:
    """Returns the revision of the database behind `connection` and the newest one of the code."""
    stamped = connection.scalar(STAMPED)
    return Revisions(connection.scalar(STAMP) if stamped else None, head_revision())


def head_revision() -> str:
    """Returns the newest revision of the code: what a database must be at."""
    head = _scripts().get_current_head()
    if head is None:
        raise RuntimeError("the migrations folder holds no revision; the checkout is incomplete")
    return head


def known_revisions() -> frozenset[str]:
    """Returns all revisions of the code. A database that is at another one was migrated by a newer release."""
    return frozenset(script.revision for script in _scripts().walk_revisions())


@contextmanager
def locked_connection(owner_url: str) -> Iterator[Connection]:
    """Returns a connection while a second one, in autocommit, holds the migration lock.

    A migrator that was killed may have left a statement running, which would hold its tables: it is ended first.
    """
    engine = create_engine(owner_url, poolclass=NullPool, use_native_hstore=False)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
            _wait_for_lock(guard)
            guard.execute(END_ABANDONED, {"name": MIGRATOR, "end_ms": END_MS})
            with engine.connect() as connection:
                connection.execute(text(f"SET application_name = '{MIGRATOR}'; SET lock_timeout = '{LOCK_TIMEOUT}'"))
                connection.commit()
                try:
                    yield connection
                except PendingRollbackError as masking:
                    raise _cause_of(masking) from masking
            release_migration_lock(guard)
    finally:
        engine.dispose()


def _cause_of(masking: PendingRollbackError) -> BaseException:
    """Returns what the database said, or the Ctrl-C: on a connection that is lost by either, Alembic raises over it."""
    error: BaseException | None = masking.__context__
    while error is not None and not isinstance(error, DBAPIError | KeyboardInterrupt):
        error = error.__context__
    return error or masking


def _wait_for_lock(guard: Connection) -> None:
    """Asks again and again: a statement that waits holds a snapshot, and an index made concurrently waits for that."""
    while not try_migration_lock(guard):
        time.sleep(LOOK_SECONDS)


def _migrate(connection: Connection, revision: str, steps_to: Callable[[str, Any], list[Any]]) -> None:
    """Runs the steps to `revision`, as Alembic's own commands do, which would load all revisions anew each time."""
    config, scripts = _config(connection), _scripts()
    with EnvironmentContext(
        config, scripts, fn=lambda current, _: steps_to(revision, current), destination_rev=revision
    ):
        scripts.run_env()


def _settle(connection: Connection, *, before: bool = False) -> None:
    """Brings the indexes to those of the revision that the database is at, whatever earlier migrations left.

    Before a migration up, it only builds what one that was cut on its way down has dropped and no later revision drops:
    constraints may need it.
    """
    current = revisions(connection).current
    connection.rollback()
    if current is not None:
        settle(connection.execution_options(isolation_level="AUTOCOMMIT"), _scripts(), current, before=before)
        connection.rollback()
        connection.execution_options(isolation_level="READ COMMITTED")


@cache
def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
