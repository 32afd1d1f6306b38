"""Sending one request to an endpoint, and claiming its host before what is bounded by host, address and company."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from models.component_test import HostUse
from workers.context import WorkerContext, database_now
from workers.endpoints import PostsToEndpoints
from workers.refusals import refusal_in
from workflow.component_tests.judging import Exchange
from workflow.component_tests.requests import OutgoingRequest
from workflow.component_tests.runs import DueRun
from workflow.component_tests.starting import host_of
from workflow.component_tests.used_hosts import Claimed, claim_host

ANSWER_TIME: Final = timedelta(seconds=10)
"""How long an endpoint may take for one answer, from the look-up of its name."""
LOOK_UP_TIME: Final = timedelta(seconds=3)


def exchange(
    endpoints: PostsToEndpoints, request: OutgoingRequest, total: timedelta = ANSWER_TIME, at: Sequence[str] = ()
) -> Exchange:
    """Sends the request and returns what came back. An error that is not about the endpoint is raised."""
    try:
        answer = endpoints.post(
            request.url, headers=request.headers, body=request.body, total=total, method=request.method, at=at
        )
    except Exception as error:
        refusal = refusal_in(error)
        if refusal is None:
            raise
        return Exchange(problem=refusal.code, detail=refusal.detail)
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


def addresses_of(context: WorkerContext, request: OutgoingRequest) -> Sequence[str] | Exchange:
    """Returns the addresses of the request's host, or what keeps it from having any."""
    try:
        return context.endpoints.addresses(request.url, total=LOOK_UP_TIME)
    except Exception as error:
        refusal = refusal_in(error)
        if refusal is None:
            raise
        return Exchange(problem=refusal.code, detail=refusal.detail)


def claim(
    context: WorkerContext, run: DueRun, request: OutgoingRequest, addresses: Sequence[str], use: HostUse
) -> Claimed:
    """Claims the host of the request for the run. Commits."""
    host = host_of(request.url)
    with context.unit_of_work() as session:
        now = database_now(session)
        return claim_host(session, use, run.id, run.organization_id, host, addresses, now)
