"""One-time invitations: issuing, issuing again, taking back, and the exchange for a person and a first token."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import ApiToken, Invitation, Organization, Person
from models.base import new_id
from models.lifecycle import Role
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import INVITATION, Seal, hash_of, make_secret
from workflow.identity.tokens import issue_token
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.telling import notify_address, void_notifications
from workflow.work.bells import Bell, ring_after_commit

INVITATION_LIFE = timedelta(days=7)
FIRST_TOKEN_LIFE = timedelta(days=365)
FIRST_TOKEN_LABEL = "first token"


@dataclass(frozen=True, slots=True)
class AcceptedInvitation:
    """What an invitation was exchanged for. `plain` is the token's text, which cannot be had again."""

    person: Person
    organization: Organization
    token: ApiToken
    plain: str


def invite(
    session: Session,
    organization: Organization,
    *,
    name: str,
    email: str,
    by: Actor,
    now: datetime,
    seal: Seal,
    access_request_id: UUID | None = None,
) -> Invitation:
    """Returns a new invitation and has its code mailed; an open one of the same address is revoked. Does not commit.

    The caller holds the organization's lock. Only the code's hash is stored. The code itself waits in its
    notification, sealed by the key ring, and is forgotten there once it is sent.
    """
    revoke(session, _open_of(session, organization.id, email), now)
    code = make_secret(INVITATION)
    invitation = Invitation(
        id=new_id(),
        organization_id=organization.id,
        access_request_id=access_request_id,
        name=name,
        email=email,
        code_hash=code.hash,
        invited_by=by.id,
        created_at=now,
        expires_at=now + INVITATION_LIFE,
    )
    session.add(invitation)
    session.flush()
    kind = NotificationKind.COLLEAGUE_INVITED if access_request_id is None else NotificationKind.WELCOME
    inviter = session.get(Person, by.id)
    data = {
        "name": name,
        "company": organization.name,
        "by": inviter.name if inviter else "Somebody",
        "sealed": seal(code.text),
        "expires": f"{invitation.expires_at:%Y-%m-%d %H:%M} UTC",
    }
    notify_address(session, kind, _cause(invitation.id), email, now, data)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return invitation


def invite_again(session: Session, invitation_id: UUID, by: Actor, now: datetime, seal: Seal) -> Invitation:
    """Revokes an invitation that was not accepted, expired or not, and returns a new one. Does not commit.

    Raises NotFound, and Conflict (invitation.used, invitation.revoked).
    """
    old = session.get(Invitation, invitation_id)
    if old is None:
        raise NotFound("invitation.not_found", f"There is no invitation {invitation_id}.", "List the invitations.")
    organization = lock_organization(session, old.organization_id)
    session.refresh(old)
    _refuse_ended(old)
    invitation = invite(
        session,
        organization,
        name=old.name,
        email=old.email,
        by=by,
        now=now,
        seal=seal,
        access_request_id=old.access_request_id,
    )
    log_action(session, by, "invitation.reissue", invitation_id, replaced_by=str(invitation.id))
    return invitation


def revoke(session: Session, invitations: Sequence[Invitation], now: datetime) -> None:
    """Makes open invitations useless, and takes back those that were not mailed yet. Does not commit."""
    for invitation in invitations:
        invitation.revoked_at = now
    session.flush()
    if invitations:
        void_notifications(session, [_cause(invitation.id) for invitation in invitations])


def accept_invitation(session: Session, code: str, now: datetime, name: str | None = None) -> AcceptedInvitation:
    """Exchanges the code for a person of the company and their first token. Does not commit.

    The first person of a company becomes its owner. Two at once take turns: one gets the token, the other is refused.
    Raises NotFound, and Conflict (invitation.used, invitation.revoked, invitation.expired, person.email_taken).
    """
    invitation = session.scalar(select(Invitation).where(Invitation.code_hash == hash_of(code)))
    if invitation is None:
        raise NotFound("invitation.not_found", "The code is not known.", "Copy it from the mail, or ask for another.")
    organization = lock_organization(session, invitation.organization_id)
    session.refresh(invitation)
    _refuse_ended(invitation)
    if invitation.expires_at <= now:
        raise Conflict("invitation.expired", "The invitation has expired.", "Ask who invited you for a new one.")
    person = _person_of(session, invitation, name or invitation.name or invitation.email)
    invitation.accepted_at, invitation.accepted_by = now, person.id
    token, plain = issue_token(session, person, label=FIRST_TOKEN_LABEL, expires_at=now + FIRST_TOKEN_LIFE)
    who = Actor(person.id, Role.PARTNER, organization.id)
    log_action(session, who, "invitation.accept", organization.id, token=str(token.id))
    return AcceptedInvitation(person, organization, token, plain)


def invited_by_code(code: str) -> Actor:
    """Returns who holds an invitation's code: nobody with a token yet."""
    return Actor(uuid5(NAMESPACE_URL, f"invitation:{code}"), Role.PARTNER)


def state_of_invitation(invitation: Invitation, now: datetime) -> str:
    """Returns `accepted`, `revoked`, `expired` or `open`."""
    if invitation.accepted_at is not None:
        return "accepted"
    if invitation.revoked_at is not None:
        return "revoked"
    return "expired" if invitation.expires_at <= now else "open"


def lock_organization(session: Session, organization_id: UUID) -> Organization:
    """Returns the organization, locked: its people and invitations change one at a time. Raises NotFound."""
    statement = select(Organization).where(Organization.id == organization_id)
    found = session.scalar(statement.with_for_update(key_share=True).execution_options(populate_existing=True))
    if found is None:
        raise NotFound(
            "organization.not_found",
            f"There is no organization {organization_id} that you may see.",
            "List the organizations.",
        )
    return found


def is_member(session: Session, organization_id: UUID, email: str) -> bool:
    """Returns whether somebody of the organization has the address."""
    people = select(Person.id).where(Person.organization_id == organization_id, Person.removed_at.is_(None))
    return session.scalar(people.where(func.lower(Person.email) == email.lower())) is not None


def lacks_owner(session: Session, organization_id: UUID) -> bool:
    """Returns whether the next person of the organization becomes its owner."""
    owner = select(Person.id).where(Person.organization_id == organization_id, Person.owner)
    return session.scalar(owner) is None


def _person_of(session: Session, invitation: Invitation, name: str) -> Person:
    person = Person(
        id=new_id(),
        organization_id=invitation.organization_id,
        role=Role.PARTNER.value,
        name=name,
        email=invitation.email,
        owner=lacks_owner(session, invitation.organization_id),
    )
    try:
        with session.begin_nested():
            session.add(person)
    except IntegrityError as error:
        if "person_email_key" not in str(error):
            raise
        raise Conflict(
            "person.email_taken",
            f"{invitation.email} belongs to somebody who takes part already.",
            "Use their token, have them removed first, or ask for an invitation to another address.",
        ) from None
    return person


def _open_of(session: Session, organization_id: UUID, email: str) -> Sequence[Invitation]:
    return session.scalars(
        select(Invitation).where(
            Invitation.organization_id == organization_id,
            func.lower(Invitation.email) == email.lower(),
            Invitation.accepted_at.is_(None),
            Invitation.revoked_at.is_(None),
        )
    ).all()


def _refuse_ended(invitation: Invitation) -> None:
    if invitation.accepted_at is not None:
        raise Conflict("invitation.used", "The invitation was accepted already.", "Use the token that it gave.")
    if invitation.revoked_at is not None:
        raise Conflict("invitation.revoked", "The invitation was taken back.", "Ask who invited you for a new one.")


def _cause(invitation_id: UUID) -> str:
    return f"invitation:{invitation_id}"
