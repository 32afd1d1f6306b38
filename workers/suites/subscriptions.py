"""The cases of a subscription's run: each posts one message to the partner's endpoint and judges the answer."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

from models.component_test import HostUse, RunScope
from workers.context import WorkerContext
from workers.suites.bursts import burst_case
from workers.suites.case import Case, RunVoid, always
from workers.suites.sending import ANSWER_TIME, addresses_of, claim, exchange
from workflow.component_tests.cases import Dispatch, dispatches_of
from workflow.component_tests.judging import Exchange, judge
from workflow.component_tests.mapped import is_harmless, outgoing_request, result_of_unmapped
from workflow.component_tests.messages import MadeUpUser
from workflow.component_tests.requests import EnteredValues, OutgoingRequest
from workflow.component_tests.run_settings import open_test_settings
from workflow.component_tests.runs import CaseResult, DueRun
from workflow.component_tests.used_hosts import Claim
from workflow.mapping.problems import MappingInvalid

WRONG_KEY: Final = "a-wrong-key-of-the-test-suite"


def subscription_cases(context: WorkerContext, run: DueRun) -> Sequence[Case]:
    """Returns the cases of the run. Raises RunVoid if its test key is gone."""
    if run.sealed is None:
        raise RunVoid("The test settings ended or were deleted during the run.")
    try:
        values = open_test_settings(run.sealed, context.unseal)
    except ValueError:
        raise RunVoid("None of this installation's keys decrypts the test settings: give them again.") from None
    user = MadeUpUser(run.id, run.requested_at)
    if run.scope is RunScope.BURST:
        return (burst_case(context, run, values, user),)
    dispatches = dispatches_of(run.scope, run.subject.get("event_types", ()), run.wanted, user)
    if run.scope is RunScope.LOOK:
        header = context.profile.protocol.settings_header
        dispatches = tuple(one for one in dispatches if is_harmless(run, one, values, header))
    return [
        Case(
            dispatch.question.code,
            partial(_take, context, run, values, dispatch, is_first=number == 0),
            ANSWER_TIME,
            _was_answered if dispatch.question.observed else always,
        )
        for number, dispatch in enumerate(dispatches)
    ]


def _take(
    context: WorkerContext, run: DueRun, values: EnteredValues, dispatch: Dispatch, *, is_first: bool
) -> CaseResult:
    key = WRONG_KEY if dispatch.wrong_key else None
    try:
        request = outgoing_request(run, dispatch, values, context.profile.protocol.settings_header, key=key)
    except MappingInvalid as error:
        return result_of_unmapped(dispatch, error)
    at = _claimed_try_out(context, run, request) if run.scope is RunScope.TRY_OUT else ()
    came = exchange(context.endpoints, request, at=at)
    return judge(dispatch.question, request, came, datetime.now(UTC), first=is_first)


def _claimed_try_out(context: WorkerContext, run: DueRun, request: OutgoingRequest) -> Sequence[str]:
    """Returns the addresses to which the try-out may go; none if its host has none. Raises RunVoid if it may not."""
    addresses = addresses_of(context, request)
    if isinstance(addresses, Exchange):
        return ()
    claimed = claim(context, run, request, addresses, HostUse.TRY_OUT)
    if claimed.claim is Claim.BUSY:
        raise RunVoid(f"Too many try-outs went to {claimed.what} lately: wait until {claimed.until:%H:%M} UTC.")
    return addresses


def _was_answered(earlier: Sequence[int | None]) -> bool:
    """Returns whether the endpoint has answered anything: otherwise there is nothing to observe."""
    return any(status is not None for status in earlier)
