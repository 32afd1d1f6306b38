"""Deciding review steps by their state machine, whether a person or a machine takes them.

The automatic checks themselves are in workers/steps.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import ReviewStep
from models.due import Urgency
from models.lifecycle import ReviewKind, StepState, StepTrigger
from models.steps import MACHINE_STEPS
from workflow.errors import Invalid, NotFound, Refused
from workflow.findings import Finding
from workflow.identity.actors import SCHEDULE, Actor
from workflow.identity.audit_log import log_action
from workflow.machines import judge_step
from workflow.policy.document import Policy
from workflow.reviewing.desk import lock_held_review
from workflow.reviewing.reports import stored_findings, stored_seen
from workflow.sql.arrays import app_ids
from workflow.work.bells import Bell, ring_after_commit
from workflow.work.leases import Lease


def why_step(code: str, kind: ReviewKind, policy: Policy) -> str:
    """Returns in words why a review of the kind has the step, by the policy it was opened with. Pure."""
    if kind is ReviewKind.HEALTH:
        return "It looks again at what is public."
    if kind is not ReviewKind.REVISION:
        return "The policy has it for every review."
    if code in MACHINE_STEPS:
        return "A machine takes it in every revision."
    if code in policy.revision_steps:
        return "The policy wants it in every revision."
    return "The revision changes what it is about."


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
    """Fires a trigger of a review step for the reviewer who holds the review, and returns the step.

    A rerun makes a machine's step due again. A waiver keeps the step's findings. Locks the App, the review and the
    step. Does not commit. Raises NotFound, Conflict, Invalid (a waiver without a reason) and Refused.
    """
    lock_held_review(session, review_id, actor, now)
    if trigger is StepTrigger.WAIVE and not (reason and reason.strip()):
        raise Invalid(
            "reason.missing",
            "A waiver needs a reason.",
            "Say why the step does not matter; every later reviewer will see it.",
        )
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
        raise Refused(f"{trigger} is not possible for the review step {code}.", judgment.unmet)
    if step.state == StepState.PENDING and trigger is not StepTrigger.WAIVE:
        step.findings = []  # what an attempt found that was to be tried again
    step.state = judgment.target
    step.leased_until = None
    if trigger is StepTrigger.RERUN:
        step.run += 1
        step.attempts = 0
        step.due_at = now
        step.urgency = Urgency.URGENT.value  # a person waits for it, whatever the review's kind
        step.status = "due" if code in MACHINE_STEPS else "void"
        step.decided_by = step.decided_at = step.reason = None
        step.findings, step.seen = [], {}
    else:
        step.status = "done" if step.status != "void" else "void"
        step.decided_by, step.decided_at, step.reason = actor.id, now, reason
        if findings:
            step.findings = [finding.as_dict() for finding in findings]
    session.flush()
    log_action(session, actor, "review.step", review_id, step=code, decision=trigger.value)
    ring_after_commit(session, Bell.STEPS)
    return step


def record_machine_step(
    session: Session,
    lease: Lease,
    trigger: StepTrigger,
    findings: Sequence[Finding],
    actor: Actor,
    now: datetime,
    seen: Mapping[str, Any] | None = None,
) -> bool:
    """Records the outcome of an automatic step, and what it saw, by its lease. Does not commit.

    Returns False and records nothing if the step has been decided or leased again since.
    """
    judgment = judge_step(trigger, StepState.PENDING, actor.role)
    recorded = session.scalar(
        text("""
            UPDATE review_step SET state = :state, status = 'done', findings = CAST(:findings AS jsonb),
                   seen = CAST(:seen AS jsonb), decided_by = :actor_id, decided_at = :now, leased_until = NULL
             WHERE id = :id AND state = 'pending' AND status = 'due' AND leased_until = :until RETURNING id
        """),
        {
            "id": lease.id,
            "until": lease.until,
            "state": judgment.target,
            "findings": stored_findings(findings),
            "seen": stored_seen(seen or {}),
            "actor_id": actor.id,
            "now": now,
        },
    )
    return recorded is not None


def note_machine_step(session: Session, lease: Lease, findings: Sequence[Finding]) -> bool:
    """Shows what an attempt at an automatic step found that is tried again. Does not commit.

    The step stays undecided. Returns False and records nothing if the step has been decided or leased again since.
    """
    noted = session.scalar(
        text("""
            UPDATE review_step SET findings = CAST(:findings AS jsonb)
             WHERE id = :id AND state = 'pending' AND status = 'due' AND leased_until = :until RETURNING id
        """),
        {
            "id": lease.id,
            "until": lease.until,
            "findings": stored_findings(findings),
        },
    )
    return noted is not None


def continue_machine_step(
    session: Session, lease: Lease, seen: Mapping[str, Any], after: timedelta = timedelta()
) -> bool:
    """Records how far an automatic step has come, and makes it due again `after` a pause. Does not commit.

    What it has done counts as no attempt. Returns False and records nothing if the step has been decided or leased
    again since.
    """
    values = {"id": lease.id, "until": lease.until, "seen": stored_seen(seen), "seconds": after.total_seconds()}
    return session.scalar(_CONTINUE, values) is not None


_CONTINUE = text("""
    UPDATE review_step SET seen = CAST(:seen AS jsonb), attempts = 0, leased_until = NULL,
           due_at = clock_timestamp() + :seconds * interval '1 second'
     WHERE id = :id AND state = 'pending' AND status = 'due' AND leased_until = :until RETURNING id
""")


def wake_steps_of_run(session: Session, run_id: UUID) -> bool:
    """Makes the steps due that wait for a review's tests, if the run was the last one under way. Does not commit.

    Returns whether there was one. Nothing depends on it: they look again after a pause in any case.
    """
    return bool(session.execute(_WAKE_STEPS_OF_RUN, {"run_id": run_id}).all())


def wake_steps_of_review(session: Session, review_id: UUID) -> bool:
    """Makes the steps of a review due that wait for its tests, as `wake_steps_of_run` does."""
    return bool(session.execute(_WAKE_STEPS_OF_REVIEW, {"review_id": review_id}).all())


_WAKE = """
    UPDATE review_step SET due_at = clock_timestamp()
     WHERE state = 'pending' AND status = 'due' AND leased_until IS NULL AND due_at > clock_timestamp()
       AND attempts = 0 AND seen -> 'polls' IS NOT NULL
"""
"""A step that rests before it has the tests run once more is no such step: its rest is meant."""
_WAKE_STEPS_OF_RUN = text(f"""
    {_WAKE}
       AND review_id = (SELECT run.review_id FROM component_test run
                         WHERE run.id = :run_id
                           AND NOT EXISTS (SELECT FROM component_test other
                                            WHERE other.review_id = run.review_id AND other.status = 'due'))
    RETURNING id
""")
_WAKE_STEPS_OF_REVIEW = text(f"{_WAKE} AND review_id = :review_id RETURNING id")


def cancel_steps(session: Session, ids: Sequence[UUID], now: datetime) -> None:
    """Cancels the undecided steps of the Apps' open reviews, which are about to be closed. Does not commit."""
    cancelled = judge_step(StepTrigger.CANCEL, StepState.PENDING, SCHEDULE.role).target
    session.execute(_CANCEL_STEPS, {"ids": list(ids), "cancelled": cancelled, "now": now})


_CANCEL_STEPS = app_ids("""
    UPDATE review_step step
       SET state = CAST(:cancelled AS text), status = 'void', decided_at = :now, leased_until = NULL, findings = '[]'
      FROM review r
     WHERE r.app_id = ANY(:ids) AND r.closed_at IS NULL AND step.review_id = r.id AND step.state = 'pending'
""")
