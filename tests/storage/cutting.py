"""Cutting the connection of a migrator of this process, at a point of one's choice.

Points are: after each statement outside a transaction that does not only read, after the first of each transaction, and
before each commit. A cut elsewhere leaves what one of these leaves.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, event
from sqlalchemy.exc import DBAPIError

from migrations.run import MIGRATOR
from tests.databases import TestDatabase
from tests.storage.catalog import catalog_on
from tests.waiting import wait_until

END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s AND datname = %s"
LIVES = "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND datname = %s"
STAMPED = "SELECT to_regclass('alembic_version') IS NOT NULL"
STAMP = "SELECT version_num FROM alembic_version"


class Cutter:
    """Runs migrations of one database; `superuser` cuts their connection, and `looking`, in autocommit, looks at it."""

    def __init__(self, database: TestDatabase, superuser: psycopg.Connection, looking: psycopg.Connection) -> None:
        self._database = database
        self._superuser = superuser
        self._looking = looking

    def run(self, migrate: Callable[[], None], points: int) -> bool:
        """Runs `migrate` and cuts its connection at that point; tells whether it ended before."""
        try:
            with self._cut_after(points):
                migrate()
        except (DBAPIError, psycopg.Error):
            return False
        return True

    def stamp(self) -> str | None:
        """Returns the revision that the database is at."""
        stamped = self._looking.execute(STAMPED).fetchone() == (True,)
        found = self._looking.execute(STAMP).fetchone() if stamped else None
        return str(found[0]) if found else None

    def catalog(self) -> dict[str, set[tuple[Any, ...]]]:
        """Returns what the database consists of now."""
        return catalog_on(self._looking)

    def cut_everywhere(self, migrate: Callable[[], None]) -> int:
        """Starts `migrate` again until it ends, cutting it at each point once; returns how often it was cut."""
        cuts, points, stamp = 0, 1, self.stamp()
        while not self.run(migrate, points):
            cuts += 1
            before, stamp = stamp, self.stamp()
            points = points + 1 if stamp == before else 1
        return cuts

    def _cut(self) -> None:
        connection = [MIGRATOR, self._database.name]
        self._superuser.execute(END, connection)
        wait_until(lambda: self._superuser.execute(LIVES, connection).fetchone() == (0,), seconds=10)

    @contextmanager
    def _cut_after(self, points: int) -> Iterator[None]:
        left, begun = points, False

        def pass_point(raw: psycopg.Connection) -> None:
            nonlocal left
            if raw.info.parameter_status("application_name") != MIGRATOR:
                return
            left -= 1
            if left == 0:
                self._cut()

        def after_statement(connection: Any, _cursor: object, statement: str, *_: object) -> None:
            nonlocal begun
            raw: psycopg.Connection = connection.connection.driver_connection
            is_alone = raw.info.transaction_status == TransactionStatus.IDLE
            if is_alone and statement.split(maxsplit=1)[0] == "SELECT":
                return
            if is_alone or not begun:
                pass_point(raw)
            begun = not is_alone

        def before_commit(connection: Any) -> None:
            nonlocal begun
            begun = False
            pass_point(connection.connection.driver_connection)

        event.listen(Engine, "after_cursor_execute", after_statement)
        event.listen(Engine, "commit", before_commit)
        try:
            yield
        finally:
            event.remove(Engine, "after_cursor_execute", after_statement)
            event.remove(Engine, "commit", before_commit)
