"""Advisory locks by name: for what has no row that could be locked. One key space for each use."""

from enum import StrEnum

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

MIGRATIONS = 7_236_115_001
"""The key of the session lock that keeps migrators apart; those of transactions are hashes of names."""


class LockSpace(StrEnum):
    """What the names that are locked belong to."""

    ACCESS = "access"
    HANDING_OUT = "handing_out"
    IDEMPOTENCY = "idempotency"
    SAVED_REASON = "saved_reason"


def lock_names(session: Session, space: LockSpace, *names: str) -> None:
    """Locks each of `names` until the transaction ends, in the order of the names, and waits for whoever holds one."""
    for name in sorted(set(names)):
        session.execute(_LOCK, {"name": f"{space}:{name}"})


def try_migration_lock(connection: Connection) -> bool:
    """Takes the migrators' lock for the connection's session. Returns False at once when another session holds it."""
    return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATIONS}))


def release_migration_lock(connection: Connection) -> None:
    """Gives the migrators' lock back."""
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATIONS})


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
