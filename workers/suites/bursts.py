"""The case of a burst: whether it may be sent now, and sending it once."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from models.component_test import HostUse, RunScope
from workers.context import WorkerContext, database_now
from workers.suites.case import Case, RunVoid
from workers.suites.pacing import ANSWER_TIME, RESERVE, send_burst
from workers.suites.sending import addresses_of, claim, exchange
from workflow.component_tests.cases import burst_dispatch, dispatches_of
from workflow.component_tests.judging import Exchange
from workflow.component_tests.mapped import is_harmless, outgoing_request
from workflow.component_tests.messages import MadeUpUser
from workflow.component_tests.requests import EnteredValues, OutgoingRequest
from workflow.component_tests.runs import CaseResult, DueRun, is_wanted
from workflow.component_tests.starting import require_own_host
from workflow.component_tests.used_hosts import Claim
from workflow.component_tests.volume import BURST, BurstPlan, judge_burst, result_of_busy, result_of_cut_off
from workflow.errors import Conflict
from workflow.mapping.problems import MappingInvalid
from workflow.work.leases import TryLater

WAITS_FOR_OTHERS: Final = timedelta(hours=4)
"""How long a burst waits for the end of others' hours at most."""


def burst_case(context: WorkerContext, run: DueRun, values: EnteredValues, user: MadeUpUser) -> Case:
    """Returns the case of a burst. `take` raises TryLater while others have their turn, and RunVoid."""
    plan = BurstPlan(int(run.wanted["rate"]), int(run.wanted["seconds"]))
    return Case(BURST, partial(_take, context, run, values, user, plan), timedelta(seconds=plan.seconds) + RESERVE)


def _take(context: WorkerContext, run: DueRun, values: EnteredValues, user: MadeUpUser, plan: BurstPlan) -> CaseResult:
    """Claims the host and sends the burst, which is not sent again if the process dies."""
    _require_wanted(context, run)
    event, first = _event(context, run, values, user, 0)
    at = addresses_of(context, first)
    if isinstance(at, Exchange):
        raise RunVoid(f"No burst was sent: {at.detail}")
    claimed = claim(context, run, first, at, HostUse.BURST)
    if claimed.claim is Claim.BEGUN:
        return result_of_cut_off(first.url, event)
    if claimed.until is not None:
        return _busy(context, run, first.url, event, claimed.what, claimed.until)
    context.reached("burst_claimed")

    def send(number: int) -> Exchange:
        return exchange(context.endpoints, _event(context, run, values, user, number)[1], ANSWER_TIME, at)

    answers, stopped = send_burst(plan, send)
    if stopped is None and "delete" in run.subject.get("event_types", ()):
        _delete_user(context, run, values, user, at)
    return judge_burst(first.url, plan, answers, stopped, event)


def _require_wanted(context: WorkerContext, run: DueRun) -> None:
    """Raises RunVoid if the review has ended, or the host is not, or no longer, the company's."""
    with context.unit_of_work() as session:
        if not is_wanted(session, run.id):
            raise RunVoid("The review ended before the burst was sent.")
        try:
            require_own_host(session, run.organization_id, run.subject, loopback=context.allow_loopback)
        except Conflict as refused:
            raise RunVoid(f"{refused.detail} {refused.remedy}") from None


def _event(
    context: WorkerContext, run: DueRun, values: EnteredValues, user: MadeUpUser, number: int
) -> tuple[str, OutgoingRequest]:
    """Returns the type and the request of the `number`th event. Raises RunVoid if there is none such."""
    dispatch = burst_dispatch(run.subject.get("event_types", ()), user, number)
    if dispatch is None:
        raise RunVoid("The Component declares no event type of which a burst could be made.")
    try:
        request = outgoing_request(run, dispatch, values, context.profile.protocol.settings_header, key=None)
    except MappingInvalid as error:
        raise RunVoid(f"The mapping makes no request of the burst's events: {error.detail}") from None
    return dispatch.question.event, request


def _busy(context: WorkerContext, run: DueRun, url: str, event: str, what: str, until: datetime) -> CaseResult:
    """Raises TryLater until others' hour is over; returns the result of a burst that has waited for too long."""
    with context.unit_of_work() as session:
        now = database_now(session)
    if now - run.requested_at > WAITS_FOR_OTHERS:
        return result_of_busy(url, event, what)
    raise TryLater(f"bursts to {what} were sent within the hour", until - now)


def _delete_user(
    context: WorkerContext, run: DueRun, values: EnteredValues, user: MadeUpUser, at: Sequence[str]
) -> None:
    """Has the endpoint forget the burst's made-up user, as the suite does. Whatever it answers is not judged."""
    header = context.profile.protocol.settings_header
    (dispatch,) = dispatches_of(RunScope.EVENT, ("delete",), {"event": "delete"}, user)
    if not is_harmless(run, dispatch, values, header):
        return
    try:
        request = outgoing_request(run, dispatch, values, header, key=None)
    except MappingInvalid:
        return
    exchange(context.endpoints, request, ANSWER_TIME, at)
