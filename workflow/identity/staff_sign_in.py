"""Signing in the platform's people by what their own provider says of them. Partners sign in by mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Person, PersonIdentity
from models.lifecycle import Role
from workflow.errors import Forbidden
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.sessions import SignedIn, begin_session
from workflow.identity.staff import MAY_REVIEW


def sign_in_staff(
    session: Session,
    issuer: str,
    subject: str,
    verified_email: str | None,
    now: datetime,
    *,
    next_path: str | None = None,
    before: str | None = None,
) -> SignedIn:
    """Signs in the reviewer or admin whom the provider names, and returns their new session. Does not commit.

    They are known by issuer and subject. The first time they are found by the address that the provider has verified,
    and known from then on. `before` is the session that the browser had, which ends. Raises Forbidden
    (sign_in.unknown_person).
    """
    known = session.scalar(
        select(PersonIdentity).where(PersonIdentity.issuer == issuer, PersonIdentity.subject == subject)
    )
    person_id = known.person_id if known is not None else None
    if known is None and verified_email is not None:
        person_id = _link(session, issuer, subject, verified_email)
    person = session.get(Person, person_id) if person_id is not None else None
    if person is None or person.removed_at is not None or person.role not in MAY_REVIEW:
        raise Forbidden(
            "sign_in.unknown_person",
            "You are not one of the people of this platform.",
            "Ask an admin to add you, by the address with which you sign in. Partners sign in by mail.",
        )
    begun, secret = begin_session(session, person.id, now, before=before)
    return SignedIn(begun, secret, next_path)


def _link(session: Session, issuer: str, subject: str, email: str) -> UUID | None:
    """Links the person with this address, unless they are linked to somebody else there. Returns their id, or None."""
    staff = select(Person).where(
        func.lower(Person.email) == email.lower(), Person.removed_at.is_(None), Person.role.in_(MAY_REVIEW)
    )
    person = session.scalar(staff.with_for_update())
    if person is None:
        return None
    linked = select(PersonIdentity.id).where(PersonIdentity.person_id == person.id, PersonIdentity.issuer == issuer)
    if session.scalar(linked) is not None:
        return None
    session.add(PersonIdentity(person_id=person.id, issuer=issuer, subject=subject))
    session.flush()
    log_action(session, Actor(person.id, Role(person.role)), "identity.link", person.id, issuer=issuer)
    return person.id
