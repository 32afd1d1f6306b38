"""Running the review steps that are due: lease in one transaction, work in none, record in another."""

from sqlalchemy import select

from models import Review, ReviewStep, Submission
from models.review import STEPS
from workers.context import WorkerContext, database_now
from workers.draining import drain
from workers.steps import RUNS
from workers.steps.step import Evidence
from workflow.identity.actors import SCHEDULE
from workflow.reviewing.steps import record_machine_step
from workflow.work.leases import DueKind, Lease

LEASE = max(step.lease for step in STEPS.values() if step.lease is not None)
"""Longer than any step may take."""


def run_due_steps(context: WorkerContext) -> int:
    """Runs due steps until none is left or its turn is over; returns how many."""
    return drain(context, DueKind.REVIEW_STEP, _run_step, lease_for=LEASE)


def _run_step(context: WorkerContext, lease: Lease) -> bool:
    with context.unit_of_work() as session:
        step, submission = session.execute(
            select(ReviewStep, Submission)
            .join(Review, Review.id == ReviewStep.review_id)
            .join(Submission, Submission.id == Review.submission_id)
            .where(ReviewStep.id == lease.id)
        ).one()
        code, snapshot = step.code, submission.snapshot
    evidence = Evidence(snapshot["app"]["name"], snapshot["evidence"].get(STEPS[code].needs, {}))
    outcome = RUNS[code](evidence, context.http)
    context.reached("step_done")
    with context.unit_of_work() as session:
        now = database_now(session)
        return record_machine_step(session, lease, outcome.trigger, outcome.findings, SCHEDULE, now)
