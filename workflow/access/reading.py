"""Reading requests for access, each with its website check, colleagues and invitations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models import AccessContact, AccessRequest, Invitation, Organization, Person, WebsiteCheck
from models.lifecycle import AccessState
from workflow.access.findings import findings_of_mail
from workflow.access.requests import RequesterView, cause_of_contact
from workflow.catalog.namesakes import findings_on_company_name
from workflow.findings import Finding
from workflow.pages import PageOf, PageRequest, read_page
from workflow.profile.document import Profile

MAX_EARLIER = 20
"""Earlier requests that are shown with a request."""


@dataclass(frozen=True, slots=True)
class CheckedRequest:
    """A request and its website check, if it has one. `contacts` is the number of colleagues who joined it."""

    request: AccessRequest
    check: WebsiteCheck | None
    contacts: int

    @property
    def findings(self) -> list[dict[str, Any]]:
        """The findings on the address and on the website."""
        return [*self.request.findings, *(self.check.findings if self.check else [])]

    def is_overdue(self, now: datetime) -> bool:
        """Returns whether the request is undecided and past its due time."""
        return self.request.state == AccessState.REQUESTED and self.request.due_at <= now


@dataclass(frozen=True, slots=True)
class RequestFile:
    """A request with its contacts and invitations, each oldest first, and what is known of who asks.

    `partner` is the company that takes part already at the domain of the website. `earlier` are the latest other
    requests for the same website's domain or from the same address, newest first. `on_name` are the findings on the
    company's name, and `decider` is the name of the person who decided.
    """

    checked: CheckedRequest
    contacts: Sequence[AccessContact]
    invitations: Sequence[Invitation]
    partner: Organization | None
    earlier: Sequence[AccessRequest]
    on_name: Sequence[Finding]
    decider: str | None


def list_access_requests(session: Session, state: AccessState | None, wanted: PageRequest) -> PageOf[CheckedRequest]:
    """Returns a page of the requests, oldest first, which is also the order of their due times."""
    statement = select(AccessRequest)
    if state is not None:
        statement = statement.where(AccessRequest.state == state.value)
    found = read_page(session, statement, AccessRequest.id, wanted)
    return found.map(lambda requests: _checked(session, requests))


def open_request_file(session: Session, request: AccessRequest, profile: Profile) -> RequestFile:
    """Returns the request with its website check, contacts, invitations, and what is known of who asks."""
    contacts = select(AccessContact).where(AccessContact.access_request_id == request.id).order_by(AccessContact.id)
    invitations = select(Invitation).where(Invitation.access_request_id == request.id).order_by(Invitation.id)
    partner = None
    if request.domain is not None:
        partner = session.scalar(select(Organization).where(Organization.domain == request.domain))
    owner = partner.id if partner else request.organization_id
    decider = select(Person.name).where(Person.id == request.decided_by)
    return RequestFile(
        _checked(session, [request])[0],
        session.scalars(contacts).all(),
        session.scalars(invitations).all(),
        partner,
        _earlier(session, request),
        findings_on_company_name(session, request.company_name, owner, profile),
        None if request.decided_by is None else session.scalar(decider),
    )


def _earlier(session: Session, request: AccessRequest) -> Sequence[AccessRequest]:
    """Returns the latest requests before this one for its website's domain or from its address, newest first."""
    mine = [func.lower(AccessRequest.contact_email) == request.contact_email.lower()]
    if request.domain is not None:
        mine.append(AccessRequest.domain == request.domain)
    statement = select(AccessRequest).where(AccessRequest.id < request.id, or_(*mine))
    return session.scalars(statement.order_by(AccessRequest.id.desc()).limit(MAX_EARLIER)).all()


@dataclass(frozen=True, slots=True)
class RequesterFindings:
    """What a requester sees of the checks: the findings on their own address and on the website, and its status."""

    findings: Sequence[dict[str, Any]]
    website_check: str | None


def findings_for_requester(session: Session, received: RequesterView) -> RequesterFindings:
    """Returns what the requester sees of the checks."""
    request, contact = received.request, received.contact
    check = _checked(session, [request])[0].check
    own = request.findings
    if contact is not None:
        own = [finding.as_dict() for finding in findings_of_mail(contact.email, request.domain or "")]
    return RequesterFindings([*own, *(check.findings if check else [])], check.status if check else None)


def causes_of_colleagues(session: Session, organization_id: UUID) -> list[str]:
    """Returns the causes of the mails by which a company's owner is told of colleagues who ask."""
    contacts = select(AccessContact.id).join(AccessRequest, AccessRequest.id == AccessContact.access_request_id)
    found = session.scalars(contacts.where(AccessRequest.organization_id == organization_id))
    return [cause_of_contact(contact) for contact in found]


def _checked(session: Session, requests: Sequence[AccessRequest]) -> list[CheckedRequest]:
    ids: list[UUID] = [request.id for request in requests]
    found = select(WebsiteCheck).where(WebsiteCheck.access_request_id.in_(ids))
    checks = {check.access_request_id: check for check in session.scalars(found)}
    counted = select(AccessContact.access_request_id, func.count()).where(AccessContact.access_request_id.in_(ids))
    contacts = dict(session.execute(counted.group_by(AccessContact.access_request_id)).all())
    return [CheckedRequest(one, checks.get(one.id), contacts.get(one.id, 0)) for one in requests]
