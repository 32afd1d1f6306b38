"""One-time invitations: issuing, reissuing and revoking them, and exchanging one for a person and a first token."""

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
from workflow.notifications.people import notify_address, void_notifications
from workflow.work.bells import Bell, ring_after_commit

INVITATION_LIFE = timedelta(days=7)
FIRST_TOKEN_LIFE = timedelta(days=365)
FIRST_TOKEN_LABEL = "first token"


@dataclass(frozen=True, slots=True)
class AcceptedInvitation:
    """What an invitation was exchanged for. `plain` is the token's text, which cannot be shown again."""

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
    """Stores and returns a new invitation, and queues the mail with its code. Does not commit.

    Revokes an open invitation of the same address. The caller must hold the organization's lock. Of the code only the
    hash is stored, and in its notification the code itself, encrypted, until it is sent. Raises Conflict
    (mail.too_many) if a partner invites more than mails may be sent in the company's name.
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
    in_name_of = organization.id if by.role is Role.PARTNER else None
    notify_address(session, kind, cause_of_invitation(invitation.id), email, now, data, in_name_of=in_name_of)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return invitation


def invite_again(session: Session, invitation_id: UUID, by: Actor, now: datetime, seal: Seal) -> Invitation:
    """Revokes an open or expired invitation and returns a new one for the same address. Does not commit.

    Locks the organization. Raises NotFound, and Conflict (invitation.used, invitation.revoked).
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
    """Revokes open invitations, and voids the mails that were not sent yet. Does not commit."""
    for invitation in invitations:
        invitation.revoked_at = now
    session.flush()
    if invitations:
        void_notifications(session, [cause_of_invitation(invitation.id) for invitation in invitations])


def accept_invitation(session: Session, code: str, now: datetime, name: str | None = None) -> AcceptedInvitation:
    """Exchanges a code for a person of the company and their first token. Does not commit.

    The first person of a company becomes its owner. Locks the organization: of two concurrent calls with one code,
    one gets the token and the other is refused. Raises NotFound, and Conflict (invitation.used, invitation.revoked,
    invitation.expired, person.email_taken).
    """
    invitation = invitation_with_code(session, code)[0]
    organization = lock_organization(session, invitation.organization_id)
    session.refresh(invitation)
    _refuse_ended(invitation)
    if invitation.expires_at <= now:
        raise Conflict(
            "invitation.expired", "The invitation has expired.", "Ask the person who invited you for another."
        )
    person = _person_of(session, invitation, name or invitation.name or invitation.email)
    invitation.accepted_at, invitation.accepted_by = now, person.id
    token, plain = issue_token(session, person, label=FIRST_TOKEN_LABEL, expires_at=now + FIRST_TOKEN_LIFE)
    who = Actor(person.id, Role.PARTNER, organization.id)
    log_action(session, who, "invitation.accept", organization.id, token=str(token.id))
    return AcceptedInvitation(person, organization, token, plain)


def invitation_with_code(session: Session, code: str) -> tuple[Invitation, Organization]:
    """Returns the invitation with the code, and its organization. Raises NotFound."""
    invitation = session.scalar(select(Invitation).where(Invitation.code_hash == hash_of(code)))
    if invitation is None:
        raise NotFound("invitation.not_found", "The code is unknown.", "Copy it from the mail, or ask for a new one.")
    return invitation, session.get_one(Organization, invitation.organization_id)


def invitee_with_code(code: str) -> Actor:
    """Returns the actor for the holder of an invitation's code, who has no token yet: an id made of the code."""
    return Actor(uuid5(NAMESPACE_URL, f"invitation:{code}"), Role.PARTNER)


def state_of_invitation(invitation: Invitation, now: datetime) -> str:
    """Returns `accepted`, `revoked`, `expired` or `open`."""
    if invitation.accepted_at is not None:
        return "accepted"
    if invitation.revoked_at is not None:
        return "revoked"
    return "expired" if invitation.expires_at <= now else "open"


def lock_organization(session: Session, organization_id: UUID) -> Organization:
    """Returns the organization, freshly read and locked, so that changes to its people take turns. Raises NotFound."""
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
    """Returns whether a person of the organization has the address."""
    people = select(Person.id).where(Person.organization_id == organization_id, Person.removed_at.is_(None))
    return session.scalar(people.where(func.lower(Person.email) == email.lower())) is not None


def lacks_owner(session: Session, organization_id: UUID) -> bool:
    """Returns whether the organization has no owner, so that the next person to join becomes it."""
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
            f"{invitation.email} already belongs to somebody with access.",
            "Use that person's token, have them removed first, or ask for an invitation to another address.",
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
        raise Conflict(
            "invitation.used", "The invitation was already accepted.", "Use the token that you received then."
        )
    if invitation.revoked_at is not None:
        detail = "The invitation was revoked."
        raise Conflict("invitation.revoked", detail, "Ask the person who invited you for another.")


def cause_of_invitation(invitation_id: UUID) -> str:
    """Returns the cause of an invitation's mail."""
    return f"invitation:{invitation_id}"
