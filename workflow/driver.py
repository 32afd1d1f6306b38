"""What the path of a batch asks of psycopg itself: sending without waiting, and a savepoint that goes with it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
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
    with _errors_of(driver), driver.pipeline():
        yield


@contextmanager
def savepoint(session: Session) -> Iterator[None]:
    """Rolls back to here when the block raises. For Core statements: objects of the session are left as they are.

    Unlike the session's own, it has psycopg forget the statements that a broken pipeline was about to prepare. The
    transaction must have begun, by a statement: psycopg would take the block for the whole transaction.
    """
    driver = _driver_of(session)
    if driver.info.transaction_status == TransactionStatus.IDLE:
        raise RuntimeError("a savepoint needs a transaction: execute a statement before")
    with _errors_of(driver), driver.transaction():
        yield


@contextmanager
def _errors_of(driver: Any) -> Iterator[None]:
    """Raises psycopg's errors as SQLAlchemy does, which knows nothing of them."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(
            "one of several statements", None, error, psycopg.Error, connection_invalidated=driver.broken
        ) from error


def _driver_of(session: Session) -> Any:
    return session.connection().connection.driver_connection
