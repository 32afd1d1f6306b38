"""Callers: who holds a token, and whether they are still there when their call writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.orm import Session

from models import Person
from models.lifecycle import Role
from models.token import Scope, TokenKind
from workflow.errors import Forbidden
from workflow.identity.actors import Actor
from workflow.identity.secrets import hash_of
from workflow.sql.arrays import Bytes, statement
from workflow.zones import known_zone

RECENT: Final = timedelta(minutes=15)
"""How long after signing in a person may do by their session what is grave."""


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a valid token. `scopes` is None for a token with all scopes of its role.

    `authenticated_at` is when the person of a session signed in, None for a bearer token; `recent` says that this was
    within RECENT, and is true for a bearer token. `name` is the holder's, and
    `time_zone`, an IANA name, the one in which they read times: UTC if they have chosen none that is known.
    """

    actor: Actor
    token_id: UUID
    label: str
    scopes: frozenset[str] | None = None
    name: str = ""
    authenticated_at: datetime | None = None
    recent: bool = True
    time_zone: str = "UTC"

    def has(self, scope: Scope) -> bool:
        """Returns whether the token may be used for `scope`."""
        return self.scopes is None or scope.value in self.scopes


def find_principal(session: Session, plain: str) -> Principal:
    """Returns the token's holder. Raises Forbidden (token.invalid, token.expired, token.revoked)."""
    found = find_principals(session, [plain])[0]
    if isinstance(found, Forbidden):
        raise found
    return found


def find_principals(
    session: Session, plains: Sequence[str], kind: TokenKind = TokenKind.BEARER
) -> list[Principal | Forbidden]:
    """Returns the holder of each token, or the error that `find_principal` would raise, in one query.

    A token of another kind is refused: a session is no bearer token, nor the other way round. Expiry is judged by the
    database's clock.
    """
    hashes = [hash_of(plain) for plain in plains]
    rows = {bytes(row.token_hash): row for row in session.execute(_HOLDERS, {"hashes": hashes})}
    return [_principal(rows.get(token_hash), kind) for token_hash in hashes]


def require_present(session: Session, actor: Actor) -> None:
    """Raises Forbidden if the caller was removed or the token was revoked since the call began. Does not commit.

    Call it in the transaction that writes, after its other locks. Locks a person's row for share, so that whoever
    removes them waits for the transaction. A service is only looked at: its many calls at once would otherwise share
    locks on a single row, which Postgres keeps in a table of their own (multixacts). Somebody without a token (the
    schedule, the command line, whoever asks for access) is not looked at.
    """
    if actor.token_id is None:
        return
    who = {"actor_id": actor.id, "token_id": actor.token_id}
    _valid(session.execute(_PRESENT, who).one_or_none())


def lock_people(session: Session, *ids: UUID) -> None:
    """Locks people FOR NO KEY UPDATE in the order of their ids; an id of nobody is left out.

    Whoever locks another person locks the caller with them by this: `log_action` locks the caller's row afterwards, and
    two people who act on each other at once would otherwise wait for each other.
    """
    statement = select(Person.id).where(Person.id.in_(ids)).order_by(Person.id)
    session.execute(statement.with_for_update(key_share=True))


_TOKEN = f"""
    SELECT t.id, t.token_hash, t.label, t.role, t.organization_id, t.scopes, t.revoked_at, t.kind,
           t.authenticated_at,
           coalesce(t.authenticated_at > now() - interval '{RECENT.total_seconds()} seconds', true) AS recent,
           t.expires_at <= now() OR coalesce(t.idle_ends_at <= now(), false) AS expired,
           coalesce(t.person_id, t.service_id) AS holder_id, coalesce(p.name, '') AS holder_name,
           p.time_zone,
           t.person_id IS NULL OR (p.id IS NOT NULL AND p.removed_at IS NULL AND p.role = t.role
                                   AND p.organization_id IS NOT DISTINCT FROM t.organization_id) AS holder_fits
"""
_HOLDERS = statement(
    f"{_TOKEN} FROM api_token t LEFT JOIN person p ON p.id = t.person_id WHERE t.token_hash = ANY(:hashes)",
    hashes=Bytes(),
)
_PRESENT = text(f"""
    WITH holder AS MATERIALIZED (SELECT * FROM person WHERE id = :actor_id FOR SHARE)
    {_TOKEN} FROM api_token t LEFT JOIN holder p ON p.id = t.person_id WHERE t.id = :token_id
""")


def _principal(token: Row[Any] | None, kind: TokenKind) -> Principal | Forbidden:
    if token is not None and token.kind != kind:
        return Forbidden("token.other_kind", *_OTHER_KIND[TokenKind(token.kind)])
    try:
        return _valid(token)
    except Forbidden as refusal:
        return refusal


def _valid(token: Row[Any] | None) -> Principal:
    if token is None:
        raise Forbidden("token.invalid", "The token is unknown.", "Ask an admin for a token.")
    if token.revoked_at is not None:
        raise Forbidden("token.revoked", "The token was revoked.", _NEW_TOKEN)
    if token.expired:
        raise Forbidden("token.expired", "The token has expired.", _NEW_TOKEN)
    if not token.holder_fits:
        detail = "The token's holder was removed or has another role now."
        raise Forbidden("token.revoked", detail, "Ask an admin for a new token.")
    zone = known_zone(token.time_zone)
    actor = Actor(token.holder_id, Role(token.role), token.organization_id, token.id)
    scopes = None if token.scopes is None else frozenset(token.scopes)
    return Principal(
        actor,
        token.id,
        token.label,
        scopes,
        token.holder_name,
        token.authenticated_at,
        token.recent,
        "UTC" if zone is None else zone.key,
    )


_OTHER_KIND = {
    TokenKind.SESSION: ("A session opens pages, and cannot be used to call the API.", "Use a token."),
    TokenKind.BEARER: ("A token is for calls, and opens no pages.", "Sign in."),
}
_NEW_TOKEN = "Use another, or ask for a new one: partners by POST /v1/token-recoveries, everybody else from an admin."
