"""The actor of review steps: it reads a step's evidence, checks it outside any transaction, and records the outcome."""

from sqlalchemy import select

from models import Review, ReviewStep, Submission
from models.review import STEPS
from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork
from workers.steps import RUNS
from workers.steps.step import Evidence
from workflow.identity.actors import SCHEDULE
from workflow.reviewing.steps import record_machine_step
from workflow.work.kinds import DueKind
from workflow.work.leases import Lease


def run_review_step(context: WorkerContext, lease: Lease) -> bool:
    """Runs a review step. Commits. Returns False if the step has been decided or leased again since."""
    with context.unit_of_work() as session:
        step, submission = session.execute(
            select(ReviewStep, Submission)
            .join(Review, Review.id == ReviewStep.review_id)
            .join(Submission, Submission.id == Review.submission_id)
            .where(ReviewStep.id == lease.id)
        ).one()
        code, snapshot = step.code, submission.snapshot
    evidence = Evidence(snapshot["app"]["name"], snapshot["evidence"].get(STEPS[code].needs, {}), context.profile)
    outcome = RUNS[code](evidence, context.http)
    context.reached("step_done")
    with context.unit_of_work() as session:
        now = database_now(session)
        return record_machine_step(session, lease, outcome.trigger, outcome.findings, SCHEDULE, now)


REVIEW_STEPS = LeasedWork(DueKind.REVIEW_STEP, "run_review_step", run_review_step)
