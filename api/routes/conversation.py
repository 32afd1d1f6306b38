"""What reviewers write about a review: messages to the partner, and notes that only reviewers see."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow, principal_of
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.drafts import DraftAnswer
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Words
from models.conversation import Side
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.identity.principals import Principal
from workflow.reviewing.conversation import list_messages, list_notes, to_entries, write_as_reviewer, write_note
from workflow.reviewing.dossier import find_review
from workflow.reviewing.said import read_what_was_said

router = Router(prefix="/v1/reviews/{review_id}", responses=COMMON, tags=["reviewer"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
MessageAuthor = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]


class NewWords(Body):
    """A message or a note: plain text."""

    text: Words


class NoteAnswer(BaseModel):
    """A note on a review. Only reviewers and admins see it."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    review_id: UUID
    round: Annotated[int, Field(ge=1)]
    author: Annotated[str, Field(examples=["Rae Reviewer"])]
    text: str
    written_at: datetime


class MessageAnswer(NoteAnswer):
    """A message between reviewer and partner. `side` says which of the two wrote it."""

    side: Side


class SaidAnswer(BaseModel):
    """What was said about the App of a review: the newest 200 messages and notes, oldest first, and your draft.

    `draft` is null if you have none, and for a token without the scope reviews:decide.
    """

    messages: list[MessageAnswer]
    notes: list[NoteAnswer]
    draft: DraftAnswer | None


@router.get("/said")
async def read_all_that_was_said(
    context: InContext, actor: Viewer, caller: Annotated[Principal, Depends(principal_of)], review_id: UUID
) -> SaidAnswer:
    """Returns messages, notes and your draft in one call, of all rounds of the App. Partners never see notes."""

    def work(session: Session) -> SaidAnswer:
        said = read_what_was_said(session, review_id, actor)
        own = said.draft if caller.has(Scope.REVIEWS_DECIDE) else None
        return SaidAnswer(
            messages=[MessageAnswer.model_validate(one) for one in said.messages],
            notes=[NoteAnswer.model_validate(one) for one in said.notes],
            draft=None if own is None else DraftAnswer.model_validate(own),
        )

    return await context.transact(work)


@router.get("/messages")
async def list_all_messages(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    review_id: UUID,
    wanted: Paged,
) -> Page[MessageAnswer]:
    """Lists the messages about the App of the review, of all rounds, oldest first."""

    def work(session: Session) -> Page[MessageAnswer]:
        app_id = find_review(session, review_id).app_id
        return shown_page(list_messages(session, app_id, Side.REVIEWER, wanted), MessageAnswer.model_validate)

    return await context.transact(work)


@router.post("/messages", status_code=201, response_model=MessageAnswer)
async def write_message(
    context: InContext, actor: MessageAuthor, review_id: UUID, body: NewWords, key: Key = None
) -> JSONResponse:
    """Sends a message to the people of the App's company by mail. Only the App's newest review takes messages."""

    def make(session: Session) -> Answer:
        message = write_as_reviewer(session, review_id, body.text, actor, now_of(session))
        said = to_entries(session, [message], Side.REVIEWER)[0]
        return 201, MessageAnswer.model_validate(said).model_dump(mode="json")

    asked = {"message": str(review_id), "text": body.text}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: make(s)))
    return JSONResponse(answer, status)


@router.get("/notes")
async def list_all_notes(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    review_id: UUID,
    wanted: Paged,
) -> Page[NoteAnswer]:
    """Lists the notes about the App of the review, of all rounds, oldest first. Partners never see notes."""

    def work(session: Session) -> Page[NoteAnswer]:
        app_id = find_review(session, review_id).app_id
        return shown_page(list_notes(session, app_id, wanted), NoteAnswer.model_validate)

    return await context.transact(work)


@router.post("/notes", status_code=201, response_model=NoteAnswer)
async def add_note(
    context: InContext, actor: MessageAuthor, review_id: UUID, body: NewWords, key: Key = None
) -> JSONResponse:
    """Adds a note for reviewers."""

    def make(session: Session) -> Answer:
        note = write_note(session, review_id, body.text, actor, now_of(session))
        said = to_entries(session, [note], Side.REVIEWER)[0]
        return 201, NoteAnswer.model_validate(said).model_dump(mode="json")

    asked = {"note": str(review_id), "text": body.text}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: make(s)))
    return JSONResponse(answer, status)
