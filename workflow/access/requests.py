"""Requests for access: one open request for each company, colleagues who join it, and what requesters see of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models import AccessContact, AccessRequest, Organization, Person, WebsiteCheck
from models.base import new_id
from models.lifecycle import AccessState, Role
from workflow.access.domains import domain_of_mail, domain_of_website, fetch_lane, is_free_mail
from workflow.access.findings import findings_of_mail
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import ACCESS_REQUEST, hash_of, make_secret
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.notify import notify_people, notify_reviewers
from workflow.policy.calendar import deadline
from workflow.policy.document import Policy
from workflow.sql.locks import LockSpace, lock_names
from workflow.work.bells import Bell, ring_after_commit

MAX_REQUESTS_A_DAY = 5
"""Requests accepted within a day from one mail domain or, at a free-mail provider, from one address."""
MAX_CONTACTS = 50
"""Colleagues who can join one request."""


@dataclass(frozen=True, slots=True)
class AccessRequestContent:
    """The content of a request for access: the company, the contact, the plan, the survey and the agreements."""

    company_name: str
    website: str
    contact_name: str
    contact_email: str
    plan: str
    component_kinds: tuple[str, ...]
    survey: dict[str, Any]
    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequesterView:
    """A request as one of its requesters sees it. `contact` is the colleague who joined it, None for the first one."""

    request: AccessRequest
    contact: AccessContact | None

    @property
    def email(self) -> str:
        """The requester's mail address."""
        return self.contact.email if self.contact else self.request.contact_email


def request_access(
    session: Session, asked: AccessRequestContent, now: datetime, policy: Policy
) -> tuple[RequesterView, str]:
    """Stores a request. Returns it with the secret that lets its requester read it; the secret is returned only once.

    A requester whose mail address is at the domain of the website is taken to speak for the company. If that company
    has an open request, the requester joins it and shares its decision. If the company is a partner already, the
    requester joins the approved request, and the company's owner is notified and can invite them. Any other request
    stands alone.

    Locks the website's and the address's domains, so requests from one company are handled one at a time. Does not
    commit. Raises Invalid (website.invalid) and Conflict (access.too_many, access.already_asked).
    """
    domain, mail_domain = domain_of_website(asked.website), domain_of_mail(asked.contact_email)
    lock_companies(session, {domain, mail_domain})
    _limit_rate(session, asked.contact_email, mail_domain, now)
    secret = make_secret(ACCESS_REQUEST)
    ring_after_commit(session, Bell.CHECKS, Bell.NOTIFICATIONS)
    known = _request_of_company(session, domain) if domain == mail_domain else None
    if known is not None:
        contact = _join(session, known, asked, mail_domain, secret.hash, now)
        log_action(session, requester_at(asked.contact_email), "access.join", known.id)
        return RequesterView(known, contact), secret.text
    request = AccessRequest(
        id=new_id(),
        company_name=asked.company_name,
        website=asked.website,
        domain=domain,
        contact_name=asked.contact_name,
        contact_email=asked.contact_email,
        mail_domain=mail_domain,
        plan=asked.plan,
        component_kinds=list(asked.component_kinds),
        survey=asked.survey,
        agreements=list(asked.agreements),
        findings=[finding.as_dict() for finding in findings_of_mail(asked.contact_email, domain)],
        secret_hash=secret.hash,
        state=AccessState.REQUESTED.value,
        requested_at=now,
        due_at=deadline(now, business_days=policy.access_business_days, calendar=policy.calendar),
    )
    session.add(request)
    session.flush()
    lane = fetch_lane(asked.website)
    session.add(WebsiteCheck(access_request_id=request.id, url=asked.website, due_at=now, lane=lane))
    session.flush()
    data = {"company": request.company_name, "due": f"{request.due_at:%Y-%m-%d %H:%M} UTC", "path": path_of(request.id)}
    kind = NotificationKind.NEW_ACCESS_REQUEST
    notify_reviewers(session, kind, cause_of(request.id, kind), now, data)
    log_action(session, requester_at(asked.contact_email), "access.request", request.id)
    return RequesterView(request, None), secret.text


def requester_at(email: str) -> Actor:
    """Returns the actor that the audit log records for a requester, who has no token yet: an id made of the address."""
    return Actor(uuid5(NAMESPACE_URL, f"access:{email.lower()}"), Role.PARTNER)


def find_by_secret(session: Session, request_id: UUID, secret: str) -> RequesterView:
    """Returns the request as the requester with this secret sees it. Raises NotFound, also for a wrong secret."""
    hashed = hash_of(secret)
    contact = session.scalar(
        select(AccessContact).where(AccessContact.access_request_id == request_id, AccessContact.secret_hash == hashed)
    )
    request = session.get(AccessRequest, request_id)
    if request is not None and (contact is not None or request.secret_hash == hashed):
        return RequesterView(request, contact)
    raise NotFound(
        "access.not_found",
        f"There is no access request {request_id} that this secret gives access to.",
        "Send the secret that was returned when access was requested.",
    )


def find_request(session: Session, request_id: UUID) -> AccessRequest:
    """Returns the request, for a reviewer. Raises NotFound."""
    request = session.get(AccessRequest, request_id)
    if request is None:
        raise NotFound("access.not_found", f"There is no access request {request_id}.", "List the access requests.")
    return request


def lock_companies(session: Session, domains: Iterable[str]) -> None:
    """Locks each of `domains` until the transaction ends: requests and decisions for a company take turns."""
    lock_names(session, LockSpace.ACCESS, *domains)


def cause_of(request_id: UUID, kind: NotificationKind) -> str:
    """Returns the cause of the request's notifications of a kind."""
    return f"access:{request_id}:{kind}"


def path_of(request_id: UUID) -> str:
    """Returns the request's path in the API."""
    return f"/v1/access-requests/{request_id}"


def _request_of_company(session: Session, domain: str) -> AccessRequest | None:
    """Returns the request that a colleague joins: the company's approved one, else its open one."""
    statement = select(AccessRequest).execution_options(populate_existing=True)
    let_in = statement.join(Organization, Organization.id == AccessRequest.organization_id).where(
        Organization.domain == domain, AccessRequest.state == AccessState.APPROVED.value
    )
    is_open = statement.where(
        AccessRequest.domain == domain,
        AccessRequest.mail_domain == domain,
        AccessRequest.state == AccessState.REQUESTED.value,
    )
    return session.scalar(let_in.order_by(AccessRequest.id).limit(1)) or session.scalar(is_open)


def _join(
    session: Session,
    request: AccessRequest,
    asked: AccessRequestContent,
    mail_domain: str,
    secret_hash: bytes,
    now: datetime,
) -> AccessContact:
    if session.scalar(_KNOWN_ADDRESS, {"request_id": request.id, "email": asked.contact_email}):
        raise Conflict(
            "access.already_asked",
            f"{asked.contact_email} has already requested access, or already has it.",
            "Read the request with the id and the secret that you received, or use your token.",
        )
    joined = select(func.count()).where(AccessContact.access_request_id == request.id)
    if session.scalars(joined).one() >= MAX_CONTACTS:
        raise Conflict(
            "access.too_many",
            f"{MAX_CONTACTS} people from {request.domain} have already requested access.",
            "Ask a colleague who has access to have the owner invite you.",
        )
    contact = AccessContact(
        access_request_id=request.id,
        name=asked.contact_name,
        email=asked.contact_email,
        mail_domain=mail_domain,
        plan=asked.plan,
        component_kinds=list(asked.component_kinds),
        survey=asked.survey,
        agreements=list(asked.agreements),
        secret_hash=secret_hash,
        created_at=now,
    )
    session.add(contact)
    session.flush()
    if request.state == AccessState.APPROVED:
        _notify_owner(session, request, contact, now)
    return contact


def _notify_owner(session: Session, request: AccessRequest, contact: AccessContact, now: datetime) -> None:
    owner = session.scalar(select(Person.id).where(Person.organization_id == request.organization_id, Person.owner))
    kind, cause = NotificationKind.COLLEAGUE_ASKED, f"access_contact:{contact.id}"
    data = {
        "contact": contact.name,
        "contact_email": contact.email,
        "company": request.company_name,
        "path": f"/v1/organizations/{request.organization_id}/invitations",
    }
    if owner is not None:
        notify_people(session, kind, cause, [owner], now, data)
    else:
        notify_reviewers(session, kind, cause, now, data)


def _limit_rate(session: Session, email: str, mail_domain: str, now: datetime) -> None:
    free = is_free_mail(email)
    wanted = {"domain": mail_domain, "email": email if free else None, "since": now - timedelta(days=1)}
    if int(session.execute(_RECENT_REQUESTS, wanted).scalar_one()) >= MAX_REQUESTS_A_DAY:
        who = email if free else mail_domain
        raise Conflict(
            "access.too_many",
            f"{who} has requested access {MAX_REQUESTS_A_DAY} times within a day.",
            "Wait a day, or read an earlier request with its id and secret.",
        )


_RECENT_REQUESTS = text("""
    SELECT (SELECT count(*) FROM access_request WHERE mail_domain = :domain AND requested_at > :since
               AND (CAST(:email AS text) IS NULL OR lower(contact_email) = lower(:email)))
         + (SELECT count(*) FROM access_contact WHERE mail_domain = :domain AND created_at > :since
               AND (CAST(:email AS text) IS NULL OR lower(email) = lower(:email)))
""")

_KNOWN_ADDRESS = text("""
    SELECT EXISTS (SELECT FROM access_request WHERE id = :request_id AND lower(contact_email) = lower(:email))
        OR EXISTS (SELECT FROM access_contact WHERE access_request_id = :request_id AND lower(email) = lower(:email))
        OR EXISTS (SELECT FROM person p JOIN access_request r ON r.organization_id = p.organization_id
                    WHERE r.id = :request_id AND p.removed_at IS NULL AND lower(p.email) = lower(:email))
""")
