"""What a function's mapping makes of the messages of a run: requests, or results where it makes none. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from models.component_test import TestColour
from workflow.component_tests.cases import Dispatch, cut_off
from workflow.component_tests.colours import NEVER_UNSUPPORTED
from workflow.component_tests.requests import EnteredValues, OutgoingRequest, body_of, webhook_request
from workflow.component_tests.runs import CaseResult, DueRun
from workflow.findings import Finding
from workflow.mapping.problems import MappingInvalid
from workflow.mapping.subscriptions import mapping_for, request_of

_NEVER_SENT: Final = "Such an event would never be sent to the endpoint."


def outgoing_request(
    run: DueRun, dispatch: Dispatch, values: EnteredValues, settings_header: str, *, key: str | None
) -> OutgoingRequest:
    """Returns the request that carries the message: a webhook's, or what the function's mapping makes of the message.

    A body that is no message is cut off from the mapped one. `key` replaces that of `values`. Raises MappingInvalid.
    """
    settings, message = run.subject, dispatch.message
    request = request_of_event(settings, message, values, settings_header, key=key)
    if dispatch.body is None:
        return request
    is_mapped = mapping_for(settings, str(message.get("type"))) is not None
    return replace(request, body=cut_off(request.body) if is_mapped else dispatch.body)


def request_of_event(
    settings: Mapping[str, Any],
    event: Mapping[str, Any],
    values: EnteredValues,
    settings_header: str,
    *,
    key: str | None = None,
) -> OutgoingRequest:
    """Returns the request that carries an event to a subscription with these settings. Raises MappingInvalid."""
    if mapping_for(settings, str(event.get("type"))) is None:
        return webhook_request(str(settings["url"]), body_of(event), values, settings_header, key=key)
    mapped = request_of(settings, event)
    return webhook_request(
        mapped.url, mapped.body, values, settings_header, key=key, method=mapped.method, headers=dict(mapped.headers)
    )


def is_harmless(run: DueRun, dispatch: Dispatch, values: EnteredValues, settings_header: str) -> bool:
    """Returns whether a look may send it: a deletion only if its request names the run's own made-up user."""
    if dispatch.question.event != NEVER_UNSUPPORTED:
        return True
    try:
        request = outgoing_request(run, dispatch, values, settings_header, key=None)
    except MappingInvalid:
        return True  # nothing is sent
    user = str(dispatch.message["userId"])
    return user in request.url or user in request.text


def result_of_unmapped(dispatch: Dispatch, error: MappingInvalid) -> CaseResult:
    """Returns the result of a case for which the mapping makes no request. The event is shown instead of a request."""
    question = dispatch.question
    detail = f"The mapping makes no request of {question.title}: {error.detail}"
    return CaseResult(
        code=question.code,
        event=question.event,
        body=dispatch.sent_body.decode("utf-8", errors="replace"),
        message=detail,
        colour=TestColour.YELLOW if question.observed else TestColour.RED,
        observed=question.observed,
        findings=(Finding("mapping.failed", f"{detail} {_NEVER_SENT}", error.remedy),),
    )
