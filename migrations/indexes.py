"""Indexes that are built and dropped while others write, as data, and bringing a database to those of its revision.

No transaction guards such a build: one that is cut leaves an INVALID index or a finished one, and the revision's stamp
is not moved. So each function here looks at what is there first, and does what is left to do.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError


@dataclass(frozen=True, slots=True)
class Index:
    """An index of a table in use. `definition` is what follows the table: `(columns) WHERE ...`.

    `since` is the revision whose `create_table` made it, for an index that a later revision drops.
    """

    name: str
    table: str
    definition: str
    unique: bool = False
    since: str | None = None

    @property
    def creation(self) -> str:
        """The statement that builds it beside those who write."""
        unique = "UNIQUE " if self.unique else ""
        return f"CREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {self.name} ON {self.table} {self.definition}"

    @property
    def removal(self) -> str:
        """The statement that drops it beside those who write."""
        return f"DROP INDEX CONCURRENTLY IF EXISTS {self.name}"


class IndexRevision(Protocol):
    """A revision that only builds and drops indexes: a module of migrations/versions with these names."""

    BUILDS: Sequence[Index]
    DROPS: Sequence[Index]


def build(connection: Connection, index: Index) -> None:
    """Builds the index unless a valid one is there; drops an INVALID one first. `connection` is in autocommit.

    A build that fails leaves no INVALID index behind if the database lets it be dropped. Raises DBAPIError.
    """
    valid = _is_valid(connection, index.name)
    if valid:
        return
    if valid is False:
        connection.execute(text(index.removal))
    try:
        connection.execute(text(index.creation))
    except DBAPIError as error:
        if not error.connection_invalidated:
            with suppress(DBAPIError):
                connection.execute(text(index.removal))
        raise


def drop(connection: Connection, index: Index) -> None:
    """Drops the index, valid or not, if it is there. `connection` is in autocommit. Raises DBAPIError."""
    if _is_valid(connection, index.name) is not None:
        connection.execute(text(index.removal))


def settle(connection: Connection, scripts: ScriptDirectory, current: str, *, before: bool = False) -> None:
    """Builds and drops what distinguishes the database's indexes from those of revision `current`.

    That is what a migration leaves that was cut in one direction and followed by one in the other. `before` a migration
    up, it only builds what is missing and no later revision drops. `connection` is in autocommit. Raises DBAPIError.
    """
    later = _dropped_later(scripts, current) if before else frozenset()
    valid: dict[str, bool] = {row.relname: row.indisvalid for row in connection.execute(_INDEXES)}
    for index, is_wanted in _indexes_at(scripts, current):
        if is_wanted and not valid.get(index.name) and index.name not in later:
            build(connection, index)
        elif not is_wanted and not before and index.name in valid:
            drop(connection, index)


def _dropped_later(scripts: ScriptDirectory, current: str) -> frozenset[str]:
    applied = {script.revision for script in scripts.iterate_revisions(current, "base")}
    later = [script for script in scripts.walk_revisions() if script.revision not in applied]
    return frozenset(index.name for script in later for index in getattr(script.module, "DROPS", ()))


def _indexes_at(scripts: ScriptDirectory, current: str) -> Iterator[tuple[Index, bool]]:
    """Yields each index that some revision builds or drops, and whether a database at `current` has it."""
    applied = {script.revision for script in scripts.iterate_revisions(current, "base")}
    known: dict[str, tuple[Index, bool]] = {}
    for script in reversed(list(scripts.walk_revisions())):
        is_applied = script.revision in applied
        for index in getattr(script.module, "BUILDS", ()):
            known[index.name] = (index, is_applied)
        for index in getattr(script.module, "DROPS", ()):
            _, was_there = known.get(index.name, (index, index.since in applied))
            known[index.name] = (index, was_there and not is_applied)
    yield from known.values()


_INDEXES = text("""
    SELECT relname, indisvalid FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
     WHERE pg_table_is_visible(indexrelid)
""")
"""The names of the indexes that a statement can name without a schema, and whether each is valid."""


def _is_valid(connection: Connection, name: str) -> bool | None:
    """Tells whether the index is valid; None where there is none."""
    valid: bool | None = connection.scalar(
        text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)"), {"name": name}
    )
    return valid
