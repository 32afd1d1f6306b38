"""Bringing a database up, down and to a known place, one migrator at a time."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool

from workflow.sql.locks import release_migration_lock, try_migration_lock

FOLDER = Path(__file__).parent
LOCK_TIMEOUT = "5s"
"""How long a migration waits for a table that is in use before it gives up and changes nothing."""
LOOK_SECONDS = 0.1
"""How often a migrator looks whether the one before it is done."""


@dataclass(frozen=True, slots=True)
class Revisions:
    """Where a database stands (`current`, None when empty) and where the code wants it (`head`)."""

    current: str | None
    head: str

    @property
    def up_to_date(self) -> bool:
        return self.current == self.head


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Migrates up to `revision` as the owner. Commits each migration; a second migrator waits for the first."""
    with locked_connection(owner_url) as connection:
        command.upgrade(_config(connection), revision)


def downgrade(owner_url: str, revision: str) -> None:
    """Migrates down to `revision` ("base" for an empty database). What later revisions stored is lost."""
    with locked_connection(owner_url) as connection:
        command.downgrade(_config(connection), revision)


def revisions(connection: Connection) -> Revisions:
    """Returns the revision of the database behind `connection` and the newest one of the code."""
    return Revisions(MigrationContext.configure(connection).get_current_revision(), head_revision())


def head_revision() -> str:
    """Returns the newest revision of the code: what a database must be at."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise RuntimeError("the migrations folder holds no revision; the checkout is incomplete")
    return head


@contextmanager
def locked_connection(owner_url: str) -> Iterator[Connection]:
    """Returns a connection while a second one, in autocommit, holds the migration lock."""
    engine = create_engine(owner_url, poolclass=NullPool)
    try:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as guard:
            _wait_for_lock(guard)
            with engine.connect() as connection:
                connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
                connection.commit()
                yield connection
            release_migration_lock(guard)
    finally:
        engine.dispose()


def _wait_for_lock(guard: Connection) -> None:
    """Asks again and again: a statement that waits holds a snapshot, and an index made concurrently waits for that."""
    while not try_migration_lock(guard):
        time.sleep(LOOK_SECONDS)


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
