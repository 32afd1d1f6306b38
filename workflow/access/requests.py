"""Asking for access: one open request a company, colleagues joined to it, and what the requester sees of it."""

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
from workflow.notifications.telling import notify_people, notify_reviewers
from workflow.policy.calendar import deadline
from workflow.policy.document import Policy
from workflow.sql.locks import LockSpace, lock_names
from workflow.work.bells import Bell, ring_after_commit

MAX_REQUESTS_A_DAY = 5
"""Requests of one company's mail domain within a day; of a free-mail provider, of one address."""
MAX_CONTACTS = 50
"""Colleagues who are joined to one request."""


@dataclass(frozen=True, slots=True)
class AccessAsked:
    """What somebody asks access with: their company, themselves, the plan, the survey, what they agreed to."""

    company_name: str
    website: str
    contact_name: str
    contact_email: str
    plan: str
    component_kinds: tuple[str, ...]
    survey: dict[str, Any]
    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """A request as its requester sees it. `contact` is who was joined to it; None for who asked first."""

    request: AccessRequest
    contact: AccessContact | None

    @property
    def email(self) -> str:
        """The address of whoever looks."""
        return self.contact.email if self.contact else self.request.contact_email


def request_access(session: Session, asked: AccessAsked, now: datetime, policy: Policy) -> tuple[Received, str]:
    """Stores a request, and returns it with the secret by which its requester sees it; the secret is given once.

    Whoever writes from an address at the domain of the website is taken to speak for the company. When that company
    has an open request, they are joined to it and share its decision. When it takes part already, they are joined to
    the request that let it in, and its owner is told, who can invite them. Other requests stand alone.

    Requests of one company or mail domain take turns. Does not commit. Raises Invalid (website.invalid) and Conflict
    (access.too_many, access.already_asked).
    """
    domain, mail_domain = domain_of_website(asked.website), domain_of_mail(asked.contact_email)
    lock_companies(session, {domain, mail_domain})
    _bound(session, asked.contact_email, mail_domain, now)
    secret = make_secret(ACCESS_REQUEST)
    ring_after_commit(session, Bell.CHECKS, Bell.NOTIFICATIONS)
    known = _request_of_company(session, domain) if domain == mail_domain else None
    if known is not None:
        contact = _join(session, known, asked, mail_domain, secret.hash, now)
        log_action(session, asker_of(asked.contact_email), "access.join", known.id)
        return Received(known, contact), secret.text
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
    log_action(session, asker_of(asked.contact_email), "access.request", request.id)
    return Received(request, None), secret.text


def asker_of(email: str) -> Actor:
    """Returns who asks for access from an address, as the audit log knows them: nobody with a token yet."""
    return Actor(uuid5(NAMESPACE_URL, f"access:{email.lower()}"), Role.PARTNER)


def find_by_secret(session: Session, request_id: UUID, secret: str) -> Received:
    """Returns the request to one of those who asked. Raises NotFound, for a wrong secret too."""
    hashed = hash_of(secret)
    contact = session.scalar(
        select(AccessContact).where(AccessContact.access_request_id == request_id, AccessContact.secret_hash == hashed)
    )
    request = session.get(AccessRequest, request_id)
    if request is not None and (contact is not None or request.secret_hash == hashed):
        return Received(request, contact)
    raise NotFound(
        "access.not_found",
        f"There is no access request {request_id} that this secret opens.",
        "Send the secret that was given when access was asked for.",
    )


def find_request(session: Session, request_id: UUID) -> AccessRequest:
    """Returns the request to a reviewer. Raises NotFound."""
    request = session.get(AccessRequest, request_id)
    if request is None:
        raise NotFound("access.not_found", f"There is no access request {request_id}.", "List the access requests.")
    return request


def lock_companies(session: Session, domains: Iterable[str]) -> None:
    """Lets one transaction at a time ask or decide for each of `domains`."""
    lock_names(session, LockSpace.ACCESS, *domains)


def cause_of(request_id: UUID, kind: NotificationKind) -> str:
    """Returns the cause under which people are told of the request."""
    return f"access:{request_id}:{kind}"


def path_of(request_id: UUID) -> str:
    """Returns where to look at the request."""
    return f"/v1/access-requests/{request_id}"


def _request_of_company(session: Session, domain: str) -> AccessRequest | None:
    """Returns the request to which a colleague is joined: the one that let the company in, else its open one."""
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
    session: Session, request: AccessRequest, asked: AccessAsked, mail_domain: str, secret_hash: bytes, now: datetime
) -> AccessContact:
    if session.scalar(_KNOWN_ADDRESS, {"request_id": request.id, "email": asked.contact_email}):
        raise Conflict(
            "access.already_asked",
            f"{asked.contact_email} has asked for access already, or takes part.",
            "Look at the request with the id and the secret that you were given, or use your token.",
        )
    joined = select(func.count()).where(AccessContact.access_request_id == request.id)
    if session.scalars(joined).one() >= MAX_CONTACTS:
        raise Conflict(
            "access.too_many",
            f"{MAX_CONTACTS} people of {request.domain} have asked for access.",
            "Ask one of them, or the owner, to invite you.",
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
        _tell_owner(session, request, contact, now)
    return contact


def _tell_owner(session: Session, request: AccessRequest, contact: AccessContact, now: datetime) -> None:
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


def _bound(session: Session, email: str, mail_domain: str, now: datetime) -> None:
    free = is_free_mail(email)
    wanted = {"domain": mail_domain, "email": email if free else None, "since": now - timedelta(days=1)}
    if int(session.execute(_ASKED_LATELY, wanted).scalar_one()) >= MAX_REQUESTS_A_DAY:
        who = email if free else mail_domain
        raise Conflict(
            "access.too_many",
            f"{who} has asked for access {MAX_REQUESTS_A_DAY} times within a day.",
            "Wait a day, or look at a request that was made with its id and secret.",
        )


_ASKED_LATELY = text("""
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
