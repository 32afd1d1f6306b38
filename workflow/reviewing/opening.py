"""Opening and closing reviews, with set-based statements, in the transaction of the transitions that cause it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.base import new_id
from models.due import Urgency
from models.lifecycle import ReviewKind
from models.review import ReviewOutcome
from models.steps import MACHINE_STEPS, STEPS
from workflow.catalog.snapshots import CATEGORIES, OPEN_EVIDENCE, SNAPSHOT
from workflow.history.digests import SUBMISSION_COLUMNS, digest_of
from workflow.policy.calendar import deadline
from workflow.policy.document import Policy
from workflow.reviewing.steps import cancel_steps
from workflow.sql.arrays import Texts, Uuids, statement


@dataclass(frozen=True, slots=True)
class Opening:
    """A review that a transition opens: its App and version, its kind, by whom and by which policy, and its steps.

    `subject` is the version that submitted what it is of: its own, or what is published. `holder` is given the review
    at once. `decider` is the person whose decision is appealed, and `involved` are all who had a part in it.
    """

    app_id: UUID
    version: int
    kind: ReviewKind
    subject: int
    opened_by: UUID
    policy: Policy
    steps: tuple[str, ...]
    holder: UUID | None = None
    decider: UUID | None = None
    involved: tuple[UUID, ...] = ()
    is_urgent: bool = False


def freeze_drafts(session: Session, opened: Sequence[Opening], now: datetime) -> None:
    """Stores the snapshot of each App's draft as the submission that its review is of. Does not commit."""
    session.execute(_FREEZE_DRAFT, [_submission(one, now) | {"open_evidence": OPEN_EVIDENCE} for one in opened])


def copy_submissions(session: Session, opened: Sequence[Opening], now: datetime) -> None:
    """Stores a copy of each App's latest submission, which was sent back and is appealed. Does not commit."""
    session.execute(_COPY_SUBMISSION, [_submission(one, now) for one in opened])


def open_reviews(session: Session, opened: Sequence[Opening], now: datetime) -> None:
    """Opens reviews of stored submissions, with their steps. Reads nothing back. Does not commit.

    A resubmission is claimed for its last reviewer at once, even beyond the limit of claims: the limit applies to the
    reviews that reviewers claim, not to those that come back to them, and a second reviewer would have to learn what
    the first one knows.
    """
    if not opened:
        return
    reviews = [_review(one, now) for one in opened]
    session.execute(_INSERT_REVIEW, reviews)
    steps = [
        _step(one, code, review["review_id"], now)
        for one, review in zip(opened, reviews, strict=True)
        for code in one.steps
    ]
    for insert, looks_again in ((_INSERT_STEP, False), (_INSERT_LOOK, True)):
        rows = [step for step in steps if step["looks_again"] is looks_again]
        if rows:
            session.execute(insert, rows)


def close_reviews(session: Session, closed: Sequence[tuple[UUID, ReviewOutcome]], now: datetime) -> None:
    """Closes the Apps' open reviews with their outcomes, and cancels undecided steps. Does not commit."""
    ids, outcomes = [app_id for app_id, _ in closed], [outcome.value for _, outcome in closed]
    cancel_steps(session, ids, now)
    session.execute(_CLOSE_REVIEWS, {"ids": ids, "outcomes": outcomes, "now": now})


def _submission(one: Opening, now: datetime) -> dict[str, object]:
    return {
        "submission_id": new_id(),
        "app_id": one.app_id,
        "app_version": one.version,
        "kind": one.kind.value,
        "policy_version": one.policy.version,
        "submitted_by": one.opened_by,
        "now": now,
    }


def _review(one: Opening, now: datetime) -> dict[str, object]:
    due_at = deadline(now, business_days=_business_days(one), calendar=one.policy.calendar)
    return {
        "review_id": new_id(),
        "app_id": one.app_id,
        "kind": one.kind.value,
        "opened_version": one.version,
        "subject": one.subject,
        "policy_version": one.policy.version,
        "opened_by": one.opened_by,
        "decider": one.decider,
        "involved": one.involved,
        "urgency": 0 if one.is_urgent else 1,
        "needs_person": one.kind is not ReviewKind.HEALTH,
        "now": now,
        "due_at": due_at,
        "due_soon_at": max(now, due_at - timedelta(hours=one.policy.due_soon_hours)),
        "claimed_by": one.holder,
        "claimed_at": now if one.holder else None,
    }


def _step(one: Opening, code: str, review_id: object, now: datetime) -> dict[str, object]:
    looks_again, needs = one.kind is ReviewKind.HEALTH, STEPS[code].needs
    return {
        "id": new_id(),
        "review_id": review_id,
        "app_id": one.app_id,
        "needs": needs.value if needs else "",
        "code": code,
        "status": "due" if code in MACHINE_STEPS else "void",
        "subject": one.subject,
        "due_at": now,
        "urgency": (Urgency.BULK if looks_again else Urgency.URGENT).value,
        "looks_again": looks_again,
    }


def _business_days(one: Opening) -> int:
    if one.kind is ReviewKind.REVISION:
        return one.policy.revision_business_days
    return one.policy.appeal_business_days if one.kind is ReviewKind.APPEAL else one.policy.review_business_days


def _insert_submission(snapshot: str, source: str) -> str:
    return f"""
    INSERT INTO submission ({", ".join(SUBMISSION_COLUMNS)}, digest)
    SELECT s.*, {digest_of("s", SUBMISSION_COLUMNS)}
      FROM (SELECT CAST(:submission_id AS uuid) AS id, a.id AS app_id, CAST(:app_version AS integer) AS app_version,
                   CAST(:kind AS varchar) AS kind, CAST(1 + earlier.rounds AS integer) AS round,
                   {snapshot} AS snapshot,
                   CAST(:policy_version AS integer) AS policy_version, CAST(:submitted_by AS uuid) AS submitted_by,
                   CAST(:now AS timestamptz) AS submitted_at
              FROM app a
             CROSS JOIN LATERAL (SELECT count(*) AS rounds FROM submission s WHERE s.app_id = a.id) earlier
             {source}
             WHERE a.id = :app_id OFFSET 0) s
    """


_FREEZE_DRAFT = text(_insert_submission(SNAPSHOT, ""))
"""OFFSET 0 keeps the snapshot from being made twice, once for its digest."""
_COPY_SUBMISSION = text(
    _insert_submission(
        "latest.snapshot",
        """CROSS JOIN LATERAL (SELECT l.snapshot FROM submission l WHERE l.app_id = a.id
                                ORDER BY l.app_version DESC LIMIT 1) latest""",
    )
)


_INSERT_REVIEW = statement(
    f"""
    INSERT INTO review (id, submission_id, app_id, kind, opened_version, subject, policy_version, opened_by, decider,
                        involved, urgency, needs_person, categories, opened_at, due_at, due_soon_at, claimed_by,
                        claimed_at)
    SELECT :review_id, s.id, s.app_id, :kind, :opened_version, s.app_version, :policy_version, :opened_by, :decider,
           :involved, :urgency, :needs_person,
           {CATEGORIES},
           :now, :due_at, :due_soon_at, :claimed_by, :claimed_at
      FROM submission s WHERE s.app_id = :app_id AND s.app_version = :subject
    """,
    involved=Uuids(),
)

_LANE = "coalesce((SELECT i.lane FROM checklist_item i WHERE i.app_id = :app_id AND i.code = :needs), '-')"

_INSERT_STEP = text(f"""
    INSERT INTO review_step (id, review_id, code, status, due_at, lane, urgency)
    VALUES (:id, :review_id, :code, :status, :due_at, {_LANE}, :urgency)
""")

_INSERT_LOOK = text(f"""
    INSERT INTO review_step (id, review_id, code, status, due_at, lane, urgency, observed)
    VALUES (:id, :review_id, CAST(:code AS text), 'due', :due_at,
            coalesce((SELECT w.lane FROM review approved JOIN review_step w ON w.review_id = approved.id
                       WHERE approved.app_id = :app_id AND approved.opened_version = :subject
                         AND w.code = CAST(:code AS text)),
                     {_LANE}),
            :urgency,
            NOT EXISTS (SELECT FROM review earlier JOIN review_step met ON met.review_id = earlier.id
                         WHERE earlier.app_id = :app_id AND met.code = CAST(:code AS text) AND met.state <> 'cancelled'
                           AND earlier.outcome IN ('approved', 'overturned', 'cleared', 'flagged'))
            OR EXISTS (SELECT FROM review approved JOIN review_step w ON w.review_id = approved.id
                        WHERE approved.app_id = :app_id AND approved.opened_version = :subject
                          AND w.code = CAST(:code AS text) AND w.state = 'waived'))
""")
"""A step that the App meets for the first time since its launch is observed: no approval and no earlier look had it. So
is one that a reviewer waived when they approved what is public."""

_CLOSE_REVIEWS = statement(
    """
    UPDATE review r SET outcome = closed.outcome, closed_at = :now
      FROM unnest(:ids, :outcomes) AS closed (app_id, outcome)
     WHERE r.app_id = closed.app_id AND r.closed_at IS NULL
    """,
    ids=Uuids(),
    outcomes=Texts(),
)
