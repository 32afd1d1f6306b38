"""News by mail: who wants it, switching it, and the link in each such mail by which anybody who has it switches it off.

The link's token is encrypted, so that it says whose it is and of which kind without being stored. It only switches off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from models import Person
from models.lifecycle import Role
from workflow.errors import NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.principals import require_present
from workflow.identity.secrets import Seal
from workflow.notifications.kinds import NEWS, NEWS_OF, NotificationKind

_PREFIX = "news:"


@dataclass(frozen=True, slots=True)
class NewsSwitch:
    """A person's switch of a kind of news."""

    person: Person
    kind: NotificationKind

    @property
    def is_on(self) -> bool:
        """Whether the person gets this news by mail."""
        return self.kind.value not in self.person.news_off


def news_of(session: Session, person_id: UUID) -> dict[str, bool]:
    """Returns for each kind of news that people of the role get whether the person gets it. Raises NotFound."""
    person = _person(session, person_id)
    return {kind.value: kind.value not in person.news_off for kind in sorted(NEWS_OF[Role(person.role)])}


def switch_news(session: Session, actor: Actor, wanted: Mapping[str, bool]) -> dict[str, bool]:
    """Switches kinds of news on or off for the actor, and returns all their switches. Does not commit.

    Raises NotFound for what is no news, and Forbidden for one who was removed since the call began.
    """
    person = _lock_person(session, actor.id, actor)
    for name, is_on in sorted(wanted.items()):
        if name not in NEWS_OF[Role(person.role)]:
            known = ", ".join(sorted(NEWS_OF[Role(person.role)]))
            raise NotFound("news.unknown", f"There is no news {name!r} that could be switched.", f"Choose: {known}.")
        _switch(person, name, is_on)
    session.flush()
    log_action(session, actor, "news.switch", person.id, off=person.news_off)
    return news_of(session, person.id)


def switch_token(person_id: UUID, kind: NotificationKind, seal: Seal) -> str:
    """Returns the token of the link that switches news off."""
    return seal(f"{_PREFIX}{person_id}:{kind.value}")


def switch_of_token(session: Session, token: str, unseal: Callable[[str], str]) -> NewsSwitch:
    """Returns the switch that the link's token is for. Raises NotFound."""
    try:
        said = unseal(token)
    except ValueError:
        said = ""
    person_id, _, kind = said.removeprefix(_PREFIX).partition(":")
    if not said.startswith(_PREFIX) or kind not in NEWS:
        raise NotFound("news.not_found", "The link is unknown.", "Copy the whole link from the mail.")
    return NewsSwitch(_person(session, UUID(person_id)), NotificationKind(kind))


def switch_off(session: Session, switch: NewsSwitch) -> NewsSwitch:
    """Switches the news off, by its link; once more changes nothing. Returns the switch. Does not commit."""
    person = _lock_person(session, switch.person.id)
    _switch(person, switch.kind.value, False)
    session.flush()
    actor = Actor(person.id, Role(person.role), person.organization_id)
    log_action(session, actor, "news.switch", person.id, off=person.news_off)
    return switch


def _switch(person: Person, name: str, is_on: bool) -> None:
    person.news_off = sorted(set(person.news_off) - {name} if is_on else set(person.news_off) | {name})


def _person(session: Session, person_id: UUID) -> Person:
    return _still_there(session.get(Person, person_id))


def _lock_person(session: Session, person_id: UUID, actor: Actor | None = None) -> Person:
    person = session.get(Person, person_id, with_for_update=True, populate_existing=True)
    if actor is not None and (person is None or person.removed_at is not None):
        require_present(session, actor)
    return _still_there(person)


def _still_there(person: Person | None) -> Person:
    if person is None or person.removed_at is not None:
        raise NotFound("person.not_found", "There is no such person any more.", "There is nothing to do.")
    return person
