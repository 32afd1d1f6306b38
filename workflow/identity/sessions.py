"""Sessions of browsers: signing in by a link that works once, and ending sessions. A session opens pages only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import ApiToken, Person, SignInLink
from models.lifecycle import Role
from models.token import TokenKind
from workflow.errors import Conflict, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import SESSION, SIGN_IN_LINK, hash_of, make_secret
from workflow.identity.tokens import IDLE_LIFE

SESSION_LIFE: Final = timedelta(hours=12)
"""How long a session lasts at most. It ends before that when it is not used for IDLE_LIFE."""
SHELL_LINK_LIFE: Final = timedelta(days=1)
"""How long a link works that the command line made."""
LINKS_KEPT: Final = timedelta(days=1)
"""How long a link is kept after its end, because bounds count it."""
MAX_SESSIONS: Final = 20
"""Sessions that one person may have. Another ends the one that began first."""
MAX_PATH_CHARACTERS: Final = 1000


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that has begun. `secret` belongs in the browser's cookie, and cannot be shown again."""

    session: ApiToken
    secret: str
    next_path: str | None


def make_link(session: Session, person: Person, now: datetime) -> str:
    """Returns the secret of a new link that signs the person in once, in any browser. Does not commit."""
    secret = make_secret(SIGN_IN_LINK)
    session.add(
        SignInLink(person_id=person.id, link_hash=secret.hash, created_at=now, expires_at=now + SHELL_LINK_LIFE)
    )
    session.flush()
    return secret.text


def find_link(session: Session, secret: str, *, lock: bool = False) -> SignInLink:
    """Returns the link, locked if wanted, so that two browsers take turns. Raises NotFound."""
    statement = select(SignInLink).where(SignInLink.link_hash == hash_of(secret))
    if lock:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    link = session.scalar(statement)
    if link is None:
        raise NotFound("sign_in.not_found", "The link is unknown, or it has ended.", _ANOTHER)
    return link


def state_of_link(link: SignInLink, now: datetime) -> Literal["open", "used", "expired"]:
    """Returns `used` once somebody has signed in by it, `expired` when nobody can any more, and `open` before that."""
    if link.used_at is not None:
        return "used"
    return "expired" if link.expires_at <= now else "open"


def sign_in(session: Session, secret: str, now: datetime, *, before: str | None = None) -> SignedIn:
    """Signs in the person of a link, which works once, and returns their new session. Does not commit.

    `before` is the session that the browser had, which ends. Locks the link, and then the person. Raises NotFound, and
    Conflict (sign_in.used, sign_in.expired).
    """
    link = find_link(session, secret, lock=True)
    state = state_of_link(link, now)
    if state != "open":
        said = "was already used" if state == "used" else "has expired"
        raise Conflict(f"sign_in.{state}", f"The link {said}.", _ANOTHER)
    link.used_at = now
    begun, text = begin_session(session, link.person_id, now, before=before)
    return SignedIn(begun, text, link.next_path)


def begin_session(
    session: Session, person_id: UUID, now: datetime, *, before: str | None = None
) -> tuple[ApiToken, str]:
    """Begins a session of a person who has just shown who they are. Returns it with its secret. Does not commit.

    The session that the browser had before ends, and the person's first one if they have MAX_SESSIONS. Locks the
    person. Raises NotFound if the person was removed.
    """
    person = session.get(Person, person_id, with_for_update=True, populate_existing=True)
    if person is None or person.removed_at is not None:
        raise NotFound("person.not_found", "This person no longer has access.", "Ask to be invited again.")
    actor = Actor(person.id, Role(person.role), person.organization_id)
    if before is not None:
        _end_of_browser(session, before, now)
    open_ones = list_sessions(session, person.id, now)
    for first in list(reversed(open_ones))[: max(0, len(open_ones) - MAX_SESSIONS + 1)]:
        first.revoked_at = now
    secret = make_secret(SESSION)
    begun = ApiToken(
        person_id=person.id,
        role=person.role,
        organization_id=person.organization_id,
        kind=TokenKind.SESSION.value,
        label="session",
        token_hash=secret.hash,
        hint=secret.text[-4:],
        created_at=now,
        expires_at=now + SESSION_LIFE,
        last_used_at=now,
        authenticated_at=now,
        idle_ends_at=now + IDLE_LIFE,
    )
    session.add(begun)
    session.flush()
    log_action(session, actor, "session.begin", begun.id)
    return begun, secret.text


def list_sessions(session: Session, person_id: UUID, now: datetime) -> Sequence[ApiToken]:
    """Returns the person's sessions that have not ended, the newest first."""
    of_person = select(ApiToken).where(
        ApiToken.person_id == person_id,
        ApiToken.kind == TokenKind.SESSION.value,
        ApiToken.revoked_at.is_(None),
        ApiToken.expires_at > now,
        ApiToken.idle_ends_at > now,
    )
    return session.scalars(of_person.order_by(ApiToken.created_at.desc(), ApiToken.id.desc())).all()


def end_session(session: Session, session_id: UUID, actor: Actor, now: datetime) -> None:
    """Ends a session of the actor with immediate effect; ending it again changes nothing. Does not commit.

    Raises NotFound, also for a session of somebody else.
    """
    found = session.get(ApiToken, session_id)
    if found is None or found.kind != TokenKind.SESSION or found.person_id != actor.id:
        raise NotFound("session.not_found", f"You have no session {session_id}.", "List your sessions.")
    log_action(session, actor, "session.end", session_id)
    # After the look at the caller, who may be ending the session of this very call.
    found.revoked_at = found.revoked_at or now
    session.flush()


def prune_links(session: Session, now: datetime, *, limit: int) -> int:
    """Deletes up to `limit` links that ended LINKS_KEPT ago, used or not. Returns how many. Does not commit."""
    ended = select(SignInLink).where(SignInLink.expires_at < now - LINKS_KEPT)
    found = session.scalars(ended.limit(limit).with_for_update(skip_locked=True)).all()
    for link in found:
        session.delete(link)
    session.flush()
    return len(found)


def require_own_path(path: str) -> str:
    """Returns the path of a page to go on with. Raises Invalid unless it leads to a page of this site."""
    if not is_own_path(path):
        raise Invalid("path.foreign", "This does not lead to a page of this site.", "Leave it out.")
    return path


def is_own_path(path: str) -> bool:
    """Returns whether a browser that is sent to `path` stays on this site: one slash first, no control characters."""
    is_plain = path.isascii() and path.isprintable() and "\\" not in path and " " not in path
    return is_plain and path.startswith("/") and not path.startswith("//") and len(path) <= MAX_PATH_CHARACTERS


def _end_of_browser(session: Session, secret: str, now: datetime) -> None:
    had = session.scalar(
        select(ApiToken).where(
            ApiToken.token_hash == hash_of(secret),
            ApiToken.kind == TokenKind.SESSION.value,
            ApiToken.revoked_at.is_(None),
        )
    )
    if had is not None:
        had.revoked_at = now
        session.flush()


_ANOTHER = "Ask for another link."
