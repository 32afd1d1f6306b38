"""Dead rows, for admins: what used up its tries, why, and making it due again."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Prose
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.identity.actors import Actor
from workflow.operating.dead_rows import (
    DEAD_KINDS,
    LISTED_KINDS,
    count_dead,
    list_dead_rows,
    replay,
    replay_matching,
)

router = APIRouter(prefix="/v1/dead", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]


def _listed(kind: str) -> str:
    if kind not in LISTED_KINDS:
        raise ValueError(f"must be one of: {', '.join(LISTED_KINDS)}")
    return kind


Kind = Annotated[
    str,
    Path(json_schema_extra={"enum": list(LISTED_KINDS)}, examples=["notification"]),
    AfterValidator(_listed),
]


class DeadCountAnswer(BaseModel):
    """How many rows of a kind rest until somebody looks."""

    kind: Annotated[str, Field(examples=["notification"])]
    count: int
    replayable: bool


class DeadRowAnswer(BaseModel):
    """A row that used up its tries, or a message that could not be taken in (`body` is what it said)."""

    model_config = ConfigDict(from_attributes=True)

    kind: str
    id: UUID
    at: datetime
    about: Annotated[str, Field(examples=["acme: promote"])]
    attempts: int
    error: str
    lane: Annotated[str | None, Field(examples=["acme.example"])]
    body: str | None


class ReplayedAnswer(BaseModel):
    kind: str
    id: UUID
    status: Literal["due"]


class ReplayMatching(Body):
    """Which dead rows: those of a lane, and those with a text in their error. Without either, all of the kind."""

    lane: Annotated[Prose | None, Field(examples=["acme.example"])] = None
    error: Annotated[Prose | None, Field(examples=["timed out"])] = None
    after: Annotated[UUID | None, Field(description="The `next` of the call before.")] = None


class ReplayedMatchingAnswer(BaseModel):
    """How many rows are due again. Where there may be more, `next` is the `after` of the call that replays them."""

    kind: str
    replayed: int
    next: UUID | None


@router.get("")
async def count_all(context: InContext, actor: Operator) -> Page[DeadCountAnswer]:  # noqa: ARG001
    """Counts dead rows of every kind, and messages that could not be taken in."""
    counts = await context.transact(count_dead)
    return Page(
        items=[DeadCountAnswer(kind=kind, count=counts[kind], replayable=kind in DEAD_KINDS) for kind in LISTED_KINDS]
    )


@router.get("/{kind}")
async def list_kind(
    context: InContext,
    actor: Operator,  # noqa: ARG001
    kind: Kind,
    wanted: Paged,
) -> Page[DeadRowAnswer]:
    """Lists the dead rows of a kind with their errors, newest first."""
    return await context.transact(
        lambda session: shown_page(list_dead_rows(session, kind, wanted), DeadRowAnswer.model_validate)
    )


@router.post("/{kind}/{row_id}/replay")
async def replay_one(context: InContext, actor: Operator, kind: Kind, row_id: UUID) -> ReplayedAnswer:
    """Makes a dead row due again, with all its tries: a new acceptance."""
    await context.transact(lambda session: replay(session, kind, row_id, actor))
    return ReplayedAnswer(kind=kind, id=row_id, status="due")


@router.post("/{kind}/replay")
async def replay_all(context: InContext, actor: Operator, kind: Kind, body: ReplayMatching) -> ReplayedMatchingAnswer:
    """Makes all dead rows of a kind due again, or those of a lane or with a text in their error; a thousand a call."""
    replayed = await context.transact(
        lambda session: replay_matching(session, kind, actor, lane=body.lane, error=body.error, after=body.after)
    )
    return ReplayedMatchingAnswer(kind=kind, replayed=replayed.count, next=replayed.last)
