"""Bearer tokens: issuing and revoking them. A token is shown once, and only its hash is stored."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import ApiToken, Person, Service
from models.lifecycle import Role
from models.token import Scope, TokenKind
from workflow.errors import Conflict, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.principals import Principal
from workflow.identity.secrets import TOKEN, make_secret
from workflow.pages import PageOf, PageRequest, read_page
from workflow.sql.arrays import Uuids, statement

SCOPES_OF: dict[Role, frozenset[Scope]] = {
    Role.PARTNER: frozenset({Scope.APPS_READ, Scope.APPS_WRITE, Scope.TRANSITIONS_REQUEST, Scope.PEOPLE_MANAGE}),
    Role.REVIEWER: frozenset(
        {
            Scope.APPS_READ,
            Scope.TRANSITIONS_REQUEST,
            Scope.ACCESS_DECIDE,
            Scope.REVIEWS_READ,
            Scope.REVIEWS_DECIDE,
        }
    ),
    Role.SERVICE: frozenset(
        {Scope.APPS_READ, Scope.APPS_WRITE, Scope.TRANSITIONS_REQUEST, Scope.USAGE_REPORT, Scope.TESTS_REPORT}
    ),
    Role.ADMIN: frozenset(Scope) - {Scope.USAGE_REPORT, Scope.TESTS_REPORT},
}
"""The scopes that each role may have. A token can narrow them but never widen them."""

MAX_TOKENS = 20
"""Valid tokens that one person may have."""
IDLE_LIFE = timedelta(hours=2)
"""How long a session lasts that is not used."""
USE_RECORDED_EVERY = timedelta(minutes=1)
"""The minimum time between two updates of a token's last use."""


def issue_token(
    session: Session,
    holder: Person | Service,
    *,
    label: str,
    expires_at: datetime,
    scopes: Sequence[Scope] | None = None,
) -> tuple[ApiToken, str]:
    """Stores a new token of `holder` and returns it with its text, which cannot be shown again. Does not commit.

    A person's token has the person's role and company; a service's token has the role service. `scopes` narrows what
    the token may be used for.

    Raises Invalid for a scope that the role does not have, and Conflict for a person who was removed.
    """
    role = Role.SERVICE if isinstance(holder, Service) else Role(holder.role)
    if isinstance(holder, Person) and holder.removed_at is not None:
        raise Conflict("person.removed", f"{holder.name} was removed.", "Create a token for another person.")
    beyond = sorted(set(scopes or ()) - SCOPES_OF[role])
    if beyond:
        raise Invalid(
            "token.scope_beyond_role",
            f"A {role} may not have: {', '.join(beyond)}.",
            f"Choose from: {', '.join(sorted(SCOPES_OF[role]))}.",
        )
    secret = make_secret(TOKEN[role])
    token = ApiToken(
        person_id=holder.id if isinstance(holder, Person) else None,
        service_id=holder.id if isinstance(holder, Service) else None,
        role=role.value,
        organization_id=holder.organization_id if isinstance(holder, Person) else None,
        scopes=None if scopes is None else sorted(scope.value for scope in scopes),
        label=label,
        token_hash=secret.hash,
        hint=secret.text[-4:],
        expires_at=expires_at,
    )
    session.add(token)
    session.flush()
    return token, secret.text


def create_token(
    session: Session,
    actor: Actor,
    holder: Person | Service,
    *,
    label: str,
    expires_at: datetime,
    scopes: Sequence[Scope] | None = None,
) -> tuple[ApiToken, str]:
    """Issues a token as `issue_token` does, on behalf of `actor`, and writes an audit entry. Does not commit."""
    token, plain = issue_token(session, holder, label=label, expires_at=expires_at, scopes=scopes)
    session.refresh(token)
    log_action(session, actor, "token.create", token.id, role=token.role, label=label, scopes=token.scopes)
    return token, plain


def create_own_token(
    session: Session,
    caller: Principal,
    now: datetime,
    *,
    label: str,
    expires_at: datetime,
    scopes: Sequence[Scope] | None = None,
) -> tuple[ApiToken, str]:
    """Creates a token for the caller themself, and writes an audit entry. Locks the person. Does not commit.

    The new token can do no more than the one that the call is made with. Raises Invalid (token.scope_beyond_role,
    token.scope_beyond_own) and Conflict (token.too_many).
    """
    person = session.get_one(Person, caller.actor.id, with_for_update=True, populate_existing=True)
    beyond = sorted(set(scopes or ()) - caller.scopes) if caller.scopes is not None else []
    if beyond:
        raise Invalid(
            "token.scope_beyond_own",
            f"Your token may not be used for {', '.join(beyond)}, and cannot make one that may.",
            f"Choose from: {', '.join(sorted(caller.scopes or ()))}.",
        )
    if scopes is None and caller.scopes is not None:
        scopes = [Scope(scope) for scope in sorted(caller.scopes)]
    if len(_valid_tokens(session, person.id, now)) >= MAX_TOKENS:
        detail = f"You have {MAX_TOKENS} valid tokens, the most that a person may have."
        raise Conflict("token.too_many", detail, "Revoke those that are not in use: GET /v1/tokens lists them.")
    return create_token(session, caller.actor, person, label=label, expires_at=expires_at, scopes=scopes)


def make_room_for_token(session: Session, person_id: UUID, now: datetime) -> None:
    """Revokes the oldest token of a person who has MAX_TOKENS. The caller has locked the person. Does not commit."""
    valid = _valid_tokens(session, person_id, now)
    if len(valid) >= MAX_TOKENS:
        valid[0].revoked_at = now
        session.flush()


def _valid_tokens(session: Session, person_id: UUID, now: datetime) -> Sequence[ApiToken]:
    """Returns the person's tokens that work, the oldest first."""
    valid = select(ApiToken).where(
        ApiToken.person_id == person_id,
        ApiToken.kind == TokenKind.BEARER.value,
        ApiToken.revoked_at.is_(None),
        ApiToken.expires_at > now,
    )
    return session.scalars(valid.order_by(ApiToken.id)).all()


def find_holder(session: Session, person_id: UUID) -> Person:
    """Returns the person for whom a token is wanted. Raises NotFound."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("person.not_found", f"There is no person {person_id}.", "Check the id.")
    return person


def service_named(session: Session, name: str) -> Service:
    """Returns the service with this name, and creates it if there is none. Does not commit."""
    named = select(Service).where(Service.name == name)
    service = session.scalar(named)
    if service is None:
        # Two admins may name the same new service at once: one creates it, and both get it.
        session.execute(insert(Service).values(name=name).on_conflict_do_nothing(index_elements=["name"]))
        service = session.scalars(named).one()
    return service


def record_token_use(session: Session, token_ids: Sequence[UUID], now: datetime) -> None:
    """Records that these tokens were used, at most once per USE_RECORDED_EVERY for each token. Does not commit.

    A session that is used ends later. Skips locked rows; a later use is recorded instead.
    """
    session.execute(
        _NOTE_USE,
        {"ids": list(token_ids), "now": now, "before": now - USE_RECORDED_EVERY, "idle_ends_at": now + IDLE_LIFE},
    )


_NOTE_USE = statement(
    """
    WITH used AS (SELECT id FROM api_token
                   WHERE id = ANY(:ids) AND (last_used_at IS NULL OR last_used_at <= :before)
                   ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE api_token t
       SET last_used_at = :now,
           idle_ends_at = CASE WHEN t.idle_ends_at > :now THEN :idle_ends_at ELSE t.idle_ends_at END
      FROM used WHERE t.id = used.id
    """,
    ids=Uuids(),
)


TokenState = Literal["valid", "expired", "revoked"]


def list_tokens(
    session: Session,
    wanted: PageRequest,
    now: datetime,
    *,
    person_id: UUID | None = None,
    service_id: UUID | None = None,
    state: TokenState | None = None,
) -> PageOf[ApiToken]:
    """Returns a page of the tokens, newest first: those of the given person or service, or all. Sessions are not."""
    statement = select(ApiToken).where(ApiToken.kind == TokenKind.BEARER.value)
    if state is not None:
        statement = statement.where(*_IN_STATE[state](now))
    if person_id is not None:
        statement = statement.where(ApiToken.person_id == person_id)
    if service_id is not None:
        statement = statement.where(ApiToken.service_id == service_id)
    return read_page(session, statement, ApiToken.id, wanted, newest_first=True)


_IN_STATE: dict[TokenState, Callable[[datetime], tuple[ColumnElement[bool], ...]]] = {
    "valid": lambda now: (ApiToken.revoked_at.is_(None), ApiToken.expires_at > now),
    "expired": lambda now: (ApiToken.revoked_at.is_(None), ApiToken.expires_at <= now),
    "revoked": lambda _now: (ApiToken.revoked_at.is_not(None),),
}
"""What is true of a token in each state, as `state_of_token` has it."""


def find_token(session: Session, token_id: UUID, actor: Actor) -> ApiToken:
    """Returns a token that is no session; whoever is no admin may see their own. Raises NotFound."""
    token = session.get(ApiToken, token_id)
    is_own = token is not None and token.person_id == actor.id
    if token is None or token.kind != TokenKind.BEARER or not (is_own or actor.role is Role.ADMIN):
        raise NotFound("token.not_found", f"There is no token {token_id}.", "List the tokens.")
    return token


def state_of_token(token: ApiToken, now: datetime) -> TokenState:
    """Returns whether the token is valid, expired or revoked."""
    if token.revoked_at is not None:
        return "revoked"
    return "expired" if token.expires_at <= now else "valid"


def revoke_token(session: Session, token_id: UUID, actor: Actor, now: datetime) -> None:
    """Revokes the token with immediate effect; revoking it again changes nothing. Does not commit.

    Whoever is no admin revokes their own. Raises NotFound.
    """
    token = find_token(session, token_id, actor)
    log_action(session, actor, "token.revoke", token_id)
    # After the look at the caller, who may be revoking the token of this very call.
    token.revoked_at = token.revoked_at or now
    session.flush()


def revoke_tokens_of(session: Session, person_id: UUID, now: datetime) -> None:
    """Revokes all tokens of a person with immediate effect. Does not commit."""
    session.execute(
        update(ApiToken).where(ApiToken.person_id == person_id, ApiToken.revoked_at.is_(None)).values(revoked_at=now)
    )
