"""Advisory locks by name, for things without a row that could be locked. Each use has its own key space."""

from enum import StrEnum

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session

from workflow.sql.arrays import Texts, statement

MIGRATIONS = 7_236_115_001
"""The key of the session-level lock of migrators. The keys of transaction-level locks are hashes of names."""


class LockSpace(StrEnum):
    """The key spaces of locked names."""

    ACCESS = "access"
    HANDING_OUT = "handing_out"
    IDEMPOTENCY = "idempotency"
    LOOK = "look"
    MAILBOX = "mailbox"
    SANDBOX = "sandbox"
    SAVED_REASON = "saved_reason"
    USED_HOST = "used_host"


def lock_names(session: Session, space: LockSpace, *names: str) -> None:
    """Locks each of `names` until the transaction ends, in sorted order. Blocks while another transaction holds one."""
    session.execute(_LOCK, {"names": [f"{space}:{name}" for name in sorted(set(names))]})


def try_migration_lock(connection: Connection) -> bool:
    """Takes the migrators' lock for the connection's session. Returns False at once when another session holds it."""
    return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": MIGRATIONS}))


def release_migration_lock(connection: Connection) -> None:
    """Releases the migrators' lock."""
    connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATIONS})


_LOCK = statement("SELECT pg_advisory_xact_lock(hashtextextended(name, 0)) FROM unnest(:names) name", names=Texts())
"""An array is unnested in its order, and a row is locked as it is read."""
