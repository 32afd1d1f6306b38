"""Recording what became of judged requests, and which Apps rest because of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from workflow.errors import Unmet
from workflow.lifecycle.claim import DueRequest
from workflow.machines import Judgment
from workflow.sql.arrays import Booleans, Integers, Texts, Uuids, app_ids, statement
from workflow.sql.storable import MAX_ERROR_CHARACTERS, made_storable


@dataclass(frozen=True, slots=True)
class JudgedRequest:
    """The outcome of judging one request.

    `status` is `applied`, `refused`, `dead`, or still `due` after a failed attempt: its App then rests for `rest`.
    `is_hindered`: the failure was no fault of the request, and counts as no attempt. `app_slug` is empty if the App
    could not be read.
    """

    request: DueRequest
    status: str
    version: int | None = None
    judgment: Judgment | None = None
    policy_version: int | None = None
    error: str | None = None
    rest: timedelta | None = None
    is_hindered: bool = False
    app_slug: str = ""


def slug_of(session: Session, app_id: UUID) -> str:
    """Returns the slug of an App whose facts were not loaded."""
    row: Any = session.execute(_SLUG, {"id": app_id}).one_or_none()
    return str(row.slug) if row is not None else ""


def record_outcomes(session: Session, outcomes: Sequence[JudgedRequest], now: datetime) -> None:
    """Records the outcomes, and which Apps rest or rest no longer. At most three statements. Does not commit."""
    errors = [one.error and made_storable(one.error, MAX_ERROR_CHARACTERS) for one in outcomes]
    session.execute(
        _RECORD,
        {
            "now": now,
            "ids": [one.request.id for one in outcomes],
            "statuses": [one.status for one in outcomes],
            "versions": [one.version for one in outcomes],
            "unmets": [_as_json(one.judgment.unmet if one.judgment else ()) for one in outcomes],
            "observeds": [_as_json(one.judgment.observed if one.judgment else ()) for one in outcomes],
            "policies": [one.policy_version for one in outcomes],
            "errors": errors,
            "attempts": [_attempts(one) for one in outcomes],
        },
    )
    resting = [(one, one.rest, error) for one, error in zip(outcomes, errors, strict=True) if one.rest is not None]
    if resting:
        session.execute(
            _REST,
            {
                "ids": [one.request.app_id for one, _, _ in resting],
                "milliseconds": [rest // timedelta(milliseconds=1) for _, rest, _ in resting],
                "hindered": [one.is_hindered for one, _, _ in resting],
                "errors": [error for _, _, error in resting],
            },
        )
    rested = {one.request.app_id for one in outcomes if one.rest is None and one.request.has_rested}
    if rested:
        session.execute(_REST_IS_OVER, {"ids": list(rested)})


def _attempts(outcome: JudgedRequest) -> int:
    request = outcome.request
    return request.attempts + request.crashes + (outcome.error is not None and not outcome.is_hindered)


def _as_json(unmet: Sequence[Unmet]) -> str:
    return json.dumps([one.as_dict() for one in unmet]) if unmet else "[]"


_RECORD = statement(
    """
    UPDATE transition_request r
       SET status = o.status, version = o.version, unmet = o.unmet::jsonb, observed = o.observed::jsonb,
           policy_version = o.policy_version, last_error = coalesce(o.error, r.last_error),
           reasons = CASE WHEN o.status = 'applied' THEN '[]' ELSE r.reasons END,
           attempts = o.attempts,
           finished_at = CASE WHEN o.status = 'due' THEN NULL ELSE :now END
      FROM unnest(:ids, :statuses, :versions, :unmets, :observeds, :policies, :errors, :attempts)
        AS o (id, status, version, unmet, observed, policy_version, error, attempts)
     WHERE r.id = o.id
    """,
    ids=Uuids(),
    statuses=Texts(),
    versions=Integers(),
    unmets=Texts(),
    observeds=Texts(),
    policies=Integers(),
    errors=Texts(),
    attempts=Integers(),
)

_REST = statement(
    """
    INSERT INTO resting_app AS w (app_id, rests_until, rests, last_error)
    SELECT app_id, clock_timestamp() + milliseconds * interval '1 millisecond', is_hindered::int, error
      FROM unnest(:ids, :milliseconds, :hindered, :errors) AS o (app_id, milliseconds, is_hindered, error)
    ON CONFLICT (app_id) DO UPDATE
       SET rests_until = excluded.rests_until, last_error = excluded.last_error,
           rests = CASE WHEN excluded.rests = 0 THEN 0 ELSE w.rests + 1 END
    """,
    ids=Uuids(),
    milliseconds=Integers(),
    hindered=Booleans(),
    errors=Texts(),
)
_REST_IS_OVER = app_ids("DELETE FROM resting_app WHERE app_id = ANY(:ids)")

_SLUG = text("SELECT slug FROM app WHERE id = :id")
