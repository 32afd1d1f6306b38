"""`devcenter token`: creates, lists and revokes bearer tokens. Changes are recorded in the audit log."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cli.mistakes import USAGE, Mistake
from cli.place import database_now, unit_of_work
from models import ApiToken, Organization, Person, Service
from models.lifecycle import Role
from models.token import Scope
from workflow.access.invitations import lacks_owner
from workflow.identity.actors import COMMAND_LINE
from workflow.identity.tokens import create_token as create_issued
from workflow.identity.tokens import list_tokens, revoke_token, service_named, state_of_token
from workflow.pages import PageRequest


@dataclass(frozen=True, slots=True)
class Holder:
    """The holder of a token: a person, by `email`, or a service, by `name`. A new partner needs `organization`."""

    role: Role
    name: str | None = None
    email: str | None = None
    organization: str | None = None


@dataclass(frozen=True, slots=True)
class TokenLine:
    """A token in the list, without its secret."""

    id: UUID
    role: str
    label: str
    hint: str
    expires_at: datetime
    state: str


def scopes_named(names: Sequence[str]) -> list[Scope]:
    """Returns the scopes with these names. Raises Mistake for a name that no scope has."""
    unknown = sorted(set(names) - set(Scope))
    if unknown:
        raise Mistake(f"No scope is named {', '.join(unknown)}.", f"Those are: {', '.join(Scope)}.", USAGE)
    return [Scope(name) for name in names]


def create_token(
    database_url: str, holder: Holder, *, label: str, life: timedelta, scopes: Sequence[Scope] | None = None
) -> str:
    """Creates a token, and its holder if necessary. Commits. Returns the secret, which cannot be read again later.

    Raises Mistake if the description of the holder is incomplete, and Invalid for a scope that the role does not have.
    """
    with unit_of_work(database_url) as session:
        found = _service(session, holder) if holder.role is Role.SERVICE else _person(session, holder)
        expires_at = database_now(session) + life
        return create_issued(session, COMMAND_LINE, found, label=label, expires_at=expires_at, scopes=scopes)[1]


def revoke(database_url: str, token_id: UUID) -> None:
    """Revokes a token at once. Commits. Raises NotFound."""
    with unit_of_work(database_url) as session:
        revoke_token(session, token_id, COMMAND_LINE, database_now(session))


def tokens(database_url: str) -> Sequence[TokenLine]:
    """Returns all tokens, newest first."""
    with unit_of_work(database_url) as session:
        now = database_now(session)
        return [
            TokenLine(
                token.id,
                token.role,
                token.label,
                token.hint,
                token.expires_at,
                state_of_token(token, now),
            )
            for token in _every_token(session, now)
        ]


def _every_token(session: Session, now: datetime) -> Iterator[ApiToken]:
    wanted: PageRequest | None = PageRequest(limit=500)
    while wanted is not None:
        page = list_tokens(session, wanted, now)
        yield from page.rows
        wanted = PageRequest(page.next, wanted.limit) if page.next else None


def _service(session: Session, holder: Holder) -> Service:
    if not holder.name:
        raise Mistake("A service's token needs the service's name.", "Add --name, such as --name usage.", USAGE)
    return service_named(session, holder.name)


def _person(session: Session, holder: Holder) -> Person:
    if not holder.email:
        raise Mistake(f"A {holder.role}'s token needs the person's e-mail address.", "Add --email.", USAGE)
    person = session.scalar(
        select(Person).where(func.lower(Person.email) == holder.email.lower(), Person.removed_at.is_(None))
    )
    if person is None:
        organization = _organization(session, holder) if holder.role is Role.PARTNER else None
        person = Person(
            role=holder.role.value,
            name=holder.name or holder.email,
            email=holder.email,
            organization_id=organization.id if organization else None,
            owner=organization is not None and lacks_owner(session, organization.id),
        )
        session.add(person)
        session.flush()
    if person.role != holder.role:
        raise Mistake(f"{holder.email} is a {person.role}, not a {holder.role}.", f"Use --role {person.role}.", USAGE)
    return person


def _organization(session: Session, holder: Holder) -> Organization:
    if not holder.organization:
        raise Mistake("A new partner's token needs the company's name.", "Add --organization.", USAGE)
    organization = session.scalar(
        select(Organization).where(Organization.name == holder.organization).order_by(Organization.id).limit(1)
    )
    if organization is None:
        raise Mistake(
            f"There is no company {holder.organization!r}.",
            "Name an existing one with --organization. A company is created when its access request is approved.",
            USAGE,
        )
    return organization
