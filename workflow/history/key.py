"""The key of the history: recognising by its fingerprint the key with which a database's log is hashed."""

import hmac

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.history.chain import NO_HASH, LogRow, row_hash

PURPOSE = b"devcenter: the fingerprint of a history key"

_FIRST_ROW = text("""
    SELECT app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version, request_id, at,
           reason_commitment, hash
      FROM transition WHERE version = 1 ORDER BY app_id LIMIT 1
""")
_IS_THERE = text("SELECT to_regclass(:table) IS NOT NULL")
_STORED = text("SELECT fingerprint FROM history_key")
_RECORD = text("INSERT INTO history_key (fingerprint) VALUES (:fingerprint) ON CONFLICT DO NOTHING")


def fingerprint_of(key: bytes) -> bytes:
    """Returns 32 bytes that identify the key without revealing it."""
    return hmac.digest(key, PURPOSE, "sha256")


def is_history_key(session: Session, key: bytes) -> bool:
    """Returns whether this database's log is hashed with `key`. Only reads.

    A database without a fingerprint (not migrated, or no process was started since) is judged by its log; a database
    without a log accepts any key.
    """
    stored = session.scalar(_STORED) if _has(session, "history_key") else None
    return _fits_log(session, key) if stored is None else hmac.compare_digest(bytes(stored), fingerprint_of(key))


def record_history_key(session: Session, key: bytes) -> bool:
    """Records the fingerprint of `key` if it is right and none is stored. Returns whether `key` is the database's.

    Does not commit. A database that has not been migrated is left unchanged.
    """
    if is_history_key(session, key) and _has(session, "history_key") and session.scalar(_STORED) is None:
        session.execute(_RECORD, {"fingerprint": fingerprint_of(key)})
    return is_history_key(session, key)


def _has(session: Session, table: str) -> bool:
    return bool(session.scalar(_IS_THERE, {"table": table}))


def _fits_log(session: Session, key: bytes) -> bool:
    row = session.execute(_FIRST_ROW).one_or_none() if _has(session, "transition") else None
    return row is None or row_hash(key, LogRow(*tuple(row)[:11]), NO_HASH) == bytes(row.hash)
