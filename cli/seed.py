"""Who has to be there first: a reviewer, an admin and a service, and a fresh token for each.

Everybody else comes in by the door: partners ask for access. Safe to run at every start.
"""

from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import ApiToken, Person, Service
from models.lifecycle import Role
from workflow.identity.tokens import issue_token

TOKEN_LIFE = timedelta(days=30)
SERVICE_NAME = "usage-reporter"
_PEOPLE = {
    Role.REVIEWER: ("Remy Reviewer", "remy@platform.example"),
    Role.ADMIN: ("Ada Admin", "ada@platform.example"),
}


def seed(session: Session, now: datetime, label: str) -> dict[str, str]:
    """Makes who is missing and returns a new token for each role but partner, all with this `label`.

    Earlier tokens of the label are revoked: it belongs to one state folder, so those of other folders on the same
    database stay valid. Does not commit. Run it while holding the state folder.
    """
    holders: dict[Role, Person | Service] = {
        Role.REVIEWER: _person(session, Role.REVIEWER),
        Role.SERVICE: _service(session),
        Role.ADMIN: _person(session, Role.ADMIN),
    }
    session.execute(
        update(ApiToken).where(ApiToken.label == label, ApiToken.revoked_at.is_(None)).values(revoked_at=now)
    )
    return {
        role.value: issue_token(session, holder, label=label, expires_at=now + TOKEN_LIFE)[1]
        for role, holder in holders.items()
    }


def _person(session: Session, role: Role) -> Person:
    name, email = _PEOPLE[role]
    person = session.scalar(select(Person).where(Person.email == email, Person.removed_at.is_(None)))
    if person is None:
        person = Person(role=role.value, name=name, email=email)
        session.add(person)
        session.flush()
    return person


def _service(session: Session) -> Service:
    service = session.scalar(select(Service).where(Service.name == SERVICE_NAME))
    if service is None:
        service = Service(name=SERVICE_NAME)
        session.add(service)
        session.flush()
    return service
