"""What the path of a batch asks of psycopg itself: sending without waiting, and a savepoint that goes with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


@contextmanager
def pipelined(session: Session) -> Iterator[None]:
    """Sends what is executed in the block at once; the block's end waits for all answers together.

    For statements whose answers nobody reads: rows of a SELECT or RETURNING are not there yet. The first statement that
    Postgres refuses is raised (sqlalchemy.exc.DBAPIError), at the latest when the block ends; those behind it are not
    executed. Use it inside `savepoint`.
    """
    driver = _driver_of(session)
    try:
        with driver.pipeline():
            yield
    except psycopg.Error as error:
        raise DBAPIError.instance(
            "one of several statements", None, error, psycopg.Error, connection_invalidated=driver.broken
        ) from error


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """Rolls back to here when the block raises. For Core statements: objects of the session are left as they are.

    Unlike the session's own, it has psycopg forget the statements that a broken pipeline was about to prepare.
    """
    with _driver_of(session).transaction():
        yield


def _driver_of(session: Session) -> Any:
    return session.connection().connection.driver_connection
