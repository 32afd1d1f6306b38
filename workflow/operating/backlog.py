"""How much work waits, since when, what is in flight, and in which lanes: for operators."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.operating.dead_rows import DEAD_KINDS, MESSAGES, REQUESTS
from workflow.work.kinds import DueKind

MAX_COUNTED = 100_000
"""Due rows of a kind that are counted: more are as many."""
MAX_LANES = 10
"""Lanes of a kind that are named: those with the most due rows."""


@dataclass(frozen=True, slots=True)
class KindBacklog:
    """A kind's rows that are due now, since how many seconds the oldest, how many are leased, and how many are dead."""

    due: int
    oldest_seconds: float
    in_flight: int
    dead: int
    failing_lanes: int


@dataclass(frozen=True, slots=True)
class LaneBacklog:
    """A lane's rows that are due now, and how many of them are leased."""

    kind: str
    lane: str
    due: int
    in_flight: int
    is_failing: bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits, by kind; the lanes with the most of it; and how many messages could not be taken in."""

    kinds: dict[str, KindBacklog]
    lanes: list[LaneBacklog]
    rejected_messages: int


def measure_backlog(session: Session) -> Backlog:
    """Counts what waits. Reads at most MAX_COUNTED due rows of a kind, by the index of what is due."""
    kinds = {
        row.kind: KindBacklog(row.due, float(row.oldest), row.held, row.dead, row.failing)
        for row in session.execute(_KINDS)
    }
    lanes = [LaneBacklog(row.kind, row.lane, row.due, row.held, row.failing) for row in session.execute(_LANES)]
    rejected = int(session.execute(text(f"SELECT count(*) FROM {MESSAGES}")).scalar_one())
    return Backlog(kinds, lanes, rejected)


def _due(kind: str, columns: str) -> str:
    return f"""(SELECT {columns} FROM {kind} WHERE status = 'due' AND due_at <= now() LIMIT {MAX_COUNTED})"""


def _kind(kind: str) -> str:
    is_leased = kind != REQUESTS
    held = "count(*) FILTER (WHERE leased_until > now())" if is_leased else "0"
    failing = f"(SELECT count(*) FROM failing_lane WHERE table_name = '{kind}')" if is_leased else "0"
    return f"""
        SELECT '{kind}' AS kind, count(*) AS due, {held} AS held,
               coalesce(extract(epoch FROM now() - min(due_at)), 0) AS oldest,
               (SELECT count(*) FROM {kind} WHERE status = 'dead') AS dead, {failing} AS failing
          FROM {_due(kind, "due_at, leased_until" if is_leased else "due_at")} due
    """


def _lanes(kind: str) -> str:
    return f"""
        (SELECT '{kind}' AS kind, lane, count(*) AS due, count(*) FILTER (WHERE leased_until > now()) AS held,
                EXISTS (SELECT FROM failing_lane f WHERE f.table_name = '{kind}' AND f.lane = due.lane) AS failing
           FROM {_due(kind, "lane, leased_until")} due
          GROUP BY lane ORDER BY due DESC, lane LIMIT {MAX_LANES})
    """


_KINDS = text(" UNION ALL ".join(map(_kind, DEAD_KINDS)))
_LANES = text(" UNION ALL ".join(_lanes(kind.value) for kind in DueKind))
