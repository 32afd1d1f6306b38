"""Sessions of browsers: beginning one by a link that works once, and ending it. A session opens pages only."""

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
from workflow.identity.secrets import SESSION, SIGN_IN_LINK, hash_of, hash_of_typed, make_secret, typed_code_of
from workflow.identity.tokens import IDLE_LIFE

SESSION_LIFE: Final = timedelta(hours=12)
"""How long a session lasts at most. It ends before that when it is not used for IDLE_LIFE."""
SHELL_LINK_LIFE: Final = timedelta(days=1)
"""How long a link works that the command line made."""
MAILED_LINK_LIFE: Final = timedelta(minutes=15)
"""How long a link works that was mailed, and the code beside it."""
MAX_TRIES: Final = 5
"""How many wrong codes may be typed before a link ends."""
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


@dataclass(frozen=True, slots=True)
class MailedLink:
    """A link for a mail: its secret, and until when it works in the browser that asked for it."""

    id: UUID
    secret: str
    expires_at: datetime


def make_mailed_link(
    session: Session, person: Person, now: datetime, *, browser: bytes, next_path: str | None
) -> MailedLink:
    """Returns a new link that signs the person in once, in the browser whose secret has the hash. Does not commit."""
    secret = make_secret(SIGN_IN_LINK)
    link = SignInLink(
        person_id=person.id,
        link_hash=secret.hash,
        browser_hash=browser,
        code_hash=hash_of_typed(typed_code_of(secret.text)),
        next_path=next_path,
        created_at=now,
        expires_at=now + MAILED_LINK_LIFE,
    )
    session.add(link)
    session.flush()
    return MailedLink(link.id, secret.text, link.expires_at)


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


def state_of_link(
    link: SignInLink, now: datetime, browser: str | None
) -> Literal["open", "used", "expired", "elsewhere"]:
    """Returns `used` once somebody has signed in by it, `expired` when nobody can any more, and `open` before that.

    It is `elsewhere` if another browser asked for it than the one with this secret.
    """
    if link.used_at is not None:
        return "used"
    if link.expires_at <= now or link.tries >= MAX_TRIES:
        return "expired"
    is_bound = link.browser_hash is not None
    return "elsewhere" if is_bound and link.browser_hash != hash_of(browser or "") else "open"


def sign_in(
    session: Session, secret: str, now: datetime, *, browser: str | None = None, before: str | None = None
) -> SignedIn:
    """Signs in the person of a link, which works once, and returns their new session. Does not commit.

    `browser` is the secret of the browser that asked for a mailed link, and `before` the session that it had, which
    ends. Locks the link, and then the person. Raises NotFound, and Conflict (sign_in.used, sign_in.expired,
    sign_in.elsewhere).
    """
    link = find_link(session, secret, lock=True)
    state = state_of_link(link, now, browser)
    if state != "open":
        raise Conflict(f"sign_in.{state}", *_NOT_OPEN[state])
    return _use(session, link, now, before)


def sign_in_by_code(
    session: Session, browser: str, code: str, now: datetime, *, before: str | None = None
) -> SignedIn | None:
    """Signs in the person for whom this browser asked, by the code of the mail. Returns None for a wrong code.

    The link ends after MAX_TRIES wrong codes. A browser that asked for an unknown address gets None always, as it does
    for one whose link has ended. Locks the link. Does not commit: commit a wrong try too.
    """
    of_browser = select(SignInLink).where(SignInLink.browser_hash == hash_of(browser))
    link = session.scalar(of_browser.with_for_update().execution_options(populate_existing=True))
    if link is None or state_of_link(link, now, browser) != "open":
        return None
    if link.code_hash != hash_of_typed(code):
        link.tries += 1
        session.flush()
        return None
    return _use(session, link, now, before)


def _use(session: Session, link: SignInLink, now: datetime, before: str | None) -> SignedIn:
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
_NOT_OPEN: Final = {
    "used": ("The link was already used.", _ANOTHER),
    "expired": ("The link has expired.", _ANOTHER),
    "elsewhere": (
        "The link works in the browser in which it was asked for.",
        "Open it there, or type the code of the mail there.",
    ),
}
