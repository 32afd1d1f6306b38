"""`devcenter sign-in`: one-use links that sign a person in to the pages of an installation on this machine."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cli.mistakes import USAGE, Mistake
from cli.place import database_now, unit_of_work
from console.navigation import PEOPLE
from console.own_address import is_loopback
from models import Person
from workflow.errors import Forbidden
from workflow.identity.principals import find_principal
from workflow.identity.sessions import make_link


def sign_in_link(
    database_url: str, public_url: str, role: str, *, email: str | None = None, token: str | None = None
) -> str:
    """Returns a link that signs in the person with this address, or the holder of the token, once. Commits.

    Raises Mistake for somebody who is not there or has another role, and if the pages are not on this machine.
    """
    if not is_loopback(urlsplit(public_url).hostname or ""):
        raise Mistake(
            f"The pages are at {public_url}, and links are only made for an installation on this machine.",
            "Sign in there as everybody does.",
            USAGE,
        )
    with unit_of_work(database_url) as session:
        return _link(session, public_url, _person(session, role, email, token))


def sign_in_links(database_url: str, public_url: str, tokens: Mapping[str, str]) -> dict[str, str]:
    """Returns a link for each role of people that has a token: it signs in the token's holder, once. Commits."""
    if not is_loopback(urlsplit(public_url).hostname or ""):
        return {}
    with unit_of_work(database_url) as session:
        return {
            role: _link(session, public_url, _person(session, role, None, tokens[role]))
            for role in PEOPLE
            if role in tokens
        }


def _link(session: Session, public_url: str, person: Person) -> str:
    return f"{public_url.rstrip('/')}/sign-in/{make_link(session, person, database_now(session))}"


def _person(session: Session, role: str, email: str | None, token: str | None) -> Person:
    found = None
    if email is not None:
        found = session.scalar(
            select(Person).where(func.lower(Person.email) == email.lower(), Person.removed_at.is_(None))
        )
    elif token is not None:
        try:
            found = session.get(Person, find_principal(session, token).actor.id)
        except Forbidden as error:
            raise Mistake(f"The {role}'s token does not work: {error.detail}", "Name somebody with --email.") from None
    if found is None:
        who = f"Nobody with access has the address {email}." if email else f"There is no {role} to sign in as."
        raise Mistake(who, "Name somebody with --email.", USAGE)
    if found.role != role:
        raise Mistake(f"{found.email} is a {found.role}, not a {role}.", f"Ask for {found.role}.", USAGE)
    return found
