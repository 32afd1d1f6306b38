"""The platform's reviewers and admins: who there is, who is away, and adding and removing them."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Email, Key, Moment, PersonName
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.reviewing.staff import (
    StaffMember,
    StaffRole,
    add_staff,
    list_staff,
    read_staff,
    remove_staff,
    set_absence,
)

router = Router(prefix="/v1/staff", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
Reviewer = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]
Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN, recent=True)]


class NewStaff(Body):
    name: PersonName = Field(examples=["Rae Reviewer"])
    email: Email
    role: StaffRole = Role.REVIEWER


class Absence(Body):
    """Until when the person is away: a time in the future, within a year."""

    until: Moment


class StaffAnswer(BaseModel):
    """A reviewer or an admin. `away_until` is null for somebody who is here; `holds` is how many open reviews."""

    id: UUID
    name: str = Field(examples=["Rae Reviewer"])
    email: str = Field(examples=["rae@platform.example"])
    role: Role
    away_until: datetime | None
    holds: int = Field(examples=[2])


@router.get("", tags=["reviewer", "admin"])
async def list_reviewers_and_admins(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    wanted: Paged,
    role: Annotated[StaffRole | None, Query()] = None,
) -> Page[StaffAnswer]:
    """Lists the reviewers and admins, with what they hold: to one of them a review can be handed over."""
    return await context.transact(
        lambda session: shown_page(list_staff(session, role, now_of(session), wanted), _shown)
    )


@router.post("", status_code=201, tags=["admin"], response_model=StaffAnswer)
async def add(context: InContext, actor: Operator, body: NewStaff, key: Key = None) -> JSONResponse:
    """Adds a reviewer or an admin. Then make their first token, with their id."""

    def work(session: Session) -> Answer:
        made = add_staff(session, actor, now_of(session), name=body.name, email=body.email, role=body.role)
        return 201, _shown(made).model_dump(mode="json")

    asked = {"staff": body.model_dump(mode="json")}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.get("/{person_id}", tags=["reviewer", "admin"])
async def read(context: InContext, actor: Viewer, person_id: UUID) -> StaffAnswer:  # noqa: ARG001
    """Returns a reviewer or an admin, with what they hold."""
    return await context.transact(lambda session: _shown(read_staff(session, person_id, now_of(session))))


@router.delete("/{person_id}", status_code=204, tags=["admin"])
async def remove(context: InContext, actor: Operator, person_id: UUID) -> Response:
    """Removes a reviewer or an admin. Their tokens stop working, and what they hold goes back to the queue."""
    platform = context.profile.platform.name
    await context.transact(lambda session: remove_staff(session, person_id, actor, now_of(session), platform=platform))
    return Response(status_code=204)


@router.put("/{person_id}/absence", tags=["reviewer", "admin"])
async def go_away(context: InContext, actor: Reviewer, person_id: UUID, body: Absence) -> StaffAnswer:
    """Says until when you are away; admins may say it of others. What the person holds goes back to the queue."""
    return await context.transact(
        lambda session: _shown(set_absence(session, person_id, body.until, actor, now_of(session)))
    )


@router.delete("/{person_id}/absence", tags=["reviewer", "admin"])
async def come_back(context: InContext, actor: Reviewer, person_id: UUID) -> StaffAnswer:
    """Ends an absence before its time."""
    return await context.transact(lambda session: _shown(set_absence(session, person_id, None, actor, now_of(session))))


def _shown(member: StaffMember) -> StaffAnswer:
    person = member.person
    return StaffAnswer(
        id=person.id,
        name=person.name,
        email=person.email,
        role=Role(person.role),
        away_until=member.away_until,
        holds=member.holds,
    )
