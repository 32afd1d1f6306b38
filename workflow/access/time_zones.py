"""The time zone in which a person reads times. Without one they are read in UTC."""

from sqlalchemy.orm import Session

from models import Person
from workflow.access.people import find_person
from workflow.errors import Invalid
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.zones import known_zone


def choose_time_zone(session: Session, actor: Actor, name: str | None) -> Person:
    """Sets the actor's time zone, an IANA name or None for UTC, and returns the person. Does not commit.

    Raises NotFound, and Invalid (time_zone.unknown).
    """
    if name is not None and known_zone(name) is None:
        raise Invalid(
            "time_zone.unknown",
            f"There is no time zone {name!r}.",
            "Give a name of the IANA time zone database, such as Europe/Berlin.",
        )
    person = find_person(session, actor)
    person.time_zone = name
    session.flush()
    log_action(session, actor, "person.time_zone", person.id)
    return person
