"""The bodies and answers about access requests: for those who ask, and for those who decide."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.context import Session
from api.schemas.decisions import MailPreviewAnswer
from api.schemas.findings import FindingAnswer, StepFindingAnswer
from api.schemas.invitations import InvitationAnswer, shown_invitation
from api.schemas.values import Body, CompanyName, Email, GivenReason, PersonName, Prose
from models import AccessContact, AccessRequest
from models.component import ComponentKind
from models.lifecycle import AccessState, AccessTrigger
from workflow.access.domains import host_of_website
from workflow.access.reading import CheckedRequest, RequestFile, findings_for_requester
from workflow.access.requests import RequesterView, UnprovedRequest
from workflow.names import foreign_domains

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
        own = (host_of_website(self.website) or "", self.contact_email.rpartition("@")[2])
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


def shown_request(request: AccessRequest, file: RequestFile, now: datetime) -> AccessRequestAnswer:
    """Returns the answer for a request as reviewers see it."""
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


def shown_summary(one: CheckedRequest, now: datetime) -> AccessRequestSummaryAnswer:
    """Returns the answer for a request in the list."""
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
