"""The actor of Components' tests: it takes the cases of a run one by one, and records each result as it comes."""

import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final

from models.component import ComponentKind
from workers.context import WorkerContext, database_now
from workers.leasing.work import LeasedWork, describe_attempt
from workers.suites.case import Case, Runner, RunVoid
from workers.suites.plugins import plugin_cases
from workers.suites.subscriptions import subscription_cases
from workflow.component_tests.runs import DueRun, finish_run, load_run, progress_run, record_result, void_run
from workflow.reviewing.steps import wake_steps_of_run
from workflow.work.bells import Bell
from workflow.work.kinds import LEASED_KINDS, DueKind
from workflow.work.leases import Lease

RESERVE: Final = timedelta(seconds=5)
"""How much of an attempt is kept for the database."""
RUNNERS: Final[dict[ComponentKind, Runner]] = {
    ComponentKind.SUBSCRIPTION: subscription_cases,
    ComponentKind.PLUGIN: plugin_cases,
}
"""The cases of a run, by the kind of Component."""


def run_component_test(context: WorkerContext, lease: Lease, steady: Callable[[], float] = time.monotonic) -> bool:
    """Takes as many cases of a run as fit into an attempt; the rest is due again at once. Commits after each case.

    Returns False if the run or its Component is gone, or the run was leased again since. `steady` is a clock in seconds
    that never goes back.
    """
    began = steady()
    with context.unit_of_work() as session:
        run = load_run(session, lease.id, database_now(session))
        if run is None:
            void_run(session, lease, "The Component was removed.")
            wake_steps_of_run(session, lease.id)
            return False
    describe_attempt(app=run.slug, component_id=str(run.component_id))
    try:
        cases = RUNNERS[ComponentKind(run.kind)](context, run)
        return _take_cases(context, lease, run, cases, lambda: timedelta(seconds=steady() - began))
    except RunVoid as void:
        with context.unit_of_work() as session:
            void_run(session, lease, str(void))
            wake_steps_of_run(session, lease.id)
        return False


def _take_cases(
    context: WorkerContext, lease: Lease, run: DueRun, cases: Sequence[Case], passed: Callable[[], timedelta]
) -> bool:
    """Takes the cases that the run has not recorded yet, in order, while there is time."""
    recorded = dict(run.recorded)
    is_under_way = False
    longest = LEASED_KINDS[lease.kind].longest_attempt - RESERVE
    for position, case in enumerate(cases, 1):
        earlier = [recorded[one] for one in sorted(recorded) if one < position]
        if position in recorded or not case.is_needed(earlier):
            continue
        if is_under_way and passed() + case.longest > longest:
            with context.autocommit() as direct:
                return progress_run(direct, lease)
        result = case.take()
        context.reached("case_taken")
        with context.autocommit() as direct:
            if not record_result(direct, lease, position, result):
                return False
        context.reached("case_recorded")
        recorded[position] = result.status
        is_under_way = True
    with context.autocommit() as direct:
        if not finish_run(direct, lease):
            return False
        is_awaited = wake_steps_of_run(direct, run.id)
    if is_awaited:
        context.ring(Bell.STEPS)
    return True


COMPONENT_TESTS = LeasedWork(DueKind.COMPONENT_TEST, "run_component_test", run_component_test)
