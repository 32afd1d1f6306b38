"""Telling faults of the database's server, which pass, from faults of what was asked of it, which come again."""

from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError  # noqa: A004 (the pool's: it had no connection)

PASSING_CLASSES = ("08", "40", "53", "55", "57")
"""Classes of SQLSTATE that say nothing about the rows: lost connections, deadlocks, full disks, locks, restarts."""
PASSING_STATES = ("25P03", "25P04")
"""The server ended the connection, because its transaction waited or lasted too long."""
STATEMENT_TIMEOUT = "57014"
"""In class 57 by its number; but what took too long once takes too long again."""


def is_transient(error: BaseException) -> bool:
    """Returns whether the fault is the server's and will pass, so that the same may be tried again without end."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, TimeoutError)
    sqlstate = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or sqlstate is None:
        return error.connection_invalidated or isinstance(error, OperationalError)
    return sqlstate != STATEMENT_TIMEOUT and (sqlstate[:2] in PASSING_CLASSES or sqlstate in PASSING_STATES)
