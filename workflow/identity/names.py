"""What actors and holders of tokens are called, for people who read logs and lists."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.lifecycle import Role
from workflow.identity.actors import COMMAND_LINE, SCHEDULE, Actor
from workflow.sql.arrays import Uuids, statement

OURS = {SCHEDULE.id: "the service itself", COMMAND_LINE.id: "the command line"}
"""What the actors are called that are neither people nor services."""


def names_of(session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Returns the names of the people and services among `ids`, people who were removed included. One query."""
    wanted = set(ids)
    found = {one: name for one, name in OURS.items() if one in wanted}
    if wanted - found.keys():
        found |= {row.id: row.name for row in session.execute(_NAMES, {"ids": list(wanted)})}
    return found


def names_shown_to(reader: Actor, session: Session, ids: Iterable[UUID]) -> dict[UUID, str]:
    """Returns `names_of`, to reviewers and admins: nobody else is told which of the platform's people did something."""
    return names_of(session, ids) if reader.role in (Role.REVIEWER, Role.ADMIN) else {}


def ids_called(session: Session, name: str) -> list[UUID]:
    """Returns the ids of the people with this mail address, of the platform's people and the service with this name."""
    return [*session.scalars(_CALLED, {"name": name}), *(one for one, known in OURS.items() if known == name.lower())]


_NAMES = statement(
    "SELECT id, name FROM person WHERE id = ANY(:ids) UNION ALL SELECT id, name FROM service WHERE id = ANY(:ids)",
    ids=Uuids(),
)
_CALLED = text("""
    SELECT id FROM person WHERE lower(email) = lower(:name)
     UNION SELECT id FROM person WHERE organization_id IS NULL AND lower(name) = lower(:name)
     UNION SELECT id FROM service WHERE name = :name
""")
