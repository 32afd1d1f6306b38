"""Access requests: asking without a token, following a request, and deciding it."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Header, Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.auth import OR_NOBODY, InContext, allow, allow_or_nobody
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.routes.invitations import InvitationAnswer, shown_invitation
from api.schemas.decisions import MailPreviewAnswer, shown_mail
from api.schemas.findings import FindingAnswer, StepFindingAnswer
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, CompanyName, Email, GivenReason, Key, PersonName, Prose
from models import AccessContact, AccessRequest
from models.component import ComponentKind
from models.lifecycle import AccessState, AccessTrigger, Role
from models.token import Scope
from web.problems import COMMON
from workflow.access.deciding import decide_access
from workflow.access.reading import CheckedRequest, findings_for_requester, list_access_requests, open_request_file
from workflow.access.rehearsing import rehearse_access
from workflow.access.requests import (
    AccessRequestContent,
    RequesterView,
    UnprovedRequest,
    find_by_secret,
    find_request,
    requester_at,
)
from workflow.access.requests import ask_for_access as ask_for_access_of
from workflow.errors import NotFound
from workflow.identity.actors import Actor
from workflow.names import foreign_domains
from workflow.profile.document import Profile
from workflow.reasons import Reason

router = APIRouter(prefix="/v1/access-requests", responses=COMMON)

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


CompanyWebsite = Annotated[
    str,
    StringConstraints(pattern=r"^[^\s\x00-\x1f\x7f]+$", min_length=1, max_length=500),
    Field(examples=["https://acme.example"]),
]
"""Whatever a browser opens: the workflow reads it as browsers do."""


class Plan(Body):
    """What the company plans to build."""

    use_case: Prose = Field(examples=["Customers see their events in our product."])
    component_kinds: Annotated[list[ComponentKind], Field(min_length=1, max_length=3, examples=[["subscription"]])]


class Survey(Body):
    """The survey. Every question must be answered."""

    how_data_comes_in: Prose = Field(examples=["Through our JavaScript library."])
    where_data_goes: Prose = Field(examples=["Into a timeline of each of their users."])
    what_customers_do: Prose = Field(examples=["They ask why users leave."])
    how_heard_of_us: Prose = Field(examples=["A customer asked for it."])


class Agreements(Body):
    """The agreements. Both must be accepted."""

    partner_agreement: Literal[True]
    privacy_policy: Literal[True]


class NewAccessRequest(Body):
    company_name: CompanyName = Field(examples=["Acme"])
    website: CompanyWebsite
    contact_name: PersonName = Field(examples=["Pat Doe"])
    contact_email: Email
    plan: Plan
    survey: Survey
    agreements: Agreements

    @model_validator(mode="after")
    def _names_no_other_site(self) -> Self:
        """A company may be called by its own domain, as Booking.com is, and by no other: names reach others' mail."""
        own = (
            urlsplit(self.website if "://" in self.website else f"https://{self.website}")
            .netloc.rpartition("@")[2]
            .partition(":")[0],
            self.contact_email.rpartition("@")[2],
        )
        others = foreign_domains(self.company_name, own)
        if others:
            raise ValueError(f"company_name must not name {others[0]}, which is not the domain of the website")
        return self


class AccessDecision(Body):
    """A decision: `decline` needs a reason, which is mailed to those who asked."""

    decision: AccessTrigger
    reasons: Annotated[list[GivenReason], Field(max_length=50)] = Field(default_factory=list)


class AskedAnswer(BaseModel):
    """A request as the person who made it sees it.

    It is `unproved` until the link that was mailed to `contact_email` is used, by `prove_by`; else it is deleted. Only
    then it is given to a reviewer, and shows whether a colleague asked first for the same company (`joined`).
    """

    id: UUID
    company_name: str
    contact_email: str
    state: Literal["unproved", "requested", "approved", "declined"]
    joined: bool
    note: str = Field(examples=["A reviewer decides by the due time, and you are told by mail."])
    requested_at: datetime
    prove_by: datetime | None
    due_at: datetime | None
    decided_at: datetime | None
    decision_reason: str | None
    findings: list[FindingAnswer]
    website_check: Literal["due", "done", "dead", "void"] | None


class ReceivedAnswer(AskedAnswer):
    """A new request. `secret` is shown once; send it in the header Request-Secret to read the request later.

    Repeating the call with its idempotency key within a few minutes returns the secret again.
    """

    secret: str | None


class ContactAnswer(BaseModel):
    """A colleague who asked for the same company, and was joined to this request."""

    name: str
    email: str
    plan: str
    component_kinds: list[str]
    survey: dict[str, Any]
    asked_at: datetime


class EarlierAccessRequestAnswer(BaseModel):
    """A request that was made before, for the same website's domain or from the same address."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    state: AccessState
    company_name: str
    contact_email: str
    requested_at: datetime
    decided_at: datetime | None
    decision_reason: str | None


class PartnerInBriefAnswer(BaseModel):
    """A company that takes part."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: Annotated[str, Field(examples=["Acme"])]


class AccessRequestAnswer(BaseModel):
    """A request as reviewers see it.

    `mail_domain` is that of the contact's address, which was proved by a mailed link. Where it is the `domain` of the
    website, the contact speaks for the company. `partner` takes part already at this domain. `name_findings` say whom
    the company's name could be taken for, and `earlier` are at most 20 other requests, newest first.
    """

    model_config = ConfigDict(extra="forbid")

    id: UUID
    state: AccessState
    company_name: str
    website: str
    domain: str | None
    contact_name: str
    contact_email: str
    mail_domain: Annotated[str | None, Field(examples=["acme.example"])]
    plan: str
    component_kinds: list[str]
    survey: dict[str, Any]
    agreements: list[str]
    findings: list[FindingAnswer]
    website_check: Literal["due", "done", "dead", "void"] | None
    contacts: list[ContactAnswer]
    organization_id: UUID | None
    invitations: list[InvitationAnswer]
    requested_at: datetime
    due_at: datetime
    overdue: bool
    decided_at: datetime | None
    decided_by: UUID | None
    decider: Annotated[str | None, Field(description="Who decided.", examples=["Rae Reviewer"])]
    decision_reason: str | None
    partner: PartnerInBriefAnswer | None
    name_findings: list[StepFindingAnswer]
    earlier: list[EarlierAccessRequestAnswer]


class AccessPreviewAnswer(BaseModel):
    """The mails that a decision would send, one for each requester."""

    mails: list[MailPreviewAnswer]


class AccessRequestSummaryAnswer(BaseModel):
    """A request in the list. `findings` has the codes only; `contacts` counts the colleagues who were joined to it."""

    id: UUID
    state: AccessState
    company_name: str
    domain: str | None
    contact_email: str
    findings: list[str] = Field(examples=[["mail.free", "website.status"]])
    website_check: Literal["due", "done", "dead", "void"] | None
    contacts: int
    requested_at: datetime
    due_at: datetime
    overdue: bool
    decided_at: datetime | None


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
        return shown_page(list_access_requests(session, state, wanted), lambda one: _summary(one, now))

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


def shown_to_requester(session: Session, received: RequesterView | UnprovedRequest) -> dict[str, Any]:
    """Returns the values of an AskedAnswer."""
    if isinstance(received, UnprovedRequest):
        return {
            "id": received.id,
            "company_name": received.content.company_name,
            "contact_email": received.content.contact_email,
            "state": "unproved",
            "joined": False,
            "note": "A link was mailed to the address. Use it: a reviewer sees the request only then.",
            "requested_at": received.requested_at,
            "prove_by": received.expires_at,
            "due_at": None,
            "decided_at": None,
            "decision_reason": None,
            "findings": [finding.as_dict() for finding in received.findings],
            "website_check": None,
        }
    request, contact, view = received.request, received.contact, findings_for_requester(session, received)
    return {
        "id": request.id,
        "company_name": request.company_name,
        "contact_email": received.email,
        "state": request.state,
        "joined": contact is not None,
        "note": _note(request, contact),
        "requested_at": contact.created_at if contact else request.requested_at,
        "prove_by": None,
        "due_at": request.due_at,
        "decided_at": request.decided_at,
        "decision_reason": request.decision_reason,
        "findings": view.findings,
        "website_check": view.website_check,
    }


def _note(request: AccessRequest, contact: AccessContact | None) -> str:
    if request.state == AccessState.DECLINED:
        return "The request was declined. See the reason; once that has changed, you may send a new request."
    if request.state == AccessState.APPROVED:
        if contact is not None and request.decided_at is not None and contact.created_at > request.decided_at:
            return "Your company is already a partner. Its owner was told of your request, and can invite you."
        return "The request was approved. An invitation was mailed to you."
    if contact is not None:
        return (
            "Your company has already sent a request. You were added to it, and will be told of the decision by mail."
        )
    return "A reviewer decides by the due time, and you are told by mail."


def _request(session: Session, request: AccessRequest, profile: Profile) -> AccessRequestAnswer:
    now = now_of(session)
    file = open_request_file(session, request, profile)
    shown = {
        **{name: getattr(request, name) for name in _PLAIN},
        "findings": file.checked.findings,
        "website_check": file.checked.check.status if file.checked.check else None,
        "contacts": [_contact(contact) for contact in file.contacts],
        "invitations": [shown_invitation(invitation, now) for invitation in file.invitations],
        "overdue": file.checked.is_overdue(now),
        "decider": file.decider,
        "partner": file.partner,
        "name_findings": [finding.as_dict() for finding in file.on_name],
        "earlier": file.earlier,
    }
    return AccessRequestAnswer.model_validate(shown)


def _summary(one: CheckedRequest, now: datetime) -> AccessRequestSummaryAnswer:
    shown = {
        **{name: getattr(one.request, name) for name in AccessRequestSummaryAnswer.model_fields if name in _PLAIN},
        "findings": [finding["code"] for finding in one.findings],
        "website_check": one.check.status if one.check else None,
        "contacts": one.contacts,
        "overdue": one.is_overdue(now),
    }
    return AccessRequestSummaryAnswer.model_validate(shown)


_PLAIN = (
    "id",
    "state",
    "company_name",
    "website",
    "domain",
    "contact_name",
    "contact_email",
    "mail_domain",
    "plan",
    "component_kinds",
    "survey",
    "agreements",
    "organization_id",
    "requested_at",
    "due_at",
    "decided_at",
    "decided_by",
    "decision_reason",
)


def _contact(contact: AccessContact) -> dict[str, Any]:
    return {
        "name": contact.name,
        "email": contact.email,
        "plan": contact.plan,
        "component_kinds": contact.component_kinds,
        "survey": contact.survey,
        "asked_at": contact.created_at,
    }
