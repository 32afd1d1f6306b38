"""The review desk: holding a review, and deciding its steps by their machine."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import App, Review, ReviewStep
from models.lifecycle import StepTrigger
from workflow.actors import Actor
from workflow.errors import Conflict, Invalid, NotFound, Refused
from workflow.machine import judge_step
from workflow.steps import MACHINE_STEPS


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a step found: a stable code, words, and where to mend it."""

    code: str
    detail: str
    remedy: str = ""

    def as_dict(self) -> dict[str, str]:
        return {"code": self.code, "detail": self.detail, "remedy": self.remedy}


def lock_review(session: Session, review_id: UUID) -> Review:
    """Gives the review, freshly read, with its App and itself locked: nobody judges it meanwhile. Raises NotFound."""
    app = select(App.id).join(Review, Review.app_id == App.id).where(Review.id == review_id)
    session.execute(app.with_for_update(of=App, key_share=True))
    statement = select(Review).where(Review.id == review_id).with_for_update().execution_options(populate_existing=True)
    review = session.scalar(statement)
    if review is None:
        raise NotFound("review.not_found", f"There is no review {review_id}.", "List the reviews.")
    return review


def claim_review(session: Session, review_id: UUID, actor: Actor, now: datetime) -> Review:
    """Gives the review to the reviewer; claiming what one holds changes nothing. Does not commit.

    Raises NotFound, and Conflict when it is closed or held by somebody else.
    """
    review = _lock_open_review(session, review_id)
    if review.claimed_by is not None and review.claimed_by != actor.id:
        raise Conflict(
            "review.claimed", "Another reviewer holds this review.", "Choose another, or ask them to release it."
        )
    if review.claimed_by is None:
        review.claimed_by, review.claimed_at = actor.id, now
        session.flush()
    return review


def release_review(session: Session, review_id: UUID, actor: Actor) -> Review:
    """Puts the review back into the queue. Does not commit. Raises NotFound, and Conflict when they do not hold it."""
    review = _lock_open_review(session, review_id)
    if review.claimed_by != actor.id:
        raise Conflict("review.not_held", "You do not hold this review.", "Only its holder can release it.")
    review.claimed_by = review.claimed_at = None
    session.flush()
    return review


def decide_step(
    session: Session,
    review_id: UUID,
    code: str,
    *,
    trigger: StepTrigger,
    actor: Actor,
    now: datetime,
    findings: Sequence[Finding] = (),
    reason: str | None = None,
) -> ReviewStep:
    """Moves a step of an open review along its machine, for the reviewer who holds the review. Does not commit.

    A rerun makes a machine's step due again. Raises NotFound, Conflict, Invalid (a waiver without a reason) and
    Refused.
    """
    review = _lock_open_review(session, review_id)
    if review.claimed_by != actor.id:
        raise Conflict("review.not_held", "You do not hold this review.", "Claim it before deciding its steps.")
    if trigger is StepTrigger.WAIVE and not (reason and reason.strip()):
        raise Invalid("reason.missing", "A waiver needs a reason.", "Say why; every later reviewer will see it.")
    step = session.scalar(
        select(ReviewStep)
        .where(ReviewStep.review_id == review_id, ReviewStep.code == code)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if step is None:
        raise NotFound("step.not_found", f"This review has no step {code}.", "Look at the review's steps.")
    judgment = judge_step(trigger, step.state, actor.role)
    if judgment.target is None:
        raise Refused(f"{trigger} is not possible for {code}.", judgment.unmet)
    step.state = judgment.target
    step.leased_until = None
    if trigger is StepTrigger.RERUN:
        step.run += 1
        step.attempts = 0
        step.due_at = now
        step.status = "due" if code in MACHINE_STEPS else "void"
        step.decided_by = step.decided_at = step.reason = None
        step.findings = []
    else:
        step.status = "done" if step.status != "void" else "void"
        step.decided_by, step.decided_at, step.reason = actor.id, now, reason
        if findings:
            step.findings = [finding.as_dict() for finding in findings]
    session.flush()
    return step


def record_machine_step(
    session: Session,
    step_id: UUID,
    run: int,
    trigger: StepTrigger,
    findings: Sequence[Finding],
    actor: Actor,
    now: datetime,
) -> bool:
    """Records what a machine found in `run` of a step, unless that was decided or run again meanwhile."""
    judgment = judge_step(trigger, "pending", actor.role)
    recorded = session.scalar(
        text("""
            UPDATE review_step SET state = :state, status = 'done', findings = CAST(:findings AS jsonb),
                   decided_by = :actor_id, decided_at = :now, leased_until = NULL
             WHERE id = :id AND run = :run AND state = 'pending' AND status = 'due' RETURNING id
        """),
        {
            "id": step_id,
            "run": run,
            "state": judgment.target,
            "findings": json.dumps([finding.as_dict() for finding in findings]),
            "actor_id": actor.id,
            "now": now,
        },
    )
    return recorded is not None


def _lock_open_review(session: Session, review_id: UUID) -> Review:
    review = lock_review(session, review_id)
    if review.closed_at is not None:
        raise Conflict("review.closed", f"This review ended: {review.outcome}.", "Look at the App's newest review.")
    return review
