"""Due work other than transition requests: leasing rows, counting attempts, and recording how they ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from workflow.errors import NotFound

MAX_ATTEMPTS = 6
"""Tries before a row is dead. With the times below that is about three hours."""
RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
)
"""How long a row rests after its first, second, ... failed try."""


class DueKind(StrEnum):
    """The tables whose rows are leased work."""

    REVIEW_STEP = "review_step"
    NOTIFICATION = "notification"
    JOB_TICK = "job_tick"
    WEBSITE_CHECK = "website_check"


@dataclass(frozen=True, slots=True)
class Lease:
    """A row that this worker has until `until`. How the work ended is recorded by it, and only while it is the row's.

    So a worker that comes back after its lease was over, or after a replay, changes nothing of a newer try.
    """

    kind: DueKind
    id: UUID
    until: datetime


def lease_due_rows(session: Session, kind: DueKind, now: datetime, *, lease: timedelta, limit: int) -> list[Lease]:
    """Returns up to `limit` due rows to this worker for `lease`. The caller commits before it works on them.

    Each attempt is counted here, before the work starts. A row whose tries are used up by processes that died becomes
    dead instead of being given.
    """
    statement = text(f"""
        UPDATE {kind}
           SET status = CASE WHEN attempts >= :max_attempts THEN 'dead' ELSE 'due' END,
               leased_until = CASE WHEN attempts < :max_attempts THEN CAST(:until AS timestamptz) END,
               attempts = least(attempts + 1, :max_attempts),
               last_error = CASE WHEN attempts < :max_attempts THEN last_error
                                 ELSE coalesce(last_error || '; ', '') || 'its process died during attempt ' || attempts
                            END
         WHERE id IN (SELECT id FROM {kind}
                       WHERE status = 'due' AND due_at <= :now AND (leased_until IS NULL OR leased_until <= :now)
                       ORDER BY due_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id, status
    """)
    wanted = {"until": now + lease, "now": now, "limit": limit, "max_attempts": MAX_ATTEMPTS}
    while True:
        taken = session.execute(statement, wanted).all()
        leases = [Lease(kind, row.id, now + lease) for row in taken if row.status == "due"]
        if leases or not taken:
            return leases


def finish_due_row(session: Session, lease: Lease) -> bool:
    """Records that the work is done. Returns False when the lease is the row's no more. Does not commit."""
    finished = session.scalar(
        text(f"""
            UPDATE {lease.kind} SET status = 'done', leased_until = NULL
             WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
        """),
        {"id": lease.id, "until": lease.until},
    )
    return finished is not None


def fail_due_row(session: Session, lease: Lease, error: str, now: datetime) -> None:
    """Records a failed try: the row rests and is due again, or is dead after the last. Does not commit.

    Changes nothing when the lease is the row's no more.
    """
    session.execute(
        text(f"""
            UPDATE {lease.kind}
               SET status = CASE WHEN attempts >= :max_attempts THEN 'dead' ELSE 'due' END,
                   due_at = :now + (:rests)[greatest(1, least(attempts, cardinality(:rests)))] * interval '1 second',
                   leased_until = NULL, last_error = :error
             WHERE id = :id AND status = 'due' AND leased_until = :until
        """).bindparams(bindparam("error", type_=Text)),
        {
            "id": lease.id,
            "until": lease.until,
            "now": now,
            "error": error.replace("\x00", "")[:2000],
            "max_attempts": MAX_ATTEMPTS,
            "rests": [int(rest.total_seconds()) for rest in RETRY_AFTER],
        },
    )


def replay_due_row(session: Session, kind: DueKind, row_id: UUID) -> None:
    """Makes a dead row due again with all its tries. Raises NotFound. Does not commit."""
    found = session.scalar(
        text(f"""
            UPDATE {kind} SET status = 'due', attempts = 0, leased_until = NULL, due_at = now()
             WHERE id = :id AND status = 'dead' RETURNING id
        """),
        {"id": row_id},
    )
    if found is None:
        raise NotFound("dead.not_found", f"No dead {kind} has the id {row_id}.", "List the dead rows.")


def due_kinds(session: Session, now: datetime) -> Sequence[str]:
    """Returns the kinds that have work due and unleased, "transition_request" among them. One statement."""
    leased = [
        f"SELECT '{kind}' AS kind WHERE EXISTS (SELECT FROM {kind} WHERE status = 'due' AND due_at <= :now "
        f"AND (leased_until IS NULL OR leased_until <= :now))"
        for kind in DueKind
    ]
    requests = (
        "SELECT 'transition_request' AS kind "
        "WHERE EXISTS (SELECT FROM transition_request WHERE status = 'due' AND due_at <= :now)"
    )
    return session.scalars(text(" UNION ALL ".join([requests, *leased])), {"now": now}).all()
