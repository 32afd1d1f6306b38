"""Erasing people, for admins: their names and addresses go, and what they did stays under an id."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.auth import InContext, allow
from api.context import now_of
from api.schemas.values import Body, Line
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.operating.erasing import erase_person

router = Router(prefix="/v1/erasures", responses=COMMON, tags=["admin"])

Admin = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN, recent=True)]


class WhoToErase(Body):
    """The id of a person, or a mail address: also that of somebody who only asked for access."""

    person: Annotated[Line, Field(examples=["olga@acme.example"])]


class ErasureAnswer(BaseModel):
    """The people who were erased, and how many rows of each table were changed or deleted."""

    people: list[UUID]
    rows: Annotated[dict[str, int], Field(examples=[{"person": 1, "notification": 3}])]


@router.post("")
async def erase(context: InContext, actor: Admin, body: WhoToErase) -> ErasureAnswer:
    """Erases a person's name and addresses everywhere. It cannot be undone. Once more, it changes nothing."""
    erased = await context.transact(lambda session: erase_person(session, body.person, actor, now_of(session)))
    return ErasureAnswer(people=list(erased.people), rows=erased.rows)
