"""The key of the history: recognising by its fingerprint the key with which a database's log is hashed."""

import hmac

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.history.chain import NO_HASH, Basis, LogRow, is_hash_of
from workflow.history.digests import policy_digest

PURPOSE = b"devcenter: the fingerprint of a history key"

_FIRST_ROW = """
    SELECT t.app_id, t.version, t.from_state, t.trigger, t.to_state, t.actor_id, t.actor_role, t.policy_version,
           t.request_id, t.at, t.reason_commitment, t.hash, {digest} AS policy_digest
      FROM transition t JOIN policy_version p ON p.version = t.policy_version
     WHERE t.version = 1 ORDER BY t.app_id LIMIT 1
"""
_HAS_DIGESTS = text("""
    SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'policy_version'::regclass AND attname = 'digest')
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
    if not _has(session, "transition"):
        return True
    digest = policy_digest("p") if session.scalar(_HAS_DIGESTS) else "''::bytea"
    row = session.execute(text(_FIRST_ROW.format(digest=digest))).one_or_none()
    if row is None:
        return True
    basis = Basis(bytes(row.policy_digest))
    return is_hash_of(bytes(row.hash), key, LogRow(*tuple(row)[:11]), NO_HASH, basis)
