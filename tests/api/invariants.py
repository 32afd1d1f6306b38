"""The invariants of the stored rows, which hold whatever was called. They are checked after random lives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.journeys import KEY
from workflow.history.verification import verify_history


@dataclass(frozen=True, slots=True)
class SentRequest:
    """An accepted request: its App and, if it is a decision, the review that it decides."""

    id: UUID
    app: str
    review: UUID | None = None


NEVER = {
    "counted customers differ from their rows": """
        SELECT slug, onboarded_customers FROM app a
         WHERE onboarded_customers <> (SELECT count(*) FROM customer c
                                        WHERE c.app_id = a.id AND c.withdrawn_at IS NULL)
    """,
    "the counted install differs from its rows": """
        SELECT slug, oauth_installed FROM app a
         WHERE oauth_installed <> EXISTS (SELECT FROM oauth_install i
                                           WHERE i.app_id = a.id AND i.withdrawn_at IS NULL)
    """,
    "somebody was told twice": """
        SELECT cause, coalesce(recipient_id::text, recipient_email), channel, count(*) FROM notification
         GROUP BY 1, 2, 3 HAVING count(*) > 1
    """,
    "the company was not told what became of its App": """
        SELECT a.slug, t.trigger, t.version FROM transition t JOIN app a ON a.id = t.app_id
         WHERE t.trigger IN ('submit', 'request_changes', 'approve', 'promote', 'suspend', 'remove')
           AND NOT EXISTS (SELECT FROM notification n JOIN person p ON p.id = n.recipient_id
                            WHERE n.app_id = a.id AND n.app_version = t.version
                              AND p.organization_id = a.organization_id)
    """,
    "somebody approved what they submitted or own": """
        SELECT a.slug, t.version FROM transition t
          JOIN app a ON a.id = t.app_id
          JOIN submission s ON s.app_id = t.app_id AND s.app_version = t.version - 1
          LEFT JOIN person p ON p.id = t.actor_id
         WHERE t.trigger = 'approve' AND (t.actor_id = s.submitted_by OR p.organization_id = a.organization_id)
    """,
    "a review was decided by somebody who did not hold it": """
        SELECT a.slug, t.version FROM transition t
          JOIN app a ON a.id = t.app_id
          JOIN submission s ON s.app_id = t.app_id AND s.app_version = t.version - 1
          JOIN review r ON r.submission_id = s.id
         WHERE t.trigger IN ('approve', 'request_changes') AND r.claimed_by IS DISTINCT FROM t.actor_id
    """,
    "an App was approved with a step open or failed": """
        SELECT a.slug, s.code FROM review r
          JOIN app a ON a.id = r.app_id
          JOIN review_step s ON s.review_id = r.id
         WHERE r.outcome = 'approved' AND s.state NOT IN ('passed', 'warned', 'waived')
    """,
    "a review is open though nothing is submitted, or the other way round": """
        SELECT slug, state FROM app a
         WHERE (state = 'submitted') <> EXISTS (SELECT FROM review r WHERE r.app_id = a.id AND r.closed_at IS NULL)
    """,
    "a request is applied without its one row in the log, or has one without being applied": """
        SELECT q.id, q.status, count(t.version) FROM transition_request q LEFT JOIN transition t ON t.request_id = q.id
         GROUP BY q.id HAVING count(t.version) <> (CASE WHEN q.status = 'applied' THEN 1 ELSE 0 END)
    """,
    "a refusal names no rule": """
        SELECT id FROM transition_request WHERE status = 'refused' AND jsonb_array_length(unmet) = 0
    """,
    "a membership stands though its App was removed, or was never public": """
        SELECT a.slug, m.state, a.state FROM membership m JOIN app a ON a.id = m.app_id
         WHERE m.state IN ('applied', 'member') AND a.state NOT IN ('public', 'public_beta', 'suspended')
    """,
}
"""Queries that must return no rows, by what a row would mean."""

LISTED = "SELECT slug FROM app WHERE state IN ('public_beta', 'public')"


def check_rows(engine: Engine) -> None:
    """Raises AssertionError with every violation in the database."""
    with Session(engine) as session:
        for meaning, query in NEVER.items():
            assert _rows(session, query) == [], meaning
        assert list(verify_history(session, KEY)) == []


def check_requests(engine: Engine, asked: Sequence[SentRequest]) -> None:
    """Raises AssertionError unless each request in `asked`, which are in the order of their answers, was judged once
    and in that order."""
    with Session(engine) as session:
        found = _rows(
            session,
            "SELECT id, status, position, version, app_id FROM transition_request WHERE id = ANY(:ids)",
            ids=[one.id for one in asked],
        )
        by_id = {row[0]: row for row in found}
        last: dict[UUID, tuple[int, int]] = {}
        for one in asked:
            _, status, position, version, app_id = by_id[one.id]
            assert status in ("applied", "refused"), (one, status)
            before = last.get(app_id, (0, 0))
            assert position > before[0], f"{one}: judged before what was accepted earlier"
            assert version is None or version > before[1], f"{one}: applied before what was accepted earlier"
            last[app_id] = position, version or before[1]
        for one in asked:
            if one.review is not None and by_id[one.id][1] == "applied":
                _closed_by(session, one, by_id[one.id][3])


def _closed_by(session: Session, one: SentRequest, version: int) -> None:
    """Returns whether an applied decision decided the review that it was made for."""
    query = """
        SELECT s.app_version FROM review r JOIN submission s ON s.id = r.submission_id
         WHERE r.id = :id AND r.closed_at IS NOT NULL
    """
    assert _rows(session, query, id=one.review) == [(version - 1,)], f"{one}: decided another round"


def _rows(session: Session, query: str, **values: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in session.execute(text(query), values)]
