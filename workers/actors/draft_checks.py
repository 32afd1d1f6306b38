"""The actor that runs a machine's review step on a draft, outside any transaction, and records what it found."""

from functools import partial
from typing import Final

from models import DraftCheck
from models.steps import STEPS
from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork
from workers.steps import RUNS
from workers.steps.gathering import evidence_for_draft, runs_of_draft, with_tests
from workflow.building.draft_checks import continue_draft_check, record_draft_check
from workflow.work.bells import Bell
from workflow.work.kinds import DueKind
from workflow.work.leases import Lease, TryLater

MAX_LOOKS: Final = 2
"""How often a draft's page that does not answer is looked at. Its partner waits, and can have it checked again."""


def run_draft_check(context: WorkerContext, lease: Lease) -> bool:
    """Runs a step on a draft. Commits. Returns False if a newer run has begun or the row was leased again.

    Raises TryLater if the outcome may pass, once. A step that has more to do, or waits for runs, is due again.
    """
    with context.unit_of_work() as session:
        check = session.get_one(DraftCheck, lease.id)
        code, attempts = check.code, check.attempts
        gathered = evidence_for_draft(session, check, context.profile)
        evidence = with_tests(context, session, lease, STEPS[code], gathered, partial(runs_of_draft, check))
    if evidence is None:
        return False
    outcome = RUNS[code](evidence, context.http)
    context.reached("draft_checked")
    if outcome.goes_on:
        with context.unit_of_work() as session:
            is_wanted = continue_draft_check(session, lease, outcome.seen, outcome.after)
        if not outcome.after:
            context.ring(Bell.DRAFTS)
        return is_wanted
    if outcome.again_after is not None and attempts < MAX_LOOKS:
        raise TryLater(outcome.in_words)
    with context.unit_of_work() as session:
        return record_draft_check(session, lease, outcome.trigger, outcome.findings, database_now(session))


DRAFT_CHECKS = LeasedWork(DueKind.DRAFT_CHECK, "run_draft_check", run_draft_check)
