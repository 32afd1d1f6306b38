"""Requests for access: asking, one open request for each company, colleagues who join it, and what requesters see."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import AccessContact, AccessRequest, AddressProof, Organization, Person, WebsiteCheck
from models.access import ProofPurpose
from models.base import new_id
from models.lifecycle import AccessState, Role
from workflow.access.domains import company_domain, domain_of_mail, fetch_lane, website_as_browsers_read_it
from workflow.access.findings import findings_of_website_and_mail
from workflow.access.proofs import MAX_PROOFS_A_DAY, count_proved, mail_proof
from workflow.errors import Conflict, NotFound
from workflow.findings import Finding
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import ACCESS_REQUEST, Seal, hash_of, make_secret
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.mailboxes import mailbox_of
from workflow.notifications.people import notify_people, notify_reviewers
from workflow.policy.calendar import deadline
from workflow.policy.document import Policy
from workflow.sql.locks import LockSpace, lock_names
from workflow.work.bells import Bell, ring_after_commit

MAX_REQUESTS_A_DAY = 5
"""Requests proved within a day by addresses of one company or, at a provider of mail, of one mailbox."""
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

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> "AccessRequestContent":
        """Returns the content that `asdict` made into a row's JSON."""
        lists = {name: tuple(stored[name]) for name in ("component_kinds", "agreements")}
        return cls(**{**stored, **lists})


@dataclass(frozen=True, slots=True)
class RequesterView:
    """A request as one of its requesters sees it. `contact` is the colleague who joined it, None for the first one."""

    request: AccessRequest
    contact: AccessContact | None

    @property
    def email(self) -> str:
        """The requester's mail address."""
        return self.contact.email if self.contact else self.request.contact_email


@dataclass(frozen=True, slots=True)
class UnprovedRequest:
    """A request whose address nobody has proved yet. It counts for nothing, and only who asked sees it."""

    id: UUID
    content: AccessRequestContent
    requested_at: datetime
    expires_at: datetime
    findings: tuple[Finding, ...]


def ask_for_access(
    session: Session, asked: AccessRequestContent, now: datetime, seal: Seal
) -> tuple[UnprovedRequest, str]:
    """Keeps a request until its address is proved, and mails the link for that. Returns it with its secret.

    The result depends on nothing but what was asked: not on whether the company takes part, has asked, or was refused.
    Nobody else is told, and the request uses up no bound of the company. Locks the mailbox. Does not commit. Raises
    Invalid (website.invalid) and Conflict (access.too_many).
    """
    asked = replace(asked, website=website_as_browsers_read_it(asked.website))
    findings = findings_of_website_and_mail(asked.website, asked.contact_email)
    secret = make_secret(ACCESS_REQUEST)
    proof = mail_proof(
        session,
        ProofPurpose.ACCESS,
        asked.contact_email,
        now,
        seal,
        content=asdict(asked),
        secret_hash=secret.hash,
    )
    if proof is None:
        raise Conflict(
            "access.too_many",
            f"{MAX_PROOFS_A_DAY[ProofPurpose.ACCESS]} requests for access came from this mailbox within a day.",
            "Use the link in one of the mails that we sent, or wait a day.",
        )
    return UnprovedRequest(proof.id, asked, proof.created_at, proof.expires_at, findings), secret.text


def enter_request(session: Session, proof: AddressProof, now: datetime, policy: Policy) -> RequesterView:
    """Turns what was asked into a request, or adds it to its company's, now that the address is proved.

    Locks the website's domain and what the address is counted by. Does not commit. Raises Conflict (access.too_many,
    access.already_asked).
    """
    content = AccessRequestContent.of(proof.content or {})
    domain = company_domain(content.website)
    # All at once, in one order: what is locked again below is held already.
    lock_companies(session, {domain or proof.counted_by, domain_of_mail(proof.email), proof.counted_by})
    if count_proved(session, proof.counted_by, now) >= MAX_REQUESTS_A_DAY:
        raise Conflict(
            "access.too_many",
            f"{proof.counted_by} has requested access {MAX_REQUESTS_A_DAY} times within a day.",
            "Wait a day and use the link again, or read an earlier request with its id and secret.",
        )
    view = request_access(session, content, now, policy, request_id=proof.id, secret_hash=proof.secret_hash)
    proof.access_request_id = view.request.id
    proof.access_contact_id = view.contact.id if view.contact else None
    proof.proved_at, proof.content = now, None
    session.flush()
    return view


def request_access(
    session: Session,
    asked: AccessRequestContent,
    now: datetime,
    policy: Policy,
    *,
    request_id: UUID | None = None,
    secret_hash: bytes | None = None,
) -> RequesterView:
    """Stores the request of somebody whose address was proved, and returns it as they see it.

    A requester whose mail address is at the domain of the website is taken to speak for the company. If that company
    has an open request, the requester joins it and shares its decision; who asked already finds their own request. If
    the company is a partner already, the requester joins the approved request, and the company's owner is notified and
    can invite them. Any other request stands alone; so does each whose website is at a host that many share.

    Locks the website's and the address's domains, so requests from one company are handled one at a time. Does not
    commit. Raises Invalid (website.invalid) and Conflict (access.too_many, access.already_asked).
    """
    domain, mail_domain = company_domain(asked.website), domain_of_mail(asked.contact_email)
    lock_companies(session, {domain or mail_domain, mail_domain})
    ring_after_commit(session, Bell.CHECKS, Bell.NOTIFICATIONS)
    known = _request_of_company(session, domain) if domain is not None and domain == mail_domain else None
    if known is not None:
        return _join(session, known, asked, mail_domain, request_id or new_id(), secret_hash, now)
    request = AccessRequest(
        id=request_id or new_id(),
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
        findings=[one.as_dict() for one in findings_of_website_and_mail(asked.website, asked.contact_email)],
        secret_hash=secret_hash,
        state=AccessState.REQUESTED.value,
        requested_at=now,
        due_at=deadline(now, business_days=policy.access_business_days, calendar=policy.calendar),
    )
    session.add(request)
    session.flush()
    lane = fetch_lane(asked.website)
    session.add(WebsiteCheck(access_request_id=request.id, url=asked.website, due_at=now, lane=lane))
    session.flush()
    data = {
        "company": request.company_name,
        "due": f"{request.due_at:%Y-%m-%d %H:%M} UTC",
        "request": str(request.id),
        "path": path_of(request.id),
    }
    kind = NotificationKind.NEW_ACCESS_REQUEST
    notify_reviewers(session, kind, cause_of(request.id, kind), now, data)
    log_action(session, requester_at(asked.contact_email), "access.request", request.id)
    return RequesterView(request, None)


def requester_at(email: str) -> Actor:
    """Returns the actor that the audit log records for a requester, who has no token yet: an id made of the address."""
    return Actor(uuid5(NAMESPACE_URL, f"access:{email.lower()}"), Role.PARTNER)


def find_by_secret(session: Session, request_id: UUID, secret: str) -> RequesterView | UnprovedRequest:
    """Returns the request as the requester with this secret sees it. Raises NotFound, also for a wrong secret.

    A requester who joined the request of a colleague finds it by its id, and by the one that their own had before.
    """
    hashed = hash_of(secret)
    proof = session.scalar(select(AddressProof).where(AddressProof.secret_hash == hashed))
    if proof is not None and request_id in (proof.id, proof.access_request_id):
        return view_of_proof(session, proof)
    # Requests of before addresses were proved have a secret of their own.
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


def view_of_proof(session: Session, proof: AddressProof) -> RequesterView | UnprovedRequest:
    """Returns what the requester sees of the request that was proved, or is to be proved, by `proof`."""
    if proof.access_request_id is None:
        content = AccessRequestContent.of(proof.content or {})
        findings = findings_of_website_and_mail(content.website, content.contact_email)
        return UnprovedRequest(proof.id, content, proof.created_at, proof.expires_at, findings)
    contact = session.get(AccessContact, proof.access_contact_id) if proof.access_contact_id else None
    return RequesterView(session.get_one(AccessRequest, proof.access_request_id), contact)


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


def cause_of_contact(contact_id: UUID) -> str:
    """Returns the cause of the mail that tells a company's owner of a colleague who asks."""
    return f"access_contact:{contact_id}"


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
    contact_id: UUID,
    secret_hash: bytes | None,
    now: datetime,
) -> RequesterView:
    """Adds a colleague to the company's request, or finds them there: whoever lost a secret may ask again."""
    mailbox = mailbox_of(asked.contact_email)
    _refuse_people(session, request, mailbox)
    if mailbox_of(request.contact_email) == mailbox:
        return RequesterView(request, None)
    contacts = session.scalars(select(AccessContact).where(AccessContact.access_request_id == request.id)).all()
    known = next((contact for contact in contacts if mailbox_of(contact.email) == mailbox), None)
    if known is not None:
        return RequesterView(request, known)
    if len(contacts) >= MAX_CONTACTS:
        raise Conflict(
            "access.too_many",
            f"{MAX_CONTACTS} people from {request.domain} have already requested access.",
            "Ask a colleague who has access to have the owner invite you.",
        )
    contact = AccessContact(
        id=contact_id,
        access_request_id=request.id,
        name=asked.contact_name,
        email=asked.contact_email,
        mail_domain=mail_domain,
        plan=asked.plan,
        component_kinds=list(asked.component_kinds),
        survey=asked.survey,
        agreements=list(asked.agreements),
        secret_hash=secret_hash or make_secret(ACCESS_REQUEST).hash,
        created_at=now,
    )
    session.add(contact)
    session.flush()
    if request.state == AccessState.APPROVED:
        _notify_owner(session, request, contact, now)
    log_action(session, requester_at(asked.contact_email), "access.join", request.id)
    return RequesterView(request, contact)


def _refuse_people(session: Session, request: AccessRequest, mailbox: str) -> None:
    """Raises Conflict (access.already_asked) if the mailbox is that of somebody who acts for the company already."""
    people = select(Person.email).where(
        Person.organization_id == request.organization_id,
        Person.removed_at.is_(None),
        Person.organization_id.is_not(None),
    )
    if any(mailbox_of(email) == mailbox for email in session.scalars(people)):
        raise Conflict(
            "access.already_asked",
            "You have access already.",
            "Use your token. If you have lost it, ask for a new one: a link is mailed to you.",
        )


def _notify_owner(session: Session, request: AccessRequest, contact: AccessContact, now: datetime) -> None:
    owner = session.scalar(select(Person.id).where(Person.organization_id == request.organization_id, Person.owner))
    kind, cause = NotificationKind.COLLEAGUE_ASKED, cause_of_contact(contact.id)
    data = {
        "contact": contact.name,
        "contact_email": contact.email,
        "company": request.company_name,
        "organization": str(request.organization_id),
        "path": f"/v1/organizations/{request.organization_id}/invitations",
    }
    if owner is not None:
        notify_people(session, kind, cause, [owner], now, data)
    else:
        notify_reviewers(session, kind, cause, now, data)
