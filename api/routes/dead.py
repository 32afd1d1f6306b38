"""Dead rows, for admins: what used up its tries, why, and making it due again."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path
from pydantic import AfterValidator, BaseModel, Field
from sqlalchemy.orm import Session

from api.auth import InContext, allow
from api.context import audit
from api.schemas.pages import Cursor, Limit, Page, read_cursor, write_cursor
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.identity.actors import Actor
from workflow.operating.dead_rows import DEAD_KINDS, LISTED_KINDS, count_dead, dead_rows, replay
from workflow.work.bells import Bell

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


class DeadCount(BaseModel):
    kind: Annotated[str, Field(examples=["notification"])]
    count: int
    replayable: bool


class DeadCounts(BaseModel):
    """How many rows of each kind rest until somebody looks."""

    items: list[DeadCount]


class DeadRowShown(BaseModel):
    """A row that used up its tries, or a message that could not be taken in (`body` is what it said)."""

    kind: str
    id: UUID
    at: datetime
    about: Annotated[str, Field(examples=["acme: promote"])]
    attempts: int
    error: str
    body: str | None


class Replayed(BaseModel):
    kind: str
    id: UUID
    status: Literal["due"]


@router.get("")
async def count_all(context: InContext, actor: Operator) -> DeadCounts:  # noqa: ARG001
    """Counts dead rows of every kind, and messages that could not be taken in."""
    counts = await context.transact(count_dead)
    return DeadCounts(
        items=[DeadCount(kind=kind, count=counts[kind], replayable=kind in DEAD_KINDS) for kind in LISTED_KINDS]
    )


@router.get("/{kind}")
async def list_kind(
    context: InContext,
    actor: Operator,  # noqa: ARG001
    kind: Kind,
    after: Cursor = None,
    limit: Limit = 50,
) -> Page[DeadRowShown]:
    """Lists the dead rows of a kind with their errors, newest first."""
    place = read_cursor(after, (UUID,))[0] if after else None
    rows = await context.transact(lambda session: dead_rows(session, kind, place, limit + 1))
    more = len(rows) > limit
    return Page(
        items=[
            DeadRowShown(
                kind=row.kind,
                id=row.id,
                at=row.at,
                about=row.about,
                attempts=row.attempts,
                error=row.error,
                body=row.body,
            )
            for row in rows[:limit]
        ],
        next=write_cursor([rows[limit - 1].id]) if more else None,
    )


@router.post("/{kind}/{row_id}/replay")
async def replay_one(context: InContext, actor: Operator, kind: Kind, row_id: UUID) -> Replayed:
    """Makes a dead row due again, with all its tries: a new acceptance."""

    def work(session: Session) -> Replayed:
        replay(session, kind, row_id)
        audit(session, actor, "dead.replay", row_id, kind=kind)
        return Replayed(kind=kind, id=row_id, status="due")

    answer = await context.transact(work)
    context.ring(*Bell)
    return answer
