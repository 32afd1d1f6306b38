"""The cases of a subscription's run: each posts one message to the partner's endpoint and judges the answer."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from models.component_test import RunScope
from workers.context import WorkerContext
from workers.endpoints import PostsToEndpoints
from workers.suites.case import Case, RunVoid, always
from workflow.component_tests.cases import Dispatch, dispatches_of
from workflow.component_tests.judging import Exchange, judge
from workflow.component_tests.mapped import is_harmless, outgoing_request, result_of_unmapped
from workflow.component_tests.messages import MadeUpUser
from workflow.component_tests.requests import EnteredValues, OutgoingRequest
from workflow.component_tests.run_settings import open_test_settings
from workflow.component_tests.runs import CaseResult, DueRun
from workflow.mapping.problems import MappingInvalid

ANSWER_TIME: Final = timedelta(seconds=10)
"""How long an endpoint may take for one answer, from the look-up of its name."""
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
    came = _exchange(context.endpoints, request)
    return judge(dispatch.question, request, came, datetime.now(UTC), first=is_first)


def _exchange(endpoints: PostsToEndpoints, request: OutgoingRequest) -> Exchange:
    """Sends the request and returns what came back. An error that is not about the endpoint is raised."""
    try:
        answer = endpoints.post(
            request.url, headers=request.headers, body=request.body, total=ANSWER_TIME, method=request.method
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
