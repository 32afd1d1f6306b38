"""The actor of review steps: it reads a step's evidence, checks it outside any transaction, and records the outcome."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from uuid import UUID

from models import Review, ReviewStep
from models.lifecycle import ReviewKind
from models.steps import STEPS
from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork
from workers.steps import RUNS
from workers.steps.gathering import evidence_for_step, runs_of_step, with_tests
from workers.steps.step import StepOutcome
from workflow.findings import Finding
from workflow.identity.actors import SCHEDULE
from workflow.lifecycle.looks import lock_look, request_ends
from workflow.reviewing.steps import (
    continue_machine_step,
    note_machine_step,
    record_machine_step,
    wake_steps_of_review,
)
from workflow.work.bells import Bell
from workflow.work.kinds import DueKind
from workflow.work.leases import MAX_ATTEMPTS, RETRY_AFTER, Lease, TryLater


def run_review_step(context: WorkerContext, lease: Lease) -> bool:
    """Runs a review step. Commits. Returns False if the step has been decided or leased again since.

    An outcome that may pass is shown, and recorded only after the last attempt. Before that, raises TryLater. A step
    that has more to do than one attempt may take, or waits for runs that it began, is due again.
    """
    with context.unit_of_work() as session:
        step = session.get_one(ReviewStep, lease.id)
        review = session.get_one(Review, step.review_id)
        code, attempts = step.code, step.attempts
        app_id, review_id = review.app_id, review.id
        look = review_id if review.kind == ReviewKind.HEALTH else None
        gathered = evidence_for_step(session, step, review, context.profile)
        wanted = partial(runs_of_step, session, step, review)
        evidence = with_tests(context, session, lease, STEPS[code], gathered, wanted)
    if evidence is None:
        return False
    outcome = RUNS[code](evidence, context.http)
    context.reached("step_done")
    if outcome.goes_on:
        return _go_on(context, lease, outcome)
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
        if not record_machine_step(session, lease, outcome.trigger, outcome.findings, SCHEDULE, now, outcome.seen):
            return False
        is_awaited = STEPS[code].has_runs and wake_steps_of_review(session, review_id)
    if is_awaited:
        context.ring(Bell.STEPS)
    return True


def _go_on(context: WorkerContext, lease: Lease, outcome: StepOutcome) -> bool:
    """Has the step run again, from where it is, at once or after a pause. Commits."""
    with context.unit_of_work() as session:
        is_wanted = continue_machine_step(session, lease, outcome.seen, outcome.after)
    if not outcome.after:
        context.ring(Bell.STEPS)
    return is_wanted


def _record_of_look(context: WorkerContext, lease: Lease, outcome: StepOutcome, review_id: UUID, app_id: UUID) -> bool:
    """Records the outcome of a step of a health review, and requests the review's end if it was the last. Commits."""
    with context.unit_of_work() as session:
        lock_look(session, review_id)
        now, writer = context.now_and_writer(session)
        if not record_machine_step(session, lease, outcome.trigger, outcome.findings, SCHEDULE, now, outcome.seen):
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
