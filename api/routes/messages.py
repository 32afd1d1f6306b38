"""The partner's side of what is said about the review of an App."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import InContext, allow
from api.context import audit, now_of
from api.idempotency import Answer, once
from api.schemas.pages import Cursor, Limit, Page, page
from api.schemas.values import Body, Key, SlugPath, Words
from models import Person, Review, ReviewMessage, Submission
from models.conversation import Side
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.apps import find_app
from workflow.identity.actors import Actor
from workflow.reviewing.conversation import write_as_partner
from workflow.work.bells import Bell

router = APIRouter(prefix="/v1/apps/{slug}/messages", responses=COMMON, tags=["partner"])

Reader = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER)]
MessageAuthor = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class NewMessage(Body):
    """A message to the reviewer: plain text."""

    text: Words


class PartnerMessage(BaseModel):
    """A message about the App's review. `author` is the colleague who wrote it; reviewers are not named."""

    id: UUID
    round: Annotated[int, Field(ge=1)]
    side: Side
    author: Annotated[str | None, Field(examples=["Pat Partner"])]
    text: str
    written_at: datetime


@router.get("")
async def list_messages(
    context: InContext, actor: Reader, slug: SlugPath, after: Cursor = None, limit: Limit = 50
) -> Page[PartnerMessage]:
    """Lists the messages about the App's reviews, of all rounds, oldest first."""

    def work(session: Session) -> Page[PartnerMessage]:
        statement = (
            select(ReviewMessage)
            .join(Review, Review.id == ReviewMessage.review_id)
            .where(Review.app_id == find_app(session, slug, actor).id)
            .order_by(ReviewMessage.id)
        )
        found = page(session, statement, ReviewMessage.id, after, limit, lambda rows: _shown(session, rows))
        return Page[PartnerMessage](**found)

    return await context.transact(work)


@router.post("", status_code=201, response_model=PartnerMessage)
async def write_message(
    context: InContext, actor: MessageAuthor, slug: SlugPath, body: NewMessage, key: Key = None
) -> JSONResponse:
    """Writes to whoever holds the App's newest review, else to the review team; they are told by mail."""

    def make(session: Session) -> Answer:
        message = write_as_partner(session, slug, body.text, actor, now_of(session))
        audit(session, actor, "app.message", slug, message=str(message.id))
        return 201, _shown(session, [message])[0].model_dump(mode="json")

    asked = {"message": slug, "text": body.text}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: make(s)))
    context.ring(Bell.NOTIFICATIONS)
    return JSONResponse(answer, status)


def _shown(session: Session, rows: Sequence[ReviewMessage]) -> list[PartnerMessage]:
    rounds = (
        select(Review.id, Submission.round)
        .join(Submission, Submission.id == Review.submission_id)
        .where(Review.id.in_([row.review_id for row in rows]))
    )
    round_of = {row.id: row.round for row in session.execute(rounds)}
    own = [row.author_id for row in rows if row.side == Side.PARTNER]
    name_of = {row.id: row.name for row in session.execute(select(Person.id, Person.name).where(Person.id.in_(own)))}
    return [
        PartnerMessage(
            id=row.id,
            round=round_of[row.review_id],
            side=Side(row.side),
            author=name_of.get(row.author_id),
            text=row.text,
            written_at=row.written_at,
        )
        for row in rows
    ]
