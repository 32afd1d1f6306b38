"""Telling transient database errors from those that the same statement would cause again."""

from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError  # noqa: A004 (the pool's: it had no connection)

TRANSIENT_CLASSES = ("08", "40", "53", "55", "57")
"""SQLSTATE classes of transient errors: lost connections, deadlocks, full disks, unavailable locks, restarts."""
TRANSIENT_STATES = ("25P03", "25P04")
"""The server closed the connection because its transaction was idle or open for too long."""
STATEMENT_TIMEOUT = "57014"
"""It belongs to class 57 but is not transient: a statement that took too long once will do so again."""


def is_transient(error: BaseException) -> bool:
    """Returns whether the error is transient, so that the same work may be tried again any number of times."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, TimeoutError)
    sqlstate = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or sqlstate is None:
        return error.connection_invalidated or isinstance(error, OperationalError)
    return sqlstate != STATEMENT_TIMEOUT and (sqlstate[:2] in TRANSIENT_CLASSES or sqlstate in TRANSIENT_STATES)
