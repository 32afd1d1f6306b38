"""The backlog, for operators: how much work is due, since when, in which lanes, and how much of it is in flight."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.operating.dead_rows import DEAD_KINDS, MESSAGES, REQUESTS
from workflow.work.kinds import DueKind

MAX_COUNTED = 100_000
"""The number of due rows of a kind up to which they are counted."""
MAX_LANES = 10
"""The number of lanes of a kind that are listed: those with the most due rows."""


@dataclass(frozen=True, slots=True)
class KindBacklog:
    """The work of a kind: how many rows are due, the age of the oldest in seconds, how many are leased, and dead."""

    due: int
    oldest_seconds: float
    in_flight: int
    dead: int
    failing_lanes: int


@dataclass(frozen=True, slots=True)
class LaneBacklog:
    """The work of a lane: how many rows are due, and how many of them are leased."""

    kind: str
    lane: str
    due: int
    in_flight: int
    is_failing: bool


@dataclass(frozen=True, slots=True)
class Backlog:
    """The due work by kind, the lanes with the most due rows, and the number of rejected messages."""

    kinds: dict[str, KindBacklog]
    lanes: list[LaneBacklog]
    rejected_messages: int


def measure_backlog(session: Session) -> Backlog:
    """Returns the backlog. Reads at most MAX_COUNTED due rows of each kind, by the index of due rows."""
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
