"""The platform's people who review or administer: listing, adding and removing them, and their absences."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import Person, Review
from models.base import new_id
from models.lifecycle import Role
from workflow.errors import Conflict, Forbidden, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.principals import lock_people, require_present
from workflow.identity.tokens import revoke_tokens_of
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.people import notify_people
from workflow.pages import PageOf, PageRequest, read_page
from workflow.reviewing.desk import lock_reviews_of, release_locked_reviews
from workflow.work.bells import Bell, ring_after_commit

MAX_ABSENCE = timedelta(days=366)
"""The longest absence. Who is away for longer is removed, and added again."""
StaffRole = Literal[Role.REVIEWER, Role.ADMIN]


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A reviewer or an admin. `away_until` is None for somebody who is here; `holds` counts their open reviews."""

    person: Person
    away_until: datetime | None
    holds: int


def list_staff(session: Session, role: StaffRole | None, now: datetime, wanted: PageRequest) -> PageOf[StaffMember]:
    """Returns a page of the reviewers and admins, oldest first. Two queries."""
    statement = select(Person).where(Person.organization_id.is_(None), Person.removed_at.is_(None))
    if role is not None:
        statement = statement.where(Person.role == role.value)

    def members(people: Sequence[Person]) -> list[StaffMember]:
        holds = _holds(session, [person.id for person in people])
        return [_member(person, holds.get(person.id, 0), now) for person in people]

    return read_page(session, statement, Person.id, wanted).map(members)


def read_staff(session: Session, person_id: UUID, now: datetime) -> StaffMember:
    """Returns the reviewer or admin with what they hold. Locks nothing. Raises NotFound."""
    return _member(find_staff(session, person_id), _holds(session, [person_id]).get(person_id, 0), now)


def add_staff(session: Session, actor: Actor, now: datetime, *, name: str, email: str, role: StaffRole) -> StaffMember:
    """Stores a reviewer or an admin and returns them. They still need a token. Does not commit.

    Raises Conflict (person.exists) if the address belongs to somebody.
    """
    statement = insert(Person).values(id=new_id(), role=role.value, name=name, email=email).on_conflict_do_nothing()
    person = session.scalar(statement.returning(Person))
    if person is None:
        detail = f"{email} already belongs to somebody here."
        raise Conflict("person.exists", detail, "Use another address, or remove that person first.")
    log_action(session, actor, "staff.add", person.id, role=role.value)
    return _member(person, 0, now)


def remove_staff(session: Session, person_id: UUID, actor: Actor, now: datetime, *, platform: str) -> None:
    """Removes a reviewer or an admin, who is told: their tokens end, and what they hold is in the queue again.

    Locks the Apps of what they hold, and then them, the caller and all admins. Does not commit. Raises NotFound, and
    Conflict (staff.last_admin): an installation without an admin could be helped on its machine only.
    """
    find_staff(session, person_id)
    admins = select(Person.id).where(Person.role == Role.ADMIN.value, Person.removed_at.is_(None))
    held = lock_reviews_of(session, person_id)
    lock_people(session, person_id, actor.id, *session.scalars(admins))
    if session.scalars(admins).all() == [person_id]:
        raise Conflict("staff.last_admin", "This is the last admin.", "Add another admin first.")
    person = _read_locked(session, person_id, actor)
    release_locked_reviews(session, held, actor, now)
    log_action(session, actor, "staff.remove", person_id)  # while the caller is there, who may be the one removed
    person.removed_at = now
    session.flush()
    revoke_tokens_of(session, person_id, now)
    told = NotificationKind.PERSON_REMOVED
    notify_people(session, told, f"person:{person_id}:removed", [person_id], now, {"company": platform})
    ring_after_commit(session, Bell.NOTIFICATIONS)


def set_absence(session: Session, person_id: UUID, until: datetime | None, actor: Actor, now: datetime) -> StaffMember:
    """Says until when a reviewer or an admin is away, or that they are here (None), and returns them.

    What they hold is in the queue again, and nothing is handed to them until then. Everybody says it for themselves,
    and admins for anybody. Locks the Apps of what they hold, and the person. Does not commit. Raises NotFound,
    Forbidden (absence.not_yours) and Invalid (absence.until).
    """
    find_staff(session, person_id)
    if actor.role is not Role.ADMIN and actor.id != person_id:
        detail = "Only admins may say that somebody else is away."
        raise Forbidden("absence.not_yours", detail, "Ask them, or an admin.")
    if until is not None and not now < until <= now + MAX_ABSENCE:
        detail = f"An absence ends in the future, within {MAX_ABSENCE.days} days."
        raise Invalid("absence.until", detail, "Say until when, or delete the absence to end it.")
    held = lock_reviews_of(session, person_id) if until is not None else []
    lock_people(session, person_id, actor.id)
    person = _read_locked(session, person_id, actor)
    release_locked_reviews(session, held, actor, now)
    person.away_until = until
    session.flush()
    log_action(session, actor, "staff.absence", person_id, until=until and until.isoformat())
    return _member(person, _holds(session, [person_id]).get(person_id, 0), now)


def find_staff(session: Session, person_id: UUID) -> Person:
    """Returns the reviewer or admin. Locks nothing. Raises NotFound."""
    return _found(session.get(Person, person_id), person_id)


def _read_locked(session: Session, person_id: UUID, actor: Actor) -> Person:
    """Returns the person, read after it was locked.

    Raises NotFound, or Forbidden if the caller is gone, who may be that person.
    """
    person = session.get(Person, person_id, populate_existing=True)
    require_present(session, actor)
    return _found(person, person_id)


def _found(person: Person | None, person_id: UUID) -> Person:
    if person is None or person.organization_id is not None or person.removed_at is not None:
        raise NotFound("staff.not_found", f"There is no reviewer or admin {person_id}.", "List the staff.")
    return person


def _member(person: Person, holds: int, now: datetime) -> StaffMember:
    is_away = person.away_until is not None and person.away_until > now
    return StaffMember(person, person.away_until if is_away else None, holds)


def _holds(session: Session, ids: list[UUID]) -> dict[UUID, int]:
    counted = (
        select(Review.claimed_by, func.count())
        .where(Review.claimed_by.in_(ids), Review.closed_at.is_(None))
        .group_by(Review.claimed_by)
    )
    return {person_id: count for person_id, count in session.execute(counted) if person_id is not None}
