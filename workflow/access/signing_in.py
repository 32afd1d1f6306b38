"""Asking to sign in to the pages: a link and a code are mailed to the address, if it is somebody's with access."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Person, SignInLink
from models.lifecycle import Role
from workflow.identity.secrets import BROWSER, Seal, make_secret
from workflow.identity.sessions import MAILED_LINK_LIFE, make_mailed_link, require_own_path
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.people import notify_people
from workflow.sql.locks import LockSpace, lock_names
from workflow.work.bells import Bell, ring_after_commit

MAX_LINKS: Final = 5
"""Links that are mailed to one person within LINKS_WITHIN."""
LINKS_WITHIN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class AskedToSignIn:
    """What a browser that asked is told, whoever's the address is: its secret, and how long the link would work."""

    browser: str
    expires_at: datetime


def ask_to_sign_in(
    session: Session, email: str, now: datetime, seal: Seal, *, next_path: str | None = None, staff: bool = True
) -> AskedToSignIn:
    """Mails a link and a code to a person with access, unless they had MAX_LINKS lately. Does not commit.

    Whoever asks is told nothing of that. `next_path` is the page to go on with. Without `staff` nothing is mailed to
    the platform's people, who sign in by their own provider. Locks the address. Raises Invalid for a path that leads
    elsewhere.
    """
    path = None if next_path is None else require_own_path(next_path)
    browser = make_secret(BROWSER)
    asked = AskedToSignIn(browser.text, now + MAILED_LINK_LIFE)
    lock_names(session, LockSpace.MAILBOX, email.lower())
    person = session.scalar(
        select(Person).where(func.lower(Person.email) == email.lower(), Person.removed_at.is_(None))
    )
    if person is None or (person.role != Role.PARTNER and not staff):
        return asked
    lately = select(func.count()).where(
        SignInLink.person_id == person.id,
        SignInLink.browser_hash.is_not(None),
        SignInLink.created_at > now - LINKS_WITHIN,
    )
    if session.scalars(lately).one() >= MAX_LINKS:
        return asked
    link = make_mailed_link(session, person, now, browser=browser.hash, next_path=path)
    data = {"sealed": seal(link.secret), "expires": f"{link.expires_at:%Y-%m-%d %H:%M} UTC"}
    notify_people(session, NotificationKind.SIGN_IN, f"sign_in:{link.id}", [person.id], now, data)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return asked
