"""Bearer tokens: admins create, list and revoke those of people and services, and everybody else their own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Self, cast
from uuid import UUID

from fastapi import Depends, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, StringConstraints, model_validator

from api.auth import InContext, allow, principal_of
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Line, Whole
from models import ApiToken
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.errors import Forbidden, Invalid
from workflow.identity.actors import Actor
from workflow.identity.names import names_of
from workflow.identity.principals import Principal
from workflow.identity.tokens import (
    TokenState,
    create_own_token,
    create_token,
    find_holder,
    find_token,
    list_tokens,
    revoke_token,
    service_named,
    state_of_token,
)

router = Router(prefix="/v1/tokens", responses=COMMON, tags=["partner", "reviewer", "admin"])

MAX_OWN_DAYS = 365
"""The longest life of a token that somebody creates who is no admin."""
_PEOPLE = (Role.ADMIN, Role.REVIEWER, Role.PARTNER)
_OWN = ((Role.PARTNER, Scope.PEOPLE_MANAGE), (Role.REVIEWER, Scope.REVIEWS_DECIDE))
Holder = Annotated[Actor, allow(Scope.ADMIN, *_PEOPLE, other_scopes=_OWN)]
Grave = Annotated[Actor, allow(Scope.ADMIN, *_PEOPLE, other_scopes=_OWN, recent=True)]
OfCaller = Annotated[Principal, Depends(principal_of)]


class NewToken(Body):
    """A new token for a person, by id, or for a service, by name. A service that does not exist yet is created.

    Whoever is no admin creates tokens for themself and names neither.
    """

    person_id: UUID | None = None
    service: Annotated[
        str | None,
        StringConstraints(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=64),
        Field(examples=["usage-reporter"]),
    ] = None
    label: Annotated[Line, Field(examples=["nightly reports"])]
    scopes: Annotated[list[Scope] | None, Field(min_length=1, max_length=len(Scope))] = None
    expires_in_days: Annotated[Whole, Field(ge=1, le=3650)] = 90

    @model_validator(mode="after")
    def _one_holder(self) -> Self:
        if self.person_id is not None and self.service is not None:
            raise ValueError("give person_id or service, and not both")
        return self


class TokenAnswer(BaseModel):
    """A token without its secret. If `scopes` is null, it has all of its role's. `last_used_at` is to the minute.

    `holder` is the name of the person or the service.
    """

    id: UUID
    role: Role
    holder: Annotated[str | None, Field(examples=["usage-reporter"])]
    person_id: UUID | None
    service_id: UUID | None
    label: str
    hint: Annotated[str, Field(description="The last characters of the secret.")]
    scopes: list[Scope] | None
    state: TokenState
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewTokenAnswer(TokenAnswer):
    """A new token. `token` is its secret, which is shown once.

    Repeating the call with its idempotency key within a few minutes returns the secret again.
    """

    token: str | None


@router.get("")
async def list_all(
    context: InContext,
    actor: Holder,
    wanted: Paged,
    person_id: Annotated[UUID | None, Query()] = None,
    service_id: Annotated[UUID | None, Query()] = None,
    state: Annotated[TokenState | None, Query(description="Only tokens in this state.")] = None,
) -> Page[TokenAnswer]:
    """Lists tokens, newest first, without their secrets. Whoever is no admin sees their own."""
    if actor.role is not Role.ADMIN:
        person_id, service_id = actor.id, None

    def work(session: Session) -> Page[TokenAnswer]:
        now = now_of(session)
        found = list_tokens(session, wanted, now, person_id=person_id, service_id=service_id, state=state)
        names = names_of(session, [_holder_of(token) for token in found.rows])
        return shown_page(found, lambda token: _shown(token, names, now))

    return await context.transact(work)


@router.post("", status_code=201, responses={201: {"model": NewTokenAnswer}})
async def create(context: InContext, actor: Grave, caller: OfCaller, body: NewToken, key: Key = None) -> JSONResponse:
    """Creates a token. It can do no more than its holder's role may; `scopes` restricts it further.

    One that is created by somebody who is no admin can do no more than the token of the call, and lives for at most a
    year.
    """

    def work(session: Session) -> Answer:
        now = now_of(session)
        expires_at = now + timedelta(days=body.expires_in_days)
        if actor.role is not Role.ADMIN:
            _refuse_others(actor, body)
            token, plain = create_own_token(
                session, caller, now, label=body.label, expires_at=expires_at, scopes=body.scopes
            )
            return 201, _made(session, token, plain, now)
        if body.person_id is None and body.service is None:
            raise Invalid("token.no_holder", "Nobody is named who is to have the token.", "Give person_id or service.")
        holder = find_holder(session, body.person_id) if body.person_id else service_named(session, str(body.service))
        token, plain = create_token(session, actor, holder, label=body.label, expires_at=expires_at, scopes=body.scopes)
        return 201, _made(session, token, plain, now)

    text = ShownOnce("token", context.envelope)
    asked = {"token": body.model_dump(mode="json")}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s), text))
    return JSONResponse(answer, status, headers={"Cache-Control": "no-store"})


@router.get("/{token_id}")
async def read(context: InContext, actor: Holder, token_id: UUID) -> TokenAnswer:
    """Returns a token without its secret. Whoever is no admin sees their own."""

    def work(session: Session) -> TokenAnswer:
        token = find_token(session, token_id, actor)
        return _shown(token, names_of(session, [_holder_of(token)]), now_of(session))

    return await context.transact(work)


@router.delete("/{token_id}", status_code=204)
async def revoke(context: InContext, actor: Grave, token_id: UUID) -> Response:
    """Revokes a token, which stops working at once. Repeating the call changes nothing.

    Whoever is no admin revokes their own.
    """

    await context.transact(lambda session: revoke_token(session, token_id, actor, now_of(session)))
    return Response(status_code=204)


def _refuse_others(actor: Actor, body: NewToken) -> None:
    """Raises Forbidden or Invalid for what somebody may not ask for who is no admin."""
    if body.service is not None or body.person_id not in (None, actor.id):
        detail = "Only admins create tokens for others."
        raise Forbidden("token.not_own", detail, "Leave out person_id and service; colleagues create their own.")
    if body.expires_in_days > MAX_OWN_DAYS:
        detail = f"The token would live for more than {MAX_OWN_DAYS} days."
        raise Invalid("token.too_long", detail, f"Give at most {MAX_OWN_DAYS} as expires_in_days.")


def _made(session: Session, token: ApiToken, plain: str, now: datetime) -> dict[str, Any]:
    shown = _shown(token, names_of(session, [_holder_of(token)]), now)
    return NewTokenAnswer(**shown.model_dump(), token=plain).model_dump(mode="json")


def _holder_of(token: ApiToken) -> UUID:
    """Returns the id of the person or the service: a token has one of the two."""
    return cast(UUID, token.person_id or token.service_id)


def _shown(token: ApiToken, names: Mapping[UUID, str], now: datetime) -> TokenAnswer:
    return TokenAnswer(
        id=token.id,
        role=Role(token.role),
        holder=names.get(_holder_of(token)),
        person_id=token.person_id,
        service_id=token.service_id,
        label=token.label,
        hint=token.hint,
        scopes=None if token.scopes is None else [Scope(scope) for scope in token.scopes],
        state=state_of_token(token, now),
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )
