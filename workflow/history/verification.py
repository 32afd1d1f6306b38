"""Verifying the history: replays every App's log, recomputes every hash, and compares with exported heads."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from workflow.history.chain import NO_HASH, LogRow, commit_to, row_hash


@dataclass(frozen=True, slots=True)
class Finding:
    """A place where the history is not as it was written. `version` is None if the finding is about a whole App."""

    app_id: UUID
    version: int | None
    detail: str


@dataclass(frozen=True, slots=True)
class Head:
    """The last row of an App's log at the time of an export."""

    app_id: UUID
    version: int
    hash: bytes


_LOG = text("""
    SELECT t.app_id, t.version, t.from_state, t.trigger, t.to_state, t.actor_id, t.actor_role, t.policy_version,
           t.request_id, t.at, t.reason_commitment, t.hash, r.salt, r.reasons
      FROM transition t LEFT JOIN transition_reason r USING (app_id, version)
     ORDER BY t.app_id, t.version
""").execution_options(yield_per=2000)

_HEADS_WITHOUT_APP_STATE = text("""
    SELECT a.id, a.version, a.state FROM app a
     WHERE NOT EXISTS (SELECT FROM transition t
                        WHERE t.app_id = a.id AND t.version = a.version AND t.to_state = a.state)
        OR EXISTS (SELECT FROM transition t WHERE t.app_id = a.id AND t.version > a.version)
""")

_OUTCOMES_WITHOUT_ROW = text("""
    SELECT q.app_id, q.version FROM transition_request q
     WHERE q.status = 'applied'
       AND NOT EXISTS (SELECT FROM transition t WHERE t.app_id = q.app_id AND t.version = q.version
                                                  AND t.request_id = q.id AND t.trigger = q.trigger)
""")

_ORPHANS = text("SELECT DISTINCT app_id FROM transition t WHERE NOT EXISTS (SELECT FROM app WHERE id = t.app_id)")


def verify_history(session: Session, key: bytes, exported: Iterable[Head] = ()) -> Iterator[Finding]:
    """Yields every finding; none means that the log is as it was written. Only reads, in constant memory.

    The chain itself cannot show that the end of a log was cut off. Applied requests and `exported` heads can.
    """
    for app_id, rows in groupby(session.execute(_LOG), key=lambda row: row.app_id):
        yield from _verify_app(app_id, rows, key)
    for row in session.execute(_HEADS_WITHOUT_APP_STATE):
        detail = f"the App is {row.state} at version {row.version}, but its log does not end there"
        yield Finding(row.id, row.version, detail)
    for row in session.execute(_OUTCOMES_WITHOUT_ROW):
        yield Finding(row.app_id, row.version, "a request was applied at this version, but the log has no such row")
    for row in session.execute(_ORPHANS):
        yield Finding(row.app_id, None, "the log has rows of an App that does not exist")
    yield from _verify_heads(session, exported)


def exported_heads(session: Session, since: datetime) -> list[dict[str, Any]]:
    """Returns the newest head of each App with a transition at or after `since`, in the form of the export."""
    rows = session.execute(
        text("""
            SELECT DISTINCT ON (app_id) app_id, version, hash, at FROM transition
             WHERE at >= :since ORDER BY app_id, version DESC
        """),
        {"since": since},
    )
    return [
        {"app_id": str(row.app_id), "version": row.version, "hash": row.hash.hex(), "at": row.at.isoformat()}
        for row in rows
    ]


def _verify_app(app_id: UUID, rows: Iterable[Row[Any]], key: bytes) -> Iterator[Finding]:
    previous, state, version = NO_HASH, "new", 0
    for row in rows:
        if row.version != version + 1:
            yield Finding(app_id, row.version, f"version {version + 1} is missing before this row")
        elif row.from_state != state:
            yield Finding(app_id, row.version, f"starts in {row.from_state}, but the row before it led to {state}")
        log_row = LogRow(*tuple(row)[:11])
        stored = bytes(row.hash)
        if row_hash(key, log_row, previous) != stored:
            yield Finding(app_id, row.version, "its hash is wrong: this row or one before it was changed or inserted")
        if row.reasons is not None and commit_to(row.reasons, bytes(row.salt)) != row.reason_commitment:
            yield Finding(app_id, row.version, "its reasons are not those that were written")
        previous, state, version = stored, row.to_state, row.version


def _verify_heads(session: Session, exported: Iterable[Head]) -> Iterator[Finding]:
    for head in exported:
        stored = session.scalar(
            text("SELECT hash FROM transition WHERE app_id = :app_id AND version = :version"),
            {"app_id": head.app_id, "version": head.version},
        )
        if stored is None:
            yield Finding(head.app_id, head.version, "this exported row is missing")
        elif bytes(stored) != head.hash:
            yield Finding(head.app_id, head.version, "this row is not the one that was exported")
