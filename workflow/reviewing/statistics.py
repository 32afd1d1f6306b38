"""Review statistics: how many are open now, and what was decided each week. Set-based, over a bounded range."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import ReviewKind

MAX_WEEKS = 53
TOP_FINDINGS = 5
"""The number of findings that are listed for each week."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The open reviews as of now. `due_soon` and `overdue` do not overlap."""

    open: int
    unclaimed: int
    due_soon: int
    overdue: int
    by_kind: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class TopFinding:
    """A finding by its step and code, and the number of decided reviews that had it."""

    step: str
    code: str
    reviews: int


@dataclass(frozen=True, slots=True)
class KindOfWeek:
    """The reviews of one kind in a week: how many were opened, and how those that ended did, by outcome."""

    kind: str
    opened: int
    outcomes: Mapping[str, int]
    within_promise: int


@dataclass(frozen=True, slots=True)
class Week:
    """One week in the policy's time zone, from its Monday. Decided means approved or changes requested.

    Times to decision are elapsed time, not business time. `rounds_to_approval` is the mean over the Apps that were
    approved in the week. `opened` counts no looks at what is public, and appeals decide no submission of their own:
    `kinds` has both, if any review was opened or ended, and counts appeals by how they ended.
    """

    monday: date
    opened: int
    decided: int
    approved: int
    changes_requested: int
    within_promise: int
    time_to_decision_p50: timedelta | None
    time_to_decision_p90: timedelta | None
    rounds_to_approval: float | None
    top_findings: tuple[TopFinding, ...]
    kinds: tuple[KindOfWeek, ...]


_WAITING = text("""
    SELECT (SELECT jsonb_object_agg(kind, many)
              FROM (SELECT kind, count(*) AS many FROM review WHERE closed_at IS NULL AND needs_person GROUP BY kind) k)
               AS by_kind,
           count(*) AS open,
           count(*) FILTER (WHERE claimed_by IS NULL) AS unclaimed,
           count(*) FILTER (WHERE due_soon_at <= :now AND due_at > :now) AS due_soon,
           count(*) FILTER (WHERE due_at <= :now) AS overdue
      FROM review WHERE closed_at IS NULL AND needs_person
""")

_WEEKS = text("""
    WITH week AS (
        SELECT d::date AS monday, d AT TIME ZONE :zone AS begins, (d + interval '7 days') AT TIME ZONE :zone AS ends
          FROM generate_series(CAST(:first AS timestamp), CAST(:last AS timestamp), interval '7 days') AS d)
    SELECT w.monday, o.opened, c.*
      FROM week w
     CROSS JOIN LATERAL (SELECT count(*) AS opened FROM review
                          WHERE opened_at >= w.begins AND opened_at < w.ends AND kind <> 'health') o
     CROSS JOIN LATERAL (
        SELECT count(*) AS decided,
               count(*) FILTER (WHERE r.outcome = 'approved') AS approved,
               count(*) FILTER (WHERE r.outcome = 'changes_requested') AS changes_requested,
               count(*) FILTER (WHERE r.closed_at <= r.due_at) AS within_promise,
               percentile_cont(0.5) WITHIN GROUP (ORDER BY r.closed_at - r.opened_at) AS p50,
               percentile_cont(0.9) WITHIN GROUP (ORDER BY r.closed_at - r.opened_at) AS p90,
               CAST(avg(s.round) FILTER (WHERE r.outcome = 'approved') AS double precision) AS rounds
          FROM review r JOIN submission s ON s.id = r.submission_id
         WHERE r.closed_at >= w.begins AND r.closed_at < w.ends
           AND r.outcome IN ('approved', 'changes_requested')) c
     ORDER BY w.monday
""")

_KINDS = text("""
    WITH bounds AS (
        SELECT CAST(:first AS timestamp) AT TIME ZONE :zone AS begins,
               (CAST(:last AS timestamp) + interval '7 days') AT TIME ZONE :zone AS ends),
    happened AS (
        SELECT r.opened_at AS at, r.kind, NULL AS outcome, false AS within
          FROM bounds b JOIN review r ON r.opened_at >= b.begins AND r.opened_at < b.ends
        UNION ALL
        SELECT r.closed_at, r.kind, r.outcome, r.closed_at <= r.due_at
          FROM bounds b JOIN review r ON r.closed_at >= b.begins AND r.closed_at < b.ends)
    SELECT CAST(date_trunc('week', at AT TIME ZONE :zone) AS date) AS monday, kind, outcome, count(*) AS many,
           count(*) FILTER (WHERE within) AS within
      FROM happened GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
""")

_FINDINGS = text("""
    WITH found AS (
        SELECT CAST(date_trunc('week', r.closed_at AT TIME ZONE :zone) AS date) AS monday, t.code AS step,
               f.finding ->> 'code' AS code, count(DISTINCT r.id) AS reviews
          FROM review r JOIN review_step t ON t.review_id = r.id
         CROSS JOIN LATERAL jsonb_array_elements(t.findings) AS f (finding)
         WHERE r.closed_at >= CAST(:first AS timestamp) AT TIME ZONE :zone
           AND r.closed_at < (CAST(:last AS timestamp) + interval '7 days') AT TIME ZONE :zone
           AND r.outcome IN ('approved', 'changes_requested')
         GROUP BY 1, 2, 3),
    ranked AS (
        SELECT *, row_number() OVER (PARTITION BY monday ORDER BY reviews DESC, step, code) AS place FROM found)
    SELECT monday, step, code, reviews FROM ranked WHERE place <= :top ORDER BY monday, place
""")


def waiting_reviews(session: Session, now: datetime) -> Waiting:
    """Returns how many reviews are open, unclaimed, due soon and overdue. One query."""
    row = session.execute(_WAITING, {"now": now}).one()
    by_kind = {kind.value: (row.by_kind or {}).get(kind.value, 0) for kind in ReviewKind}
    return Waiting(row.open, row.unclaimed, row.due_soon, row.overdue, by_kind)


def weeks_of_reviews(session: Session, *, last: date, weeks: int, time_zone: str) -> list[Week]:
    """Returns `weeks` (at most MAX_WEEKS) weeks up to the one of the day `last`, oldest first. Three queries."""
    monday = last - timedelta(days=last.weekday())
    wanted = {"first": monday - timedelta(weeks=min(weeks, MAX_WEEKS) - 1), "last": monday, "zone": time_zone}
    found: dict[date, list[TopFinding]] = defaultdict(list)
    for row in session.execute(_FINDINGS, {**wanted, "top": TOP_FINDINGS}):
        found[row.monday].append(TopFinding(row.step, row.code, row.reviews))
    kinds = _kinds(session, wanted)
    return [
        Week(
            monday=row.monday,
            opened=row.opened,
            decided=row.decided,
            approved=row.approved,
            changes_requested=row.changes_requested,
            within_promise=row.within_promise,
            time_to_decision_p50=row.p50,
            time_to_decision_p90=row.p90,
            rounds_to_approval=row.rounds,
            top_findings=tuple(found[row.monday]),
            kinds=kinds[row.monday],
        )
        for row in session.execute(_WEEKS, wanted)
    ]


def _kinds(session: Session, wanted: Mapping[str, object]) -> dict[date, tuple[KindOfWeek, ...]]:
    """Returns the kinds of each week that has a review of any: of every kind, in the order of ReviewKind."""
    opened: dict[tuple[date, str], int] = defaultdict(int)
    within: dict[tuple[date, str], int] = defaultdict(int)
    outcomes: dict[tuple[date, str], dict[str, int]] = defaultdict(dict)
    mondays: dict[date, None] = {}
    for row in session.execute(_KINDS, wanted):
        mondays[row.monday] = None
        if row.outcome is None:
            opened[row.monday, row.kind] += row.many
        else:
            outcomes[row.monday, row.kind][row.outcome] = row.many
            within[row.monday, row.kind] += row.within
    found: dict[date, tuple[KindOfWeek, ...]] = defaultdict(tuple)
    for monday in mondays:
        places = [(monday, kind.value) for kind in ReviewKind]
        found[monday] = tuple(KindOfWeek(at[1], opened[at], outcomes[at], within[at]) for at in places)
    return found
