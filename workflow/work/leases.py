"""How a lease ends: the row is done, failed and due later, given back, or dead. And replaying dead rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import DateTime, Text

from models.due import NO_LANE
from workflow.errors import NotFound
from workflow.sql.arrays import Moments, Texts, Uuids, statement
from workflow.sql.storable import MAX_ERROR_CHARACTERS, made_storable
from workflow.work.bells import Bell
from workflow.work.kinds import LEASED_KINDS, DueKind

MAX_ATTEMPTS = 6
"""The number of attempts before a row is dead, which with RETRY_AFTER takes about three hours."""
RETRY_AFTER = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=10),
    timedelta(minutes=30),
    timedelta(hours=2),
)
"""The delay after a row's first, second, ... failed attempt."""


class PermanentFailure(Exception):
    """A failure that another attempt cannot cure: the row is dead at once."""


class LaneFailed(Exception):
    """The party that a row's lane stands for did not answer: the failure counts against the lane too."""


class ServiceAway(Exception):
    """What every row of the kind needs is away, such as the mail server: no fault of the row, and no attempt of it."""


class TryLater(Exception):
    """A foreseen failure that may pass: the row is tried again, after `rest` at least."""

    def __init__(self, what: str, rest: timedelta = timedelta()) -> None:
        super().__init__(what)
        self.rest = rest


AWAY_REST = timedelta(seconds=1)
"""How long a row rests after a try that found the service away."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A worker's hold on a row until `until`. The end of the work is recorded only if the row still has this lease.

    So a worker whose lease has ended, or whose row was replayed, changes nothing of a newer attempt.
    `lane_is_failing`: the lane's last attempts failed, and this one tests whether it works again.
    """

    kind: DueKind
    id: UUID
    until: datetime
    lane: str = NO_LANE
    lane_is_failing: bool = False
    is_urgent: bool = False


def finish_due_row(session: Session, lease: Lease, *, also_set: str = "") -> bool:
    """Records that the work is done. `also_set` holds further SQL assignments. Does not commit.

    Returns False and changes nothing if the row no longer has this lease.
    """
    finished = session.execute(_finish(lease.kind, also_set), {"id": lease.id, "until": lease.until})
    return finished.one_or_none() is not None


def progress_due_row(session: Session, lease: Lease) -> bool:
    """Makes a row that has come further, and is not done, due again at once, with all its attempts. Does not commit.

    For work that is longer than an attempt. Returns False and changes nothing if the row no longer has this lease.
    """
    return session.execute(_PROGRESS[lease.kind], {"id": lease.id, "until": lease.until}).one_or_none() is not None


def lock_leased_row(session: Session, lease: Lease) -> bool:
    """Locks the row until the transaction ends. Returns whether it still has this lease."""
    return session.execute(_LOCK_LEASED[lease.kind], {"id": lease.id, "until": lease.until}).one_or_none() is not None


def fail_due_row(
    session: Session,
    lease: Lease,
    error: str,
    now: datetime | None = None,
    *,
    may_retry: bool = True,
    counts: bool = True,
    rest: timedelta = timedelta(),
) -> bool:
    """Records a failed attempt: the row is due again after a delay or, after its last attempt, dead. Does not commit.

    The delay is `rest` at least. If the failure is permanent (not `may_retry`), the row is dead at once. If it `counts`
    for nothing, the row is due again after AWAY_REST with as many attempts as before. Returns False and changes nothing
    if the row no longer has this lease. `now` is the database's clock if it is None.
    """
    failed = session.execute(
        _FAIL[lease.kind],
        {
            "id": lease.id,
            "until": lease.until,
            "now": now,
            "may_retry": may_retry,
            "counts": counts,
            "rest": int(rest.total_seconds()),
            "error": made_storable(error, MAX_ERROR_CHARACTERS),
        },
    )
    return failed.one_or_none() is not None


def give_back(session: Session, kind: DueKind, leases: Sequence[Lease]) -> None:
    """Makes rows that nobody began on due again at once, without counting an attempt. Does not commit."""
    if leases:
        session.execute(
            _GIVE_BACK[kind], {"ids": [lease.id for lease in leases], "untils": [lease.until for lease in leases]}
        )


@cache
def _finish(kind: DueKind, also_set: str) -> Any:
    """Returns the statement that finishes a row. Cached: a DirectSession knows statements by their identity."""
    besides = f", {also_set}" if also_set else ""
    return text(f"""
        UPDATE {kind} SET status = 'done', leased_until = NULL{besides}
         WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
    """)


_PROGRESS = {
    kind: text(f"""
        UPDATE {kind} SET due_at = clock_timestamp(), attempts = 0, leased_until = NULL, last_error = NULL
         WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
    """)
    for kind in DueKind
}

_LOCK_LEASED = {
    kind: text(f"""
        SELECT id FROM {kind} WHERE id = :id AND status = 'due' AND leased_until = :until FOR NO KEY UPDATE
    """)
    for kind in DueKind
}

_FAIL = {
    kind: text(f"""
        UPDATE {kind}
           SET status = CASE WHEN :counts AND attempts >= {MAX_ATTEMPTS} OR NOT :may_retry THEN 'dead' ELSE 'due' END,
               attempts = CASE WHEN :counts THEN attempts ELSE attempts - 1 END,
               due_at = coalesce(CAST(:now AS timestamptz), clock_timestamp())
                        + CASE WHEN :counts
                               THEN greatest(CAST(:rest AS integer),
                                             (ARRAY{[int(rest.total_seconds()) for rest in RETRY_AFTER]})
                                             [greatest(1, least(attempts, {len(RETRY_AFTER)}))])
                               ELSE {int(AWAY_REST.total_seconds())} END * interval '1 second',
               leased_until = NULL, last_error = :error
         WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
    """).bindparams(bindparam("error", type_=Text), bindparam("now", type_=DateTime(timezone=True)))
    for kind in DueKind
}

_GIVE_BACK = {
    kind: statement(
        f"""
        UPDATE {kind} SET leased_until = NULL, attempts = attempts - 1
          FROM unnest(:ids, :untils) AS given (id, until)
         WHERE {kind}.id = given.id AND status = 'due' AND leased_until = given.until
        """,
        ids=Uuids(),
        untils=Moments(),
    )
    for kind in DueKind
}


def replay_due_row(session: Session, kind: DueKind, row_id: UUID) -> None:
    """Makes a dead row due again, with all its attempts. Does not commit. Raises NotFound."""
    lane = session.scalar(
        text(f"""
            UPDATE {kind} SET status = 'due', attempts = 0, leased_until = NULL, due_at = now()
             WHERE id = :id AND status = 'dead' RETURNING lane
        """),
        {"id": row_id},
    )
    if lane is None:
        raise NotFound("dead.not_found", f"No dead {kind} has the id {row_id}.", "List the dead rows.")
    _try_lanes_anew(session, kind, {lane})


def replay_due_rows(
    session: Session, kind: DueKind, *, lane: str | None, error: str | None, after: UUID | None, limit: int
) -> list[UUID]:
    """Makes up to `limit` dead rows due again with all their tries; returns their ids, in order. Does not commit.

    Only those of `lane`, with `error` in their error in any case, and with ids behind `after`, where these are given.
    """
    chosen = {
        "lane": "AND lane = :lane",
        "error": "AND strpos(lower(last_error), lower(:error)) > 0",
        "after": "AND id > :after",
    }
    given = {"lane": lane, "error": error, "after": after}
    wanted = {name: value for name, value in given.items() if value is not None}
    replayed = session.execute(
        text(f"""
            UPDATE {kind} SET status = 'due', attempts = 0, leased_until = NULL, due_at = now()
             WHERE id IN (SELECT id FROM {kind} WHERE status = 'dead' {" ".join(chosen[name] for name in wanted)}
                           ORDER BY id LIMIT :limit FOR NO KEY UPDATE)
            RETURNING id, lane
        """),
        {"limit": limit, **wanted},
    ).all()
    _try_lanes_anew(session, kind, {row.lane for row in replayed})
    return sorted(row.id for row in replayed)


def _try_lanes_anew(session: Session, kind: DueKind, lanes: set[str]) -> None:
    """Deletes the failures of lanes, so that rows replayed into a lane that was given up are tried again."""
    session.execute(_TRY_ANEW, {"kind": kind.value, "lanes": sorted(lanes)})


_TRY_ANEW = statement("DELETE FROM failing_lane WHERE table_name = :kind AND lane = ANY(:lanes)", lanes=Texts())


def bells_of_due_work(session: Session, now: datetime) -> list[Bell]:
    """Returns the bells of all kinds of work with due rows that are not leased. One statement."""
    leased = [
        f"SELECT '{one.bell}' AS bell WHERE EXISTS (SELECT FROM {one.kind} WHERE status = 'due' AND due_at <= :now "
        f"AND (leased_until IS NULL OR leased_until <= :now))"
        for one in LEASED_KINDS.values()
    ]
    requests = (
        f"SELECT '{Bell.APPLY}' AS bell "
        "WHERE EXISTS (SELECT FROM transition_request WHERE status = 'due' AND due_at <= :now)"
    )
    return [Bell(bell) for bell in session.scalars(text(" UNION ALL ".join([requests, *leased])), {"now": now})]
