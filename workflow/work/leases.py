"""A row's life as leased work: done, failed and resting, given back, dead, and due again by a replay."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from models.due import NO_LANE
from workflow.errors import NotFound
from workflow.sql.arrays import Moments, Texts, Uuids, statement
from workflow.sql.storable import MAX_ERROR_CHARACTERS, made_storable
from workflow.work.bells import Bell
from workflow.work.kinds import LEASED_KINDS, DueKind

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


class CannotHeal(Exception):
    """A failure that another try cannot mend: the row is dead at once."""


class LaneFailed(Exception):
    """The party that a row's lane stands for did not answer: the failure counts against the lane too."""


@dataclass(frozen=True, slots=True)
class Lease:
    """A row that this worker has until `until`. How the work ended is recorded by it, and only while it is the row's.

    So a worker that comes back after its lease was over, or after a replay, changes nothing of a newer try.
    `lane_is_failing`: the last tries of its lane failed, and this one tells whether it works again.
    """

    kind: DueKind
    id: UUID
    until: datetime
    lane: str = NO_LANE
    lane_is_failing: bool = False
    is_urgent: bool = False


def finish_due_row(session: Session, lease: Lease, *, also_set: str = "") -> bool:
    """Records that the work is done, with assignments of SQL besides. Does not commit.

    Returns False when the lease is the row's no more.
    """
    besides = f", {also_set}" if also_set else ""
    finished = session.scalar(
        text(f"""
            UPDATE {lease.kind} SET status = 'done', leased_until = NULL{besides}
             WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
        """),
        {"id": lease.id, "until": lease.until},
    )
    return finished is not None


def fail_due_row(session: Session, lease: Lease, error: str, now: datetime, *, can_heal: bool = True) -> bool:
    """Records a failed try: the row rests and is due again, or is dead after the last. Does not commit.

    A failure that cannot heal leaves it dead at once. Returns False and changes nothing when the lease is the row's no
    more.
    """
    failed = session.scalar(
        text(f"""
            UPDATE {lease.kind}
               SET status = CASE WHEN attempts >= :max_attempts OR NOT :can_heal THEN 'dead' ELSE 'due' END,
                   due_at = :now + (:rests)[greatest(1, least(attempts, cardinality(:rests)))] * interval '1 second',
                   leased_until = NULL, last_error = :error
             WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
        """).bindparams(bindparam("error", type_=Text)),
        {
            "id": lease.id,
            "until": lease.until,
            "now": now,
            "can_heal": can_heal,
            "error": made_storable(error, MAX_ERROR_CHARACTERS),
            "max_attempts": MAX_ATTEMPTS,
            "rests": [int(rest.total_seconds()) for rest in RETRY_AFTER],
        },
    )
    return failed is not None


def give_back(session: Session, kind: DueKind, leases: Sequence[Lease]) -> None:
    """Makes rows that nobody began on due again, with the tries that their leases counted. Does not commit."""
    if leases:
        session.execute(
            _GIVE_BACK[kind], {"ids": [lease.id for lease in leases], "untils": [lease.until for lease in leases]}
        )


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
    """Makes a dead row due again with all its tries. Raises NotFound. Does not commit."""
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

    Only those of `lane`, with `error` in their error, and with ids behind `after`, where these are given.
    """
    chosen = {
        "lane": "AND lane = :lane",
        "error": "AND position(:error in last_error) > 0",
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
    """Forgets the failures of lanes: else what is replayed into one that was given up would be given up again."""
    session.execute(_TRY_ANEW, {"kind": kind.value, "lanes": sorted(lanes)})


_TRY_ANEW = statement("DELETE FROM failing_lane WHERE table_name = :kind AND lane = ANY(:lanes)", lanes=Texts())


def bells_of_due_work(session: Session, now: datetime) -> list[Bell]:
    """Returns the bells of what is due and unleased, of transition requests too. One statement."""
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
