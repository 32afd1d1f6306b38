"""Opening and closing reviews, with set-based statements, in the transaction of the transitions that cause it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.base import new_id
from models.review import MACHINE_STEPS, STEPS, ReviewOutcome
from workflow.catalog.snapshots import OPEN_EVIDENCE, SNAPSHOT
from workflow.history.digests import SUBMISSION_COLUMNS, digest_of
from workflow.policy.calendar import deadline
from workflow.policy.document import Policy
from workflow.reviewing.steps import cancel_steps
from workflow.sql.arrays import app_ids


@dataclass(frozen=True, slots=True)
class Submitted:
    """A submission: the App, the version that it led to, the submitter, the policy, and the last round's reviewer."""

    app_id: UUID
    version: int
    submitted_by: UUID
    policy: Policy
    last_reviewer: UUID | None


def open_reviews(session: Session, submitted: Sequence[Submitted], now: datetime) -> None:
    """Stores a snapshot of each submission and opens its review with the policy's steps. Reads nothing back.

    A resubmission is claimed for its last reviewer at once, even beyond the limit of claims: the limit applies to the
    reviews that reviewers claim, not to those that come back to them, and a second reviewer would have to learn what
    the first one knows. Does not commit.
    """
    reviews = [_review(one, now) for one in submitted]
    session.execute(_INSERT_SUBMISSION, reviews)
    session.execute(_INSERT_REVIEW, reviews)
    steps = [
        {
            "id": new_id(),
            "review_id": review["review_id"],
            "app_id": one.app_id,
            "needs": STEPS[code].needs.value,
            "code": code,
            "status": "due" if code in MACHINE_STEPS else "void",
            "due_at": now,
        }
        for one, review in zip(submitted, reviews, strict=True)
        for code in one.policy.review_steps
    ]
    if steps:
        session.execute(_INSERT_STEP, steps)


def close_reviews(session: Session, ids: Sequence[UUID], outcome: ReviewOutcome, now: datetime) -> None:
    """Closes the Apps' open reviews, if any, and cancels their undecided steps. Does not commit."""
    cancel_steps(session, ids, now)
    session.execute(_CLOSE_REVIEWS, {"ids": list(ids), "now": now, "outcome": outcome.value})


def _review(one: Submitted, now: datetime) -> dict[str, object]:
    due_at = deadline(now, business_days=one.policy.review_business_days, calendar=one.policy.calendar)
    return {
        "submission_id": new_id(),
        "review_id": new_id(),
        "app_id": one.app_id,
        "app_version": one.version,
        "policy_version": one.policy.version,
        "submitted_by": one.submitted_by,
        "now": now,
        "due_at": due_at,
        "due_soon_at": max(now, due_at - timedelta(hours=one.policy.due_soon_hours)),
        "claimed_by": one.last_reviewer,
        "claimed_at": now if one.last_reviewer else None,
        "open_evidence": OPEN_EVIDENCE,
    }


_INSERT_SUBMISSION = text(f"""
    INSERT INTO submission ({", ".join(SUBMISSION_COLUMNS)}, digest)
    SELECT s.*, {digest_of("s", SUBMISSION_COLUMNS)}
      FROM (SELECT CAST(:submission_id AS uuid) AS id, a.id AS app_id, CAST(:app_version AS integer) AS app_version,
                   CASE WHEN earlier.rounds = 0 THEN 'first' ELSE 'revision' END AS kind,
                   CAST(1 + earlier.rounds AS integer) AS round,
                   {SNAPSHOT} AS snapshot,
                   CAST(:policy_version AS integer) AS policy_version, CAST(:submitted_by AS uuid) AS submitted_by,
                   CAST(:now AS timestamptz) AS submitted_at
              FROM app a CROSS JOIN LATERAL (SELECT count(*) AS rounds FROM submission s WHERE s.app_id = a.id) earlier
             WHERE a.id = :app_id OFFSET 0) s
""")

"""OFFSET 0 keeps the snapshot from being made twice, once for its digest."""

_INSERT_REVIEW = text("""
    INSERT INTO review (id, submission_id, app_id, opened_at, due_at, due_soon_at, claimed_by, claimed_at)
    VALUES (:review_id, :submission_id, :app_id, :now, :due_at, :due_soon_at, :claimed_by, :claimed_at)
""")

_INSERT_STEP = text("""
    INSERT INTO review_step (id, review_id, code, status, due_at, lane)
    VALUES (:id, :review_id, :code, :status, :due_at,
            coalesce((SELECT i.lane FROM checklist_item i WHERE i.app_id = :app_id AND i.code = :needs), '-'))
""")

_CLOSE_REVIEWS = app_ids("""
    UPDATE review SET outcome = :outcome, closed_at = :now
     WHERE app_id = ANY(:ids) AND closed_at IS NULL
""")
