"""What reviewers say about a review: messages to the partner, and notes that stay among reviewers."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
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
from api.schemas.values import Body, Key, Words
from models import InternalNote, Person, Review, ReviewMessage, Submission
from models.conversation import Side
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.identity.actors import Actor
from workflow.reviewing.conversation import write_as_reviewer, write_note
from workflow.reviewing.dossier import find_review
from workflow.work.bells import Bell

router = APIRouter(prefix="/v1/reviews/{review_id}", responses=COMMON, tags=["reviewer"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
MessageAuthor = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]


class NewWords(Body):
    """A message or a note: plain text."""

    text: Words


class Note(BaseModel):
    """A note on a review, with its author; only reviewers see it."""

    id: UUID
    review_id: UUID
    round: Annotated[int, Field(ge=1)]
    author: Annotated[str, Field(examples=["Rae Reviewer"])]
    text: str
    written_at: datetime


class Message(Note):
    """A message between reviewer and partner, and whose words it has."""

    side: Side


@router.get("/messages")
async def list_messages(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    review_id: UUID,
    after: Cursor = None,
    limit: Limit = 50,
) -> Page[Message]:
    """Lists the messages about the review's App, of all its rounds, oldest first."""

    def work(session: Session) -> Page[Message]:
        statement = (
            select(ReviewMessage)
            .join(Review, Review.id == ReviewMessage.review_id)
            .where(Review.app_id == find_review(session, review_id).app_id)
            .order_by(ReviewMessage.id)
        )
        found = page(session, statement, ReviewMessage.id, after, limit, lambda rows: _messages(session, rows))
        return Page[Message](**found)

    return await context.transact(work)


@router.post("/messages", status_code=201, response_model=Message)
async def write_message(
    context: InContext, actor: MessageAuthor, review_id: UUID, body: NewWords, key: Key = None
) -> JSONResponse:
    """Writes to the App's company, whose people are told by mail. On the App's newest review."""

    def make(session: Session) -> Answer:
        message = write_as_reviewer(session, review_id, body.text, actor, now_of(session))
        audit(session, actor, "review.message", review_id, message=str(message.id))
        return 201, _messages(session, [message])[0].model_dump(mode="json")

    asked = {"message": str(review_id), "text": body.text}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: make(s)))
    context.ring(Bell.NOTIFICATIONS)
    return JSONResponse(answer, status)


@router.get("/notes")
async def list_notes(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    review_id: UUID,
    after: Cursor = None,
    limit: Limit = 50,
) -> Page[Note]:
    """Lists the notes on the review's App, of all its rounds, oldest first. No partner ever sees one."""

    def work(session: Session) -> Page[Note]:
        statement = (
            select(InternalNote)
            .join(Review, Review.id == InternalNote.review_id)
            .where(Review.app_id == find_review(session, review_id).app_id)
            .order_by(InternalNote.id)
        )
        return Page[Note](**page(session, statement, InternalNote.id, after, limit, lambda rows: _notes(session, rows)))

    return await context.transact(work)


@router.post("/notes", status_code=201, response_model=Note)
async def add_note(
    context: InContext, actor: MessageAuthor, review_id: UUID, body: NewWords, key: Key = None
) -> JSONResponse:
    """Notes something for reviewers."""

    def make(session: Session) -> Answer:
        note = write_note(session, review_id, body.text, actor, now_of(session))
        audit(session, actor, "review.note", review_id, note=str(note.id))
        return 201, _notes(session, [note])[0].model_dump(mode="json")

    asked = {"note": str(review_id), "text": body.text}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: make(s)))
    return JSONResponse(answer, status)


def _messages(session: Session, rows: Sequence[ReviewMessage]) -> list[Message]:
    shown = _shown(session, rows)
    return [Message(**one, side=Side(row.side)) for one, row in zip(shown, rows, strict=True)]


def _notes(session: Session, rows: Sequence[InternalNote]) -> list[Note]:
    return [Note(**one) for one in _shown(session, rows)]


def _shown(session: Session, rows: Sequence[ReviewMessage] | Sequence[InternalNote]) -> list[dict[str, Any]]:
    """Returns what messages and notes have in common, in two queries."""
    rounds = (
        select(Review.id, Submission.round)
        .join(Submission, Submission.id == Review.submission_id)
        .where(Review.id.in_([row.review_id for row in rows]))
    )
    round_of = {row.id: row.round for row in session.execute(rounds)}
    people = select(Person.id, Person.name).where(Person.id.in_([row.author_id for row in rows]))
    name_of = {row.id: row.name for row in session.execute(people)}
    return [
        {
            "id": row.id,
            "review_id": row.review_id,
            "round": round_of[row.review_id],
            "author": name_of[row.author_id],
            "text": row.text,
            "written_at": row.written_at,
        }
        for row in rows
    ]
