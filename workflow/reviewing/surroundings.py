"""What surrounds a review: earlier waivers and rounds, the company's Apps, and the runs that the review started."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models import Review
from workflow.tested import component_colour

MAX_AROUND = 50
"""How many earlier waivers, rounds, Apps of the company, and runs are shown: the newest, and the App itself."""


@dataclass(frozen=True, slots=True)
class Waiver:
    """The waiver of a step in an earlier round of this App."""

    round: int
    step: str
    reason: str
    waived_by: str | None
    waived_at: datetime


@dataclass(frozen=True, slots=True)
class PastRound:
    """A round of review of one of the company's Apps. `outcome` is None while it is open."""

    app: str
    state: str
    round: int
    kind: str
    submitted_at: datetime
    closed_at: datetime | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class RunInBrief:
    """A run of a Component's tests that the review started. `results` counts its cases so far by their colours.

    `measured` is what a burst has measured. `problem` says why a run ended without a colour, or what it waits for until
    `waits_until`, such as the end of others' hour.
    """

    id: UUID
    component_id: UUID
    component: str
    scope: str
    status: str
    colour: str | None
    problem: str | None
    requested_at: datetime
    finished_at: datetime | None
    results: Mapping[str, int]
    measured: Mapping[str, Any] | None
    waits_until: datetime | None


@dataclass(frozen=True, slots=True)
class OwnedApp:
    """An App of the company: its state, when a review last found it good, its customers, and how its tests stand."""

    slug: str
    name: str
    state: str
    looked_at: datetime | None
    customers: int
    components: int
    tested: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The waivers of earlier rounds of the App, the rounds of all Apps of its company, these Apps, and the runs.

    The newest come first, but the App itself comes before its company's other ones.
    """

    waivers: tuple[Waiver, ...]
    history: tuple[PastRound, ...]
    apps: tuple[OwnedApp, ...]
    runs: tuple[RunInBrief, ...]


def read_surroundings(session: Session, review: Review, organization_id: UUID) -> Surroundings:
    """Returns what surrounds the review of an App of the company, in one query."""
    wanted = {
        "app_id": review.app_id,
        "organization_id": organization_id,
        "review_id": review.id,
        "version": review.opened_version,
        "limit": MAX_AROUND,
    }
    found = session.execute(_AROUND, wanted).one()
    return Surroundings(
        tuple(map(_waiver, found.waivers)),
        tuple(map(_past_round, found.history)),
        tuple(map(_owned_app, found.apps)),
        tuple(map(_run, found.runs)),
    )


_WAIVERS = """
    SELECT s.round, t.code, t.reason, p.name, t.decided_at
      FROM submission s JOIN review r ON r.submission_id = s.id JOIN review_step t ON t.review_id = r.id
      LEFT JOIN person p ON p.id = t.decided_by
     WHERE r.app_id = :app_id AND r.opened_version < :version AND t.state = 'waived'
     ORDER BY r.opened_version DESC, t.code LIMIT :limit
"""

_HISTORY = """
    SELECT a.slug, a.state, s.round, r.kind, r.opened_at, r.closed_at, r.outcome
      FROM app a
      JOIN submission s ON s.app_id = a.id
      JOIN review r ON r.submission_id = s.id
     WHERE a.organization_id = :organization_id AND r.id <> :review_id
       AND (r.kind <> 'health' OR r.outcome = 'flagged')
     ORDER BY r.opened_at DESC, r.id DESC LIMIT :limit
"""

_COMPANYS_APPS = f"""
    SELECT a.slug, a.name, a.state, a.looked_at, a.onboarded_customers, c.components, c.tested
      FROM app a
     CROSS JOIN LATERAL (
        SELECT count(*) AS components, count(*) FILTER (WHERE {component_colour("c")} IN ('green', 'yellow')) AS tested
          FROM component c
         WHERE c.app_id = a.id AND c.removed_at IS NULL) c
     WHERE a.organization_id = :organization_id
     ORDER BY a.id = :app_id DESC, a.id DESC LIMIT :limit
"""

_RUNS = """
    SELECT t.id, t.component_id, c.name, t.scope, t.status, t.colour,
           CASE WHEN t.status IN ('void', 'dead') OR rests.until IS NOT NULL THEN t.last_error END AS problem,
           t.requested_at, t.finished_at,
           coalesce((SELECT jsonb_object_agg(by_colour.colour, by_colour.many)
                       FROM (SELECT r.colour, count(*) AS many FROM component_test_result r
                              WHERE r.test_id = t.id GROUP BY r.colour) by_colour), '{}') AS results,
           CASE WHEN t.scope = 'burst' THEN
               (SELECT r.facts FROM component_test_result r WHERE r.test_id = t.id ORDER BY r.position LIMIT 1)
           END AS measured, rests.until AS waits_until
      FROM component_test t JOIN component c ON c.id = t.component_id
      LEFT JOIN LATERAL (SELECT t.due_at AS until) rests
             ON t.status = 'due' AND t.leased_until IS NULL AND t.due_at > clock_timestamp()
     WHERE t.review_id = :review_id
     ORDER BY t.id DESC LIMIT :limit
"""


def _rows_of(name: str, selected: str) -> str:
    """Returns a column with the selected rows as JSON, in their order: each an object with their columns, by name."""
    return f"coalesce((SELECT json_agg(one) FROM ({selected}) one), '[]') AS {name}"


_AROUND = text(f"""
    SELECT {_rows_of("waivers", _WAIVERS)}, {_rows_of("history", _HISTORY)}, {_rows_of("apps", _COMPANYS_APPS)},
           {_rows_of("runs", _RUNS)}
""")
"""All lists in one statement: most of the time of one that finds little goes into sending it and into its answer."""


def _waiver(row: Mapping[str, Any]) -> Waiver:
    return Waiver(row["round"], row["code"], row["reason"], row["name"], datetime.fromisoformat(row["decided_at"]))


def _past_round(row: Mapping[str, Any]) -> PastRound:
    return PastRound(
        row["slug"],
        row["state"],
        row["round"],
        row["kind"],
        datetime.fromisoformat(row["opened_at"]),
        _moment(row["closed_at"]),
        row["outcome"],
    )


def _owned_app(row: Mapping[str, Any]) -> OwnedApp:
    return OwnedApp(
        row["slug"],
        row["name"],
        row["state"],
        _moment(row["looked_at"]),
        row["onboarded_customers"],
        row["components"],
        row["tested"],
    )


def _run(row: Mapping[str, Any]) -> RunInBrief:
    return RunInBrief(
        UUID(row["id"]),
        UUID(row["component_id"]),
        row["name"],
        row["scope"],
        row["status"],
        row["colour"],
        row["problem"],
        datetime.fromisoformat(row["requested_at"]),
        _moment(row["finished_at"]),
        row["results"],
        row["measured"],
        _moment(row["waits_until"]),
    )


def _moment(said: str | None) -> datetime | None:
    return None if said is None else datetime.fromisoformat(said)
