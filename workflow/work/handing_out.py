"""Leasing due rows to a process: urgent rows first, lanes in turn, and never more of a lane than its bound."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import bindparam
from sqlalchemy.orm import Session
from sqlalchemy.types import DateTime, Text

from models.due import NO_LANE, Urgency
from workflow.sql.arrays import Texts, statement
from workflow.sql.locks import LockSpace, lock_names
from workflow.work.kinds import LEASED_KINDS, DueKind, LeasedKind
from workflow.work.leases import MAX_ATTEMPTS, RETRY_AFTER, Lease

MAX_LANES_WALKED: Final = 500
"""The number of lanes that one call visits. The next call continues after them."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """The lane, by urgency, after which the next call begins, so that each lane has its turn."""

    urgent: str = ""
    bulk: str = ""

    def after(self, urgency: Urgency) -> str:
        """Returns the lane of this urgency after which the next call begins."""
        return self.urgent if urgency is Urgency.URGENT else self.bulk


@dataclass(frozen=True, slots=True)
class HandedOut:
    """What a look found: the leases, most urgent first, and which lanes it reached.

    `lanes` are those of the rows that it took, by urgency. `is_cut`, by urgency: it took as many rows as it might.
    """

    leases: tuple[Lease, ...]
    lanes: dict[Urgency, frozenset[str]]
    is_cut: dict[Urgency, bool]

    @property
    def walked(self) -> tuple[Urgency, ...]:
        """The urgencies whose lanes it walked past until there were no more, or until MAX_LANES_WALKED."""
        return tuple(urgency for urgency, is_cut in self.is_cut.items() if not is_cut)


@dataclass(frozen=True, slots=True)
class WalkEnd:
    """The last lane of a walk, and whether it stopped there because of MAX_LANES_WALKED."""

    lane: str
    is_stopped: bool


def hand_out(
    session: Session,
    kind: DueKind,
    *,
    room: int,
    bulk_room: int | None = None,
    cursor: Cursor | None = None,
    proven: Collection[str] = (),
    now: datetime | None = None,
) -> HandedOut:
    """Leases up to `room` due rows, of which up to `bulk_room` are not urgent. Does not commit of itself.

    Locks the kind until the transaction ends, so that processes that lease its rows take turns. In all processes
    together, a lane has at most its kind's bound of rows in flight if it is one of the `proven` lanes, which answered
    lately; otherwise at most one; and none during a pause after failures. An attempt is counted here, before the work
    begins. A row whose process died is due again after the delay of a failed attempt, or dead after its last. `now` is
    the database's clock if it is None.
    """
    cursor, bulk_room = cursor or Cursor(), room if bulk_room is None else bulk_room
    lock_names(
        session, LockSpace.HANDING_OUT, kind.value
    )  # the next statement sees what was handed out before its turn
    wanted = {
        "room": room,
        "bulk_room": bulk_room,
        "urgent_after": cursor.urgent,
        "bulk_after": cursor.bulk,
        "proven": list(proven),
        "now": now,
    }
    rows = session.execute(_HAND_OUT[kind], wanted).all()
    lanes = {one: [row.lane for row in rows if row.urgency == one] for one in Urgency}
    urgent, bulk = len(lanes[Urgency.URGENT]), len(lanes[Urgency.BULK])
    return HandedOut(
        leases=tuple(
            Lease(kind, row.id, row.leased_until, row.lane, row.lane_is_failing, row.urgency == Urgency.URGENT)
            for row in sorted(rows, key=lambda row: (row.urgency, row.due_at, row.id))
            if row.leased_until is not None
        ),
        lanes={one: frozenset(found) for one, found in lanes.items()},
        is_cut={Urgency.URGENT: urgent >= room, Urgency.BULK: bulk >= min(bulk_room, room - urgent)},
    )


def find_walk_ends(
    session: Session, kind: DueKind, cursor: Cursor, urgencies: Sequence[Urgency] = tuple(Urgency)
) -> dict[Urgency, WalkEnd]:
    """Returns where walks from `cursor` past the lanes that have due rows end, for each of `urgencies`."""
    after = {_AFTER[one]: cursor.after(one) for one in urgencies}
    found = session.execute(_walk_ends(kind, tuple(urgencies)), after).all()
    return {Urgency(row.urgency): WalkEnd(row.lane, row.stopped) for row in found}


def next_cursor(cursor: Cursor, found: HandedOut, ends: Mapping[Urgency, WalkEnd]) -> tuple[Cursor, bool]:
    """Returns where the next look begins, and whether this one left lanes that it did not reach. Pure.

    A look that was cut goes on behind the last lane that it reached; one that stopped, behind the last lane that it
    passed. An urgency of which all lanes were reached waits at its end for the other.
    """
    after = {one: cursor.after(one) for one in Urgency}
    lanes_left = False
    for urgency, place in after.items():
        if found.is_cut[urgency]:
            lanes_left = True
            wrapped = [lane for lane in found.lanes[urgency] if lane <= place]
            after[urgency] = max(wrapped or found.lanes[urgency], default=place)
        else:
            after[urgency] = ends[urgency].lane
            lanes_left |= ends[urgency].is_stopped
    return (Cursor(after[Urgency.URGENT], after[Urgency.BULK]) if lanes_left else Cursor()), lanes_left


def _walk(kind: DueKind, urgency: Urgency) -> str:
    """Returns the recursive query that visits the lanes of `part`, with one index probe for each lane."""
    return f"""
        WITH RECURSIVE walk (lane, step) AS (
            SELECT part.low COLLATE "C", 0 WHERE part.high IS NULL OR part.high <> ''
          UNION ALL
            SELECT next.lane, walk.step + 1
              FROM walk
             CROSS JOIN LATERAL (SELECT k.lane FROM {kind} k
                                  WHERE k.status = 'due' AND k.urgency = {urgency.value} AND k.lane > walk.lane
                                  ORDER BY k.lane LIMIT 1) next
             WHERE walk.step < {MAX_LANES_WALKED} AND (part.high IS NULL OR next.lane <= part.high))
    """


def _turn(leased: LeasedKind, urgency: Urgency, picked_before: str) -> str:
    """Returns the query for due rows of an urgency, by lane: those after the cursor, then those up to it."""
    after = _AFTER[urgency]
    return f"""
        SELECT turn.id, turn.lane
          FROM (VALUES (CAST(:{after} AS text), NULL), ('', :{after})) AS part (low, high)
         CROSS JOIN LATERAL (
            {_walk(leased.kind, urgency)}
            SELECT due.id, walk.lane
              FROM walk
             CROSS JOIN LATERAL (
                SELECT k.id FROM {leased.kind} k
                 WHERE k.status = 'due' AND k.urgency = {urgency.value} AND k.lane = walk.lane
                   AND k.due_at <= (TABLE clock)
                   AND (k.leased_until IS NULL OR k.leased_until <= (TABLE clock))
                 ORDER BY k.due_at, k.id
                 LIMIT CASE WHEN walk.lane = '{NO_LANE}' THEN CAST(:room AS integer)
                            ELSE greatest(0, coalesce(
                                   (SELECT CASE WHEN f.died_at IS NULL AND f.rests_until <= (TABLE clock)
                                                THEN 1 ELSE 0 END
                                      FROM failing_lane f
                                     WHERE f.table_name = '{leased.kind}' AND f.lane = walk.lane),
                                   CASE WHEN walk.lane IN (SELECT unnest(:proven)) THEN {leased.lane_bound} ELSE 1 END)
                                 - coalesce((SELECT held.many FROM held WHERE held.lane = walk.lane), 0)
                                 - {picked_before}) END
                   FOR NO KEY UPDATE SKIP LOCKED) due
             WHERE walk.step > 0) turn
    """


def _hand_out_statement(leased: LeasedKind) -> Any:
    kind = leased.kind
    rests = f"ARRAY{[int(rest.total_seconds()) for rest in RETRY_AFTER]}"
    has_died, is_used_up = "leased_until IS NOT NULL", f"attempts >= {MAX_ATTEMPTS}"
    urgent = _turn(leased, Urgency.URGENT, "0")
    bulk = _turn(leased, Urgency.BULK, "(SELECT count(*) FROM urgent WHERE urgent.lane = walk.lane)::integer")
    sql = _short(f"""
        WITH clock AS MATERIALIZED (SELECT coalesce(:now, clock_timestamp()) AS now),
        held AS MATERIALIZED (
            SELECT lane, count(*)::integer AS many FROM {kind}
             WHERE status = 'due' AND leased_until IS NOT NULL AND leased_until > (TABLE clock) GROUP BY lane
        ), urgent AS MATERIALIZED ({urgent} LIMIT CAST(:room AS integer)
        ), bulk AS MATERIALIZED (
            {bulk}
            LIMIT greatest(0, least(CAST(:bulk_room AS integer),
                                    CAST(:room AS integer) - (SELECT count(*) FROM urgent)))
        )
        UPDATE {kind}
           SET status = CASE WHEN {is_used_up} THEN 'dead' ELSE 'due' END,
               leased_until = CASE WHEN {is_used_up} OR {has_died} THEN NULL
                                   ELSE (TABLE clock)
                                        + interval '{int(leased.lease.total_seconds())} seconds' END,
               due_at = CASE WHEN {has_died} AND NOT {is_used_up}
                             THEN (TABLE clock) + ({rests})[greatest(1, attempts)] * interval '1 second'
                             ELSE due_at END,
               last_error = CASE WHEN {has_died}
                                 THEN coalesce(last_error || '; ', '') || 'its process died during attempt ' || attempts
                                 ELSE last_error END,
               attempts = CASE WHEN {is_used_up} OR {has_died} THEN attempts ELSE attempts + 1 END
         WHERE id = ANY (ARRAY(SELECT id FROM urgent UNION ALL SELECT id FROM bulk))
        RETURNING id, leased_until, due_at, urgency, lane,
                  EXISTS (SELECT FROM failing_lane f WHERE f.table_name = '{kind}' AND f.lane = {kind}.lane)
                      AS lane_is_failing
    """)
    return statement(sql, proven=Texts()).bindparams(*_TYPED)


@cache
def _walk_ends(kind: DueKind, urgencies: tuple[Urgency, ...]) -> Any:
    """Returns the query for the last lane visited of each urgency, and whether lanes were left after it."""
    parts = " UNION ALL ".join(
        f"""
        SELECT {urgency.value} AS urgency, ended.lane, ended.stopped
          FROM (SELECT CAST(:{_AFTER[urgency]} AS text) AS low, CAST(NULL AS text) AS high) part
         CROSS JOIN LATERAL ({_walk(kind, urgency)}
                             SELECT max(lane) AS lane, max(step) >= {MAX_LANES_WALKED} AS stopped FROM walk) ended
        """
        for urgency in urgencies
    )
    return statement(_short(parts))


def _short(sql: str) -> str:
    """Returns `sql` on one line. The driver remembers how it reads a statement only up to 4,096 characters."""
    return " ".join(sql.split())


_AFTER: Final = {Urgency.URGENT: "urgent_after", Urgency.BULK: "bulk_after"}
"""The parameter with the lane after which a walk of an urgency begins."""

_TYPED = (
    bindparam("now", type_=DateTime(timezone=True)),
    bindparam("urgent_after", type_=Text),
    bindparam("bulk_after", type_=Text),
)
_HAND_OUT = {kind: _hand_out_statement(leased) for kind, leased in LEASED_KINDS.items()}
