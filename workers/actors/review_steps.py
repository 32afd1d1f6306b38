"""The actor of review steps: it reads a step's evidence, checks it outside any transaction, and records the outcome."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from models import Review, ReviewStep, Submission
from models.lifecycle import ReviewKind
from models.review import STEPS
from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork
from workers.steps import RUNS
from workers.steps.step import Evidence, StepOutcome
from workflow.findings import Finding
from workflow.identity.actors import SCHEDULE
from workflow.lifecycle.looks import lock_look, request_ends
from workflow.reviewing.steps import note_machine_step, record_machine_step
from workflow.work.bells import Bell
from workflow.work.kinds import DueKind
from workflow.work.leases import MAX_ATTEMPTS, RETRY_AFTER, Lease, TryLater


def run_review_step(context: WorkerContext, lease: Lease) -> bool:
    """Runs a review step. Commits. Returns False if the step has been decided or leased again since.

    An outcome that may pass is shown, and recorded only after the last attempt. Before that, raises TryLater.
    """
    with context.unit_of_work() as session:
        step, review, submission = session.execute(
            select(ReviewStep, Review, Submission)
            .join(Review, Review.id == ReviewStep.review_id)
            .join(Submission, Submission.id == Review.submission_id)
            .where(ReviewStep.id == lease.id)
        ).one()
        code, attempts, snapshot = step.code, step.attempts, submission.snapshot
        look = review.id if review.kind == ReviewKind.HEALTH else None
        app_id = review.app_id
    evidence = Evidence(snapshot["app"]["name"], snapshot["evidence"].get(STEPS[code].needs, {}), context.profile)
    outcome = RUNS[code](evidence, context.http)
    context.reached("step_done")
    if outcome.again_after is not None and attempts < MAX_ATTEMPTS:
        rest = max(outcome.again_after, RETRY_AFTER[attempts - 1])
        with context.unit_of_work() as session:
            if not note_machine_step(session, lease, _tried(outcome.findings, attempts, rest)):
                return False
        raise TryLater(outcome.in_words, rest)
    if look is not None:
        return _record_of_look(context, lease, outcome, look, app_id)
    with context.unit_of_work() as session:
        now = database_now(session)
        return record_machine_step(session, lease, outcome.trigger, outcome.findings, SCHEDULE, now)


def _record_of_look(context: WorkerContext, lease: Lease, outcome: StepOutcome, review_id: UUID, app_id: UUID) -> bool:
    """Records the outcome of a step of a health review, and requests the review's end if it was the last. Commits."""
    with context.unit_of_work() as session:
        lock_look(session, review_id)
        now, writer = context.now_and_writer(session)
        if not record_machine_step(session, lease, outcome.trigger, outcome.findings, SCHEDULE, now):
            return False
        ended = request_ends(session, [app_id], writer.policies, writer.rulebook)
    if ended:
        context.ring(Bell.APPLY)
    return True


def _tried(findings: Iterable[Finding], attempts: int, rest: timedelta) -> list[Finding]:
    """Returns findings with what happens next."""
    seconds = int(rest.total_seconds())
    when = f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"
    again = f" That may pass: the service looks again in {when} ({attempts} of {MAX_ATTEMPTS} looks taken)."
    return [replace(one, detail=one.detail + again) for one in findings]


REVIEW_STEPS = LeasedWork(DueKind.REVIEW_STEP, "run_review_step", run_review_step)
