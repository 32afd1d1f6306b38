"""Running the review steps that are due: lease in one transaction, work in none, record in another."""

import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select

from models import Review, ReviewStep, Submission
from workers.deps import Deps, database_now
from workers.steps import REGISTRY
from workers.steps.step import Evidence
from workflow.actors import SCHEDULE
from workflow.due import DueKind, fail_due_row, lease_due_rows
from workflow.reviewing.steps import record_machine_step

LEASE = timedelta(minutes=2)
"""Longer than any step may take: a page is fetched within seconds."""

log = logging.getLogger(__name__)


def run_due_steps(deps: Deps) -> int:
    """Runs due steps until none is left; gives how many."""
    worked = 0
    while True:
        with deps.unit_of_work() as session:
            ids = lease_due_rows(session, DueKind.REVIEW_STEP, database_now(session), lease=LEASE, limit=1)
        if not ids:
            return worked
        for step_id in ids:
            _run_step(deps, step_id)
            worked += 1


def _run_step(deps: Deps, step_id: UUID) -> None:
    with deps.unit_of_work() as session:
        step, submission = session.execute(
            select(ReviewStep, Submission)
            .join(Review, Review.id == ReviewStep.review_id)
            .join(Submission, Submission.id == Review.submission_id)
            .where(ReviewStep.id == step_id)
        ).one()
        code, run, snapshot = step.code, step.run, submission.snapshot
    try:
        taken = REGISTRY[code]
        evidence = Evidence(snapshot["app"]["name"], snapshot["evidence"].get(taken.needs, {}))
        outcome = taken.run(evidence, deps.http)
    except Exception as error:
        log.exception("review step %s broke", code)
        with deps.unit_of_work() as session:
            fail_due_row(session, DueKind.REVIEW_STEP, step_id, repr(error), database_now(session))
        deps.count_worked(DueKind.REVIEW_STEP, "failed")
        return
    deps.reached("step_done")
    with deps.unit_of_work() as session:
        record_machine_step(session, step_id, run, outcome.trigger, outcome.findings, SCHEDULE, database_now(session))
    deps.count_worked(DueKind.REVIEW_STEP, "done")
