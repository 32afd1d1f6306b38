"""Access requests: asking without a token, following a request, and deciding it."""

from typing import Annotated
from uuid import UUID

from fastapi import Header, Query
from fastapi.responses import JSONResponse

from api.auth import OR_NOBODY, InContext, allow, allow_or_nobody
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.access_requests import (
    AccessDecision,
    AccessPreviewAnswer,
    AccessRequestAnswer,
    AccessRequestSummaryAnswer,
    AskedAnswer,
    NewAccessRequest,
    ReceivedAnswer,
    shown_request,
    shown_summary,
    shown_to_requester,
)
from api.schemas.decisions import shown_mail
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Key
from models import AccessRequest
from models.lifecycle import AccessState, Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.access.deciding import decide_access
from workflow.access.reading import list_access_requests, open_request_file
from workflow.access.rehearsing import rehearse_access
from workflow.access.requests import AccessRequestContent, find_by_secret, find_request, requester_at
from workflow.access.requests import ask_for_access as ask_for_access_of
from workflow.errors import NotFound
from workflow.identity.actors import Actor
from workflow.profile.document import Profile
from workflow.reasons import Reason

router = Router(prefix="/v1/access-requests", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.ACCESS_DECIDE, Role.REVIEWER, Role.ADMIN)]
ViewerOrNobody = Annotated[Actor | None, allow_or_nobody(Scope.ACCESS_DECIDE, Role.REVIEWER, Role.ADMIN)]
Secret = Annotated[
    str | None,
    Header(
        alias="Request-Secret",
        pattern=r"^[A-Za-z0-9_-]{1,100}$",
        description="The `secret` from the answer to the access request.",
    ),
]


@router.post("", status_code=201, tags=["partner"], response_model=ReceivedAnswer)
async def ask_for_access(context: InContext, body: NewAccessRequest, key: Key = None) -> JSONResponse:
    """Requests access for a company, without a token. A link is mailed to the address; nothing counts before its use.

    The answer is the same whether or not the company takes part, or has asked before.
    """
    asker = requester_at(body.contact_email)

    def work(session: Session) -> Answer:
        received, secret = ask_for_access_of(session, _asked(body), now_of(session), context.envelope.seal)
        return 201, {**shown_to_requester(session, received), "secret": secret}

    asked = {"access": body.model_dump(mode="json")}
    secret = ShownOnce("secret", context.envelope)
    status, answer = await context.transact(lambda s: once(s, asker, key, asked, lambda: work(s), secret))
    opened = ReceivedAnswer.model_validate(answer)
    headers = {"Location": f"/v1/access-requests/{opened.id}", "Cache-Control": "no-store"}
    return JSONResponse(opened.model_dump(mode="json"), status, headers=headers)


@router.get("", tags=["reviewer"])
async def list_requests(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    wanted: Paged,
    state: Annotated[AccessState | None, Query()] = None,
) -> Page[AccessRequestSummaryAnswer]:
    """Lists access requests, the oldest first, which is also the order of their due times."""

    def work(session: Session) -> Page[AccessRequestSummaryAnswer]:
        now = now_of(session)
        return shown_page(list_access_requests(session, state, wanted), lambda one: shown_summary(one, now))

    return await context.transact(work)


@router.get("/{request_id}", tags=["partner", "reviewer"], openapi_extra=OR_NOBODY)
async def read(
    context: InContext, actor: ViewerOrNobody, request_id: UUID, secret: Secret = None
) -> AccessRequestAnswer | AskedAnswer:
    """Returns an access request. Reviewers see all of it; the person who made it, with its secret, sees its status."""

    def work(session: Session) -> AccessRequestAnswer | AskedAnswer:
        if actor is not None:
            return _request(session, find_request(session, request_id), context.profile)
        if secret is None:
            detail = f"There is no access request {request_id} that you may see."
            raise NotFound("access.not_found", detail, "Send the header Request-Secret, or a reviewer's token.")
        found = find_by_secret(session, request_id, secret)
        return AskedAnswer.model_validate(shown_to_requester(session, found))

    return await context.transact(work)


@router.post("/{request_id}/decision", tags=["reviewer"])
async def decide(context: InContext, actor: Viewer, request_id: UUID, body: AccessDecision) -> AccessRequestAnswer:
    """Approves an access request and mails invitations, or declines it and mails the reasons."""

    def work(session: Session) -> AccessRequestAnswer:
        now = now_of(session)
        request = decide_access(session, request_id, body.decision, _reasons(body), actor, now, context.envelope.seal)
        return _request(session, request, context.profile)

    return await context.transact(work)


@router.post("/{request_id}/decision/preview", tags=["reviewer"])
async def preview_access_decision(
    context: InContext, actor: Viewer, request_id: UUID, body: AccessDecision
) -> AccessPreviewAnswer:
    """Shows each mail that a decision would send now, as its recipient would read it. Does nothing.

    The link in an invitation is made up: only the mail that is sent has the real one.
    """

    def work(session: Session) -> AccessPreviewAnswer:
        now, seal = now_of(session), context.envelope.seal
        letters = rehearse_access(session, request_id, body.decision, _reasons(body), actor, now, seal)
        return AccessPreviewAnswer(mails=[shown_mail(letter, context.letterhead) for letter in letters])

    return await context.transact(work)


def _reasons(body: AccessDecision) -> list[Reason]:
    return [Reason(reason.code, reason.text, reason.where) for reason in body.reasons]


def _asked(body: NewAccessRequest) -> AccessRequestContent:
    return AccessRequestContent(
        company_name=body.company_name,
        website=body.website,
        contact_name=body.contact_name,
        contact_email=body.contact_email,
        plan=body.plan.use_case,
        component_kinds=tuple(sorted({kind.value for kind in body.plan.component_kinds})),
        survey=body.survey.model_dump(),
        agreements=tuple(body.agreements.model_dump()),
    )


def _request(session: Session, request: AccessRequest, profile: Profile) -> AccessRequestAnswer:
    return shown_request(request, open_request_file(session, request, profile), now_of(session))
