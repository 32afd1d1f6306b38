"""A run on its way: reading what is due, recording each result, and ending, all by the lease of the worker that has it.

Each result is committed by itself, so that a run whose worker dies goes on with the next case.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import App, Component, ComponentTest, ComponentTestResult, ComponentTestSettings, Review
from models.component_test import MAX_ANSWER_CHARACTERS, MAX_BODY_CHARACTERS, RunScope, TestColour
from models.due import DueStatus
from workflow.findings import Finding
from workflow.sql.storable import made_storable
from workflow.work.leases import Lease, finish_due_row, progress_due_row

MAX_MESSAGE_CHARACTERS: Final = 2_000
"""How much is kept of an answer's message for people."""
MAX_FINDINGS: Final = 100
"""How many findings of one result are kept."""


@dataclass(frozen=True, slots=True)
class DueRun:
    """A run, as its runner needs it. `subject` are the Component's settings at the revision that is tested.

    `sealed` is the key with the values of the settings that it sends, encrypted: what was entered for it alone, or the
    Component's test settings; None if none are given or they have ended.
    `recorded` are the statuses of the results so far by their position.
    """

    id: UUID
    slug: str
    organization_id: UUID
    component_id: UUID
    kind: str
    subkind: str
    scope: RunScope
    subject: Mapping[str, Any]
    wanted: Mapping[str, Any]
    requested_at: datetime
    sealed: str | None
    recorded: Mapping[int, int | None]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a case sent, what came back and what was found. See `ComponentTestResult` for the fields.

    `headers` hold no secret. Texts of any length may be given: what is kept of them is bounded.
    """

    code: str
    colour: TestColour
    event: str | None = None
    method: str | None = None
    url: str | None = None
    headers: Mapping[str, str] | None = None
    body: str | None = None
    status: int | None = None
    answer: str | None = None
    is_json: bool | None = None
    message: str | None = None
    latency_ms: int | None = None
    observed: bool = False
    findings: tuple[Finding, ...] = ()
    facts: Mapping[str, Any] | None = None


def load_run(session: Session, run_id: UUID, now: datetime) -> DueRun | None:
    """Returns the run with what it has recorded; None if it is not due or its Component was removed. Locks nothing."""
    found = session.execute(
        select(ComponentTest, Component, App.slug, App.organization_id, ComponentTestSettings)
        .join(Component, Component.id == ComponentTest.component_id)
        .join(App, App.id == Component.app_id)
        .outerjoin(ComponentTestSettings, ComponentTestSettings.component_id == Component.id)
        .where(ComponentTest.id == run_id, ComponentTest.status == DueStatus.DUE, Component.removed_at.is_(None))
    ).one_or_none()
    if found is None:
        return None
    test, component, slug, organization_id, settings = found
    wanted = test.wanted or {}
    kept = settings.sealed if settings is not None and settings.ends_at > now else None
    recorded = session.execute(
        select(ComponentTestResult.position, ComponentTestResult.status).where(ComponentTestResult.test_id == run_id)
    )
    return DueRun(
        id=test.id,
        slug=slug,
        organization_id=organization_id,
        component_id=component.id,
        kind=component.kind,
        subkind=component.subkind,
        scope=RunScope(test.scope),
        subject=test.subject or {},
        wanted={name: value for name, value in wanted.items() if name != "sealed"},
        requested_at=test.requested_at,
        sealed=wanted.get("sealed", kept),
        recorded=dict(recorded.all()),
    )


def is_wanted(session: Session, run_id: UUID) -> bool:
    """Returns whether the review that started the run is still open; True for a run that no review started."""
    closed = select(Review.id).join(ComponentTest, ComponentTest.review_id == Review.id)
    closed = closed.where(ComponentTest.id == run_id, Review.closed_at.is_not(None))
    return session.scalar(closed) is None


def record_result(session: Session, lease: Lease, position: int, result: CaseResult) -> bool:
    """Records the result of the run's case at `position`, which counts from 1. Does not commit.

    Returns False and records nothing if the run no longer has this lease, or has a result there.
    """
    recorded = session.execute(
        _RECORD,
        {
            "id": lease.id,
            "until": lease.until,
            "position": position,
            "code": result.code,
            "event": result.event,
            "method": result.method,
            "url": result.url,
            "headers": _json(result.headers),
            "body": _cut(result.body, MAX_BODY_CHARACTERS),
            "status": result.status,
            "answer": _cut(result.answer, MAX_ANSWER_CHARACTERS),
            "is_json": result.is_json,
            "message": _cut(result.message, MAX_MESSAGE_CHARACTERS),
            "latency_ms": result.latency_ms,
            "colour": result.colour.value,
            "observed": result.observed,
            "findings": _json([one.as_dict() for one in result.findings[:MAX_FINDINGS]]),
            "facts": _json(result.facts),
        },
    )
    return recorded.one_or_none() is not None


def progress_run(session: Session, lease: Lease) -> bool:
    """Makes a run that has come further due again at once, with all its attempts. Does not commit.

    Returns False and changes nothing if the run no longer has this lease.
    """
    return progress_due_row(session, lease)


def finish_run(session: Session, lease: Lease) -> bool:
    """Ends a run: its colour is the worst of the results that count, red if there is none. Does not commit.

    Returns False and changes nothing if the run no longer has this lease.
    """
    return finish_due_row(session, lease, also_set=_END)


def void_run(session: Session, lease: Lease, why: str) -> bool:
    """Ends a run that cannot go on, without a colour. Does not commit. Returns False as `finish_run` does."""
    values = {"id": lease.id, "until": lease.until, "why": why}
    return session.execute(_VOID, values).one_or_none() is not None


def _cut(value: str | None, characters: int) -> str | None:
    return None if value is None else made_storable(value, characters)


def _json(value: Any) -> str | None:
    """Returns a value as JSON that Postgres stores: texts in it lose what it does not store."""
    return None if value is None else json.dumps(_storable(value))


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return made_storable(value, MAX_BODY_CHARACTERS)
    if isinstance(value, Mapping):
        return {_storable(str(key)): _storable(one) for key, one in value.items()}
    return [_storable(one) for one in value] if isinstance(value, list | tuple) else value


_RECORD = text("""
    INSERT INTO component_test_result (test_id, position, code, event, method, url, headers, body, status, answer,
                                       is_json, message, latency_ms, colour, observed, findings, facts)
    SELECT t.id, CAST(:position AS integer), CAST(:code AS text), CAST(:event AS text), CAST(:method AS text),
           CAST(:url AS text), CAST(:headers AS jsonb), CAST(:body AS text), CAST(:status AS integer),
           CAST(:answer AS text), CAST(:is_json AS boolean), CAST(:message AS text), CAST(:latency_ms AS integer),
           CAST(:colour AS text), CAST(:observed AS boolean), CAST(:findings AS jsonb), CAST(:facts AS jsonb)
      FROM component_test t WHERE t.id = :id AND t.status = 'due' AND t.leased_until = :until
    ON CONFLICT (test_id, position) DO NOTHING
    RETURNING position
""")

_WITHOUT_SEALED = "wanted = CASE WHEN wanted ? 'sealed' THEN wanted - 'sealed' ELSE wanted END"
_END = f"""
    finished_at = clock_timestamp(),
    {_WITHOUT_SEALED},
    colour = (SELECT CASE WHEN count(*) = 0 OR bool_or(r.colour = 'red') THEN 'red'
                          WHEN bool_or(r.colour = 'yellow') THEN 'yellow' ELSE 'green' END
                FROM component_test_result r WHERE r.test_id = component_test.id AND NOT r.observed),
    results = (SELECT coalesce(jsonb_agg(jsonb_build_object('event', coalesce(r.event, r.code), 'status', r.status,
                                                            'message', coalesce(r.message, ''), 'colour', r.colour)
                                         ORDER BY r.position), '[]')
                 FROM component_test_result r WHERE r.test_id = component_test.id AND NOT r.observed)
"""

_VOID = text(f"""
    UPDATE component_test SET status = 'void', leased_until = NULL, last_error = CAST(:why AS text),
           {_WITHOUT_SEALED}
     WHERE id = :id AND status = 'due' AND leased_until = :until RETURNING id
""")
