"""Reading requests for access, each with its website check, colleagues and invitations."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import AccessContact, AccessRequest, Invitation, WebsiteCheck
from models.lifecycle import AccessState
from workflow.access.findings import findings_of_mail
from workflow.access.requests import RequesterView
from workflow.pages import PageOf, PageRequest, read_page


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
    """A request with its contacts and invitations, each oldest first."""

    checked: CheckedRequest
    contacts: Sequence[AccessContact]
    invitations: Sequence[Invitation]


def list_access_requests(session: Session, state: AccessState | None, wanted: PageRequest) -> PageOf[CheckedRequest]:
    """Returns a page of the requests, oldest first, which is also the order of their due times."""
    statement = select(AccessRequest)
    if state is not None:
        statement = statement.where(AccessRequest.state == state.value)
    found = read_page(session, statement, AccessRequest.id, wanted)
    return found.map(lambda requests: _checked(session, requests))


def open_request_file(session: Session, request: AccessRequest) -> RequestFile:
    """Returns the request with its website check, contacts and invitations."""
    contacts = select(AccessContact).where(AccessContact.access_request_id == request.id).order_by(AccessContact.id)
    invitations = select(Invitation).where(Invitation.access_request_id == request.id).order_by(Invitation.id)
    return RequestFile(
        _checked(session, [request])[0], session.scalars(contacts).all(), session.scalars(invitations).all()
    )


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


def _checked(session: Session, requests: Sequence[AccessRequest]) -> list[CheckedRequest]:
    ids: list[UUID] = [request.id for request in requests]
    found = select(WebsiteCheck).where(WebsiteCheck.access_request_id.in_(ids))
    checks = {check.access_request_id: check for check in session.scalars(found)}
    counted = select(AccessContact.access_request_id, func.count()).where(AccessContact.access_request_id.in_(ids))
    contacts = dict(session.execute(counted.group_by(AccessContact.access_request_id)).tuples().all())
    return [CheckedRequest(one, checks.get(one.id), contacts.get(one.id, 0)) for one in requests]
