"""The cases of a subscription's run: each posts one message to the partner's endpoint and judges the answer."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from models.component_test import HostUse, RunScope
from workers.context import WorkerContext, database_now
from workers.endpoints import PostsToEndpoints
from workers.suites import bursts
from workers.suites.case import Case, RunVoid, always
from workflow.component_tests.cases import Dispatch, burst_dispatch, dispatches_of
from workflow.component_tests.judging import Exchange, judge
from workflow.component_tests.mapped import is_harmless, outgoing_request, result_of_unmapped
from workflow.component_tests.messages import MadeUpUser
from workflow.component_tests.requests import EnteredValues, OutgoingRequest
from workflow.component_tests.run_settings import open_test_settings
from workflow.component_tests.runs import CaseResult, DueRun
from workflow.component_tests.starting import host_of, require_own_host
from workflow.component_tests.used_hosts import Claim, Claimed, claim_host
from workflow.component_tests.volume import BURST, BurstPlan, judge_burst, result_of_busy, result_of_cut_off
from workflow.errors import Conflict
from workflow.mapping.problems import MappingInvalid
from workflow.work.leases import TryLater

ANSWER_TIME: Final = timedelta(seconds=10)
"""How long an endpoint may take for one answer, from the look-up of its name."""
LOOK_UP_TIME: Final = timedelta(seconds=3)
WAITS_FOR_BURSTS: Final = timedelta(hours=4)
"""How long a burst waits for the end of others' hours at most."""
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
        return (_burst_case(context, run, values, user),)
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
    came = _exchange(context.endpoints, request, at=at)
    return judge(dispatch.question, request, came, datetime.now(UTC), first=is_first)


def _claimed_try_out(context: WorkerContext, run: DueRun, request: OutgoingRequest) -> Sequence[str]:
    """Returns the addresses to which the try-out may go; none if its host has none. Raises RunVoid if it may not."""
    addresses = _addresses(context, request)
    if isinstance(addresses, Exchange):
        return ()
    claimed = _claim(context, run, request, addresses, HostUse.TRY_OUT)
    if claimed.claim is Claim.BUSY:
        raise RunVoid(f"Too many try-outs went to {claimed.what} lately: wait until {claimed.until:%H:%M} UTC.")
    return addresses


def _addresses(context: WorkerContext, request: OutgoingRequest) -> Sequence[str] | Exchange:
    """Returns the addresses of the request's host, or what keeps it from having any."""
    try:
        return context.endpoints.addresses(request.url, total=LOOK_UP_TIME)
    except Exception as error:
        code, detail = getattr(error, "code", None), getattr(error, "detail", None)
        if code is None or detail is None:
            raise
        return Exchange(problem=str(code), detail=str(detail))


def _claim(
    context: WorkerContext, run: DueRun, request: OutgoingRequest, addresses: Sequence[str], use: HostUse
) -> Claimed:
    """Claims the host of the request for the run. Commits."""
    host = host_of(request.url)
    with context.unit_of_work() as session:
        now = database_now(session)
        return claim_host(session, use, run.id, run.organization_id, host, addresses, now)


def _burst_case(context: WorkerContext, run: DueRun, values: EnteredValues, user: MadeUpUser) -> Case:
    plan = BurstPlan(int(run.wanted["rate"]), int(run.wanted["seconds"]))
    longest = timedelta(seconds=plan.seconds) + bursts.RESERVE
    return Case(BURST, partial(_take_burst, context, run, values, user, plan), longest)


def _take_burst(
    context: WorkerContext, run: DueRun, values: EnteredValues, user: MadeUpUser, plan: BurstPlan
) -> CaseResult:
    """Sends the burst if its host is the company's and nobody else's turn. Raises TryLater while it is, and RunVoid."""
    header = context.profile.protocol.settings_header
    types = run.subject.get("event_types", ())

    def request_of(number: int) -> tuple[Dispatch, OutgoingRequest]:
        dispatch = burst_dispatch(types, user, number)
        if dispatch is None:
            raise RunVoid("The Component declares no event type of which a burst could be made.")
        return dispatch, outgoing_request(run, dispatch, values, header, key=None)

    try:
        dispatch, first = request_of(0)
    except MappingInvalid as error:
        raise RunVoid(f"The mapping makes no request of the burst's events: {error.detail}") from None
    url, event = first.url, dispatch.question.event
    with context.unit_of_work() as session:
        settings = run.subject
        try:
            require_own_host(session, run.organization_id, settings, loopback=context.allow_loopback)
        except Conflict as refused:
            raise RunVoid(f"{refused.detail} {refused.remedy}") from None
    at = _addresses(context, first)
    if isinstance(at, Exchange):
        raise RunVoid(f"No burst was sent: {at.detail}")
    claimed = _claim(context, run, first, at, HostUse.BURST)
    if claimed.claim is Claim.BEGUN:
        return result_of_cut_off(url, event)
    if claimed.claim is Claim.BUSY:
        with context.unit_of_work() as session:
            now = database_now(session)
        if claimed.until is None or now - run.requested_at > WAITS_FOR_BURSTS:
            return result_of_busy(url, event, claimed.what)
        raise TryLater(f"a burst to {claimed.what} was sent within the hour", claimed.until - now)
    context.reached("burst_claimed")
    answers, stopped = bursts.send_burst(
        plan, lambda number: _exchange(context.endpoints, request_of(number)[1], bursts.ANSWER_TIME, at)
    )
    if stopped is None and "delete" in types:
        _delete_user(context, run, values, user, at)
    return judge_burst(url, plan, answers, stopped, event)


def _delete_user(
    context: WorkerContext, run: DueRun, values: EnteredValues, user: MadeUpUser, at: Sequence[str]
) -> None:
    """Has the endpoint forget the burst's made-up user, as the suite does. Whatever it answers is not judged."""
    header = context.profile.protocol.settings_header
    (dispatch,) = dispatches_of(RunScope.EVENT, ("delete",), {"event": "delete"}, user)
    if is_harmless(run, dispatch, values, header):
        try:
            request = outgoing_request(run, dispatch, values, header, key=None)
        except MappingInvalid:
            return
        _exchange(context.endpoints, request, bursts.ANSWER_TIME, at)


def _exchange(
    endpoints: PostsToEndpoints, request: OutgoingRequest, total: timedelta = ANSWER_TIME, at: Sequence[str] = ()
) -> Exchange:
    """Sends the request and returns what came back. An error that is not about the endpoint is raised."""
    try:
        answer = endpoints.post(
            request.url, headers=request.headers, body=request.body, total=total, method=request.method, at=at
        )
    except Exception as error:
        code, detail = getattr(error, "code", None), getattr(error, "detail", None)
        if code is None or detail is None:
            raise
        return Exchange(problem=str(code), detail=str(detail))
    return Exchange(
        status=answer.status,
        content_type=answer.content_type,
        location=answer.location,
        body=answer.body,
        is_cut=answer.is_cut,
        problem=answer.body_problem,
        seconds=answer.seconds,
        tls_version=answer.tls_version,
        certificate_ends=answer.certificate_ends,
    )


def _was_answered(earlier: Sequence[int | None]) -> bool:
    """Returns whether the endpoint has answered anything: otherwise there is nothing to observe."""
    return any(status is not None for status in earlier)
