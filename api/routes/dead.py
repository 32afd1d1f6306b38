"""Dead rows, for admins: counting and listing them with their errors, and making them due again; and acknowledging
rejected messages."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.auth import InContext, allow
from api.context import Session
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Prose
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.operating.dead_rows import (
    DEAD_KINDS,
    LISTED_KINDS,
    count_dead,
    list_dead_rows,
    replay,
    replay_matching,
)
from workflow.operating.rejected_messages import acknowledge, acknowledge_matching
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1/dead", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=WITHOUT_NUL)] | None


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
    """The number of dead rows of a kind, and whether they can be replayed."""

    kind: Annotated[str, Field(examples=["notification"])]
    count: int
    replayable: bool


class DeadRowAnswer(BaseModel):
    """A row that has used up its attempts, or a rejected message, whose content is in `body`."""

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
    """Selects dead rows by `lane`, by a text within their `error`, or by both. Without either, all of the kind."""

    lane: Annotated[Prose | None, Field(examples=["acme.example"])] = None
    error: Annotated[Prose | None, Field(examples=["timed out"])] = None
    after: Annotated[UUID | None, Field(description="The `next` of the call before.")] = None


class ReplayedMatchingAnswer(BaseModel):
    """The number of rows that are due again. If there may be more, pass `next` as `after` to replay them."""

    kind: str
    replayed: int
    next: UUID | None


class AcknowledgeMatching(Body):
    """Selects rejected messages by a text within their `error`. Without it, all."""

    error: Annotated[Prose | None, Field(examples=["token.invalid"])] = None


class AcknowledgedAnswer(BaseModel):
    """The number of rejected messages that are gone."""

    acknowledged: int


@router.get("")
async def count_all(context: InContext, actor: Operator) -> Page[DeadCountAnswer]:  # noqa: ARG001
    """Counts the dead rows of every kind, and the rejected messages."""
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
    lane: Annotated[Text, Query(description="Only those of this lane.", examples=["acme.example"])] = None,
    error: Annotated[
        Text, Query(description="Only those with this text in their error, in any case.", examples=["timed out"])
    ] = None,
) -> Page[DeadRowAnswer]:
    """Lists the dead rows of a kind with their errors, newest first: all, or those that a replay of all would match."""

    def work(session: Session) -> Page[DeadRowAnswer]:
        found = list_dead_rows(session, kind, wanted, lane=lane, error=error)
        return shown_page(found, DeadRowAnswer.model_validate)

    return await context.transact(work)


@router.post("/rejected_message/acknowledge")
async def acknowledge_all(context: InContext, actor: Operator, body: AcknowledgeMatching) -> AcknowledgedAnswer:
    """Deletes rejected messages that somebody has looked at, all or those that match: 1,000 a call at most."""
    count = await context.transact(lambda session: acknowledge_matching(session, actor, error=body.error))
    return AcknowledgedAnswer(acknowledged=count)


@router.post("/rejected_message/{message_id}/acknowledge")
async def acknowledge_one(context: InContext, actor: Operator, message_id: UUID) -> AcknowledgedAnswer:
    """Deletes a rejected message that somebody has looked at. It cannot be replayed: its token is not kept."""
    await context.transact(lambda session: acknowledge(session, message_id, actor))
    return AcknowledgedAnswer(acknowledged=1)


@router.post("/{kind}/{row_id}/replay")
async def replay_one(context: InContext, actor: Operator, kind: Kind, row_id: UUID) -> ReplayedAnswer:
    """Makes a dead row due again, with all its attempts."""
    await context.transact(lambda session: replay(session, kind, row_id, actor))
    return ReplayedAnswer(kind=kind, id=row_id, status="due")


@router.post("/{kind}/replay")
async def replay_all(context: InContext, actor: Operator, kind: Kind, body: ReplayMatching) -> ReplayedMatchingAnswer:
    """Makes dead rows of a kind due again, all or those that match. One call replays at most 1,000."""
    replayed = await context.transact(
        lambda session: replay_matching(session, kind, actor, lane=body.lane, error=body.error, after=body.after)
    )
    return ReplayedMatchingAnswer(kind=kind, replayed=replayed.count, next=replayed.last)
