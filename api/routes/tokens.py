"""Bearer tokens, for admins: making them for people and services, listing and revoking them."""

from datetime import datetime, timedelta
from typing import Annotated, Literal, Self
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, StringConstraints, model_validator
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from api.auth import InContext, allow
from api.context import audit, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.pages import Cursor, Limit, Page, page
from api.schemas.values import Body, Key, Line, Whole
from models import ApiToken, Person, Service
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.errors import NotFound
from workflow.identity.actors import Actor
from workflow.identity.tokens import issue_token, revoke_token

router = APIRouter(prefix="/v1/tokens", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]


class NewToken(Body):
    """For a person (by id) or for a service (by name); a service that is not known yet is made."""

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
        if (self.person_id is None) == (self.service is None):
            raise ValueError("give person_id or service, and not both")
        return self


class TokenShown(BaseModel):
    """A token without its text. `scopes` null: all that its role may do. `last_used_at` is exact to a minute."""

    id: UUID
    role: Role
    person_id: UUID | None
    service_id: UUID | None
    label: str
    hint: Annotated[str, Field(description="The last characters of its text.")]
    scopes: list[Scope] | None
    state: Literal["valid", "expired", "revoked"]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


class NewTokenShown(TokenShown):
    """`token` is its text. It is shown once: a call that is repeated with its key is given it again for minutes."""

    token: str | None


@router.get("")
async def list_all(
    context: InContext,
    actor: Operator,  # noqa: ARG001
    person_id: Annotated[UUID | None, Query()] = None,
    service_id: Annotated[UUID | None, Query()] = None,
    after: Cursor = None,
    limit: Limit = 50,
) -> Page[TokenShown]:
    """Lists tokens, newest first, without their texts."""

    def work(session: Session) -> Page[TokenShown]:
        now = now_of(session)
        statement = select(ApiToken)
        if person_id is not None:
            statement = statement.where(ApiToken.person_id == person_id)
        if service_id is not None:
            statement = statement.where(ApiToken.service_id == service_id)
        found = page(
            session,
            statement,
            ApiToken.id,
            after,
            limit,
            lambda rows: [_shown(row, now) for row in rows],
            newest_first=True,
        )
        return Page[TokenShown].model_validate(found)

    return await context.transact(work)


@router.post("", status_code=201, responses={201: {"model": NewTokenShown}})
async def create(context: InContext, actor: Operator, body: NewToken, key: Key = None) -> JSONResponse:
    """Makes a token. It can never do more than its holder's role; `scopes` narrows it."""

    def work(session: Session) -> Answer:
        now = now_of(session)
        expires_at = now + timedelta(days=body.expires_in_days)
        token, plain = issue_token(
            session, _holder(session, body), label=body.label, expires_at=expires_at, scopes=body.scopes
        )
        session.refresh(token)
        audit(session, actor, "token.create", token.id, role=token.role, label=body.label, scopes=token.scopes)
        return 201, NewTokenShown(**_shown(token, now).model_dump(), token=plain).model_dump(mode="json")

    text = ShownOnce("token", context.envelope)
    asked = {"token": body.model_dump(mode="json")}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s), text))
    return JSONResponse(answer, status, headers={"Cache-Control": "no-store"})


@router.delete("/{token_id}", status_code=204)
async def revoke(context: InContext, actor: Operator, token_id: UUID) -> Response:
    """Makes a token useless at once. Revoking again changes nothing."""

    def work(session: Session) -> None:
        revoke_token(session, token_id, now_of(session))
        audit(session, actor, "token.revoke", token_id)

    await context.transact(work)
    return Response(status_code=204)


def _holder(session: Session, body: NewToken) -> Person | Service:
    if body.person_id is not None:
        person = session.get(Person, body.person_id)
        if person is None:
            raise NotFound("person.not_found", f"There is no person {body.person_id}.", "Check the id.")
        return person
    service = session.scalar(select(Service).where(Service.name == body.service))
    if service is None:
        # Two admins may name the same new service at once: one makes it, both get it.
        session.execute(insert(Service).values(name=body.service).on_conflict_do_nothing(index_elements=["name"]))
        service = session.scalars(select(Service).where(Service.name == body.service)).one()
    return service


def _shown(token: ApiToken, now: datetime) -> TokenShown:
    state: Literal["valid", "expired", "revoked"] = "expired" if token.expires_at <= now else "valid"
    return TokenShown(
        id=token.id,
        role=Role(token.role),
        person_id=token.person_id,
        service_id=token.service_id,
        label=token.label,
        hint=token.hint,
        scopes=None if token.scopes is None else [Scope(scope) for scope in token.scopes],
        state="revoked" if token.revoked_at else state,
        created_at=token.created_at,
        expires_at=token.expires_at,
        revoked_at=token.revoked_at,
        last_used_at=token.last_used_at,
    )
