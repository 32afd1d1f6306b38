"""Failing lanes: a lane that keeps failing is tried one row at a time, and its rows are given up together."""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, text
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from models.due import NO_LANE
from workflow.sql.storable import MAX_ERROR_CHARACTERS, made_storable
from workflow.work.kinds import LEASED_KINDS, DueKind
from workflow.work.leases import RETRY_AFTER, Lease

MIN_FAILURES = 6
"""The number of consecutive failures before a lane is given up."""
LANE_DIES_AFTER: timedelta = sum(RETRY_AFTER, timedelta())
"""How long a lane must have been failing before it is given up: as long as the attempts of one row take."""
FIRST_REST = timedelta(seconds=5)
MAX_REST = timedelta(minutes=1)
"""The longest pause of a failing lane. Pauses begin with FIRST_REST and double with each failure."""
FORGOTTEN_AFTER = timedelta(hours=1)
"""How long after its last rest a lane that nobody tries counts as failing."""
MAX_BURIED = 5_000
"""The number of rows of a lane that one transaction gives up."""

LANE_OF_PERSON = f"coalesce(nullif(lower(split_part(p.email, '@', -1)), ''), '{NO_LANE}')"
"""What `mail_lane` says of the address of the person `p`, in SQL. Every statement that mails people uses it."""


def mail_lane(address: str) -> str:
    """Returns the lane of mail to `address`: the domain."""
    return address.rpartition("@")[2].lower() or NO_LANE


def note_lane_failed(session: Session, lease: Lease, error: str, now: datetime) -> None:
    """Counts a failure of the lane of `lease`, if the kind has failing lanes, and pauses the lane. Does not commit.

    A lane that has failed for LANE_DIES_AFTER is given up: `bury_dead_lanes` ends its rows. Failures that are far apart
    are not in a row: after FORGOTTEN_AFTER without any, counting begins anew.
    """
    if not LEASED_KINDS[lease.kind].lanes_fail or lease.lane == NO_LANE:
        return
    session.execute(
        _NOTE_FAILED,
        {
            "table_name": lease.kind.value,
            "lane": lease.lane,
            "error": made_storable(error, MAX_ERROR_CHARACTERS),
            "now": now,
            "first_rest": FIRST_REST,
            "max_rest": MAX_REST,
            "min_failures": MIN_FAILURES,
            "dies_after": LANE_DIES_AFTER,
            "forgotten_after": FORGOTTEN_AFTER,
        },
    )


def note_lane_works(session: Session, lease: Lease) -> None:
    """Deletes the record of failures of the lane of `lease`, if it has one. Does not commit."""
    if lease.lane_is_failing:
        session.execute(_FORGET_FAILURES, {"table_name": lease.kind.value, "lane": lease.lane})


def bury_dead_lanes(session: Session, now: datetime, *, limit: int = MAX_BURIED) -> int:
    """Ends up to `limit` rows of lanes that were given up, and returns how many. Does not commit.

    They are the rows that were due when their lane was given up. They are dead, and can be replayed, one or all of the
    lane. Once none is left the lane begins anew: what became due later is tried. Lanes that nobody has tried for long
    are forgotten.
    """
    buried = 0
    dead = session.execute(text("SELECT table_name, lane FROM failing_lane WHERE died_at IS NOT NULL")).all()
    for row in dead:
        kind = DueKind(row.table_name)
        lane = {"kind": kind.value, "lane": row.lane}
        if buried < limit:
            buried += len(session.execute(_BURY[kind], {**lane, "now": now, "limit": limit - buried}).all())
        if buried < limit:
            session.execute(_FORGET_BURIED[kind], lane)
    session.execute(_FORGET_UNTRIED, {"before": now - FORGOTTEN_AFTER})
    return buried


_NOW = "CAST(:now AS timestamptz)"
_IS_LATE = f"lane_row.rests_until < {_NOW} - :forgotten_after"

_NOTE_FAILED = text(f"""
    INSERT INTO failing_lane AS lane_row (table_name, lane, failures, failing_since, rests_until, last_error)
    VALUES (:table_name, :lane, 1, :now, {_NOW} + :first_rest, :error)
    ON CONFLICT (table_name, lane) DO UPDATE
       SET failures = CASE WHEN {_IS_LATE} THEN 1 ELSE lane_row.failures + 1 END,
           failing_since = CASE WHEN {_IS_LATE} THEN {_NOW} ELSE lane_row.failing_since END,
           rests_until = {_NOW} + CASE WHEN {_IS_LATE} THEN :first_rest
                                       ELSE least(:first_rest * power(2, least(lane_row.failures, 10)), :max_rest) END,
           last_error = excluded.last_error,
           died_at = coalesce(lane_row.died_at,
                              CASE WHEN lane_row.failures + 1 >= :min_failures AND NOT {_IS_LATE}
                                    AND lane_row.failing_since <= {_NOW} - :dies_after THEN {_NOW} END)
""").bindparams(bindparam("error", type_=Text), bindparam("lane", type_=Text))

_FORGET_FAILURES = text("DELETE FROM failing_lane WHERE table_name = :table_name AND lane = :lane")
_FORGET_UNTRIED = text("DELETE FROM failing_lane WHERE died_at IS NULL AND rests_until < :before")

_BURY = {
    kind: text(f"""
        UPDATE {kind} SET status = 'dead', leased_until = NULL,
               last_error = 'its lane ' || :lane || ' has failed ' || f.failures || ' times since '
                            || to_char(f.failing_since AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI "UTC"') || ': '
                            || f.last_error
          FROM failing_lane f
         WHERE f.table_name = :kind AND f.lane = :lane
           AND id IN (SELECT k.id FROM {kind} k
                       WHERE k.status = 'due' AND k.lane = :lane AND k.urgency IN (0, 1)
                         AND k.due_at <= (SELECT died_at FROM failing_lane WHERE table_name = :kind AND lane = :lane)
                         AND (k.leased_until IS NULL OR k.leased_until <= :now)
                       LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
        RETURNING id
    """).bindparams(bindparam("lane", type_=Text))
    for kind in DueKind
}

_FORGET_BURIED = {
    kind: text(f"""
        DELETE FROM failing_lane f
         WHERE f.table_name = :kind AND f.lane = :lane
           AND NOT EXISTS (SELECT FROM {kind} k WHERE k.status = 'due' AND k.lane = :lane AND k.urgency IN (0, 1)
                              AND k.due_at <= f.died_at)
    """).bindparams(bindparam("lane", type_=Text))
    for kind in DueKind
}
