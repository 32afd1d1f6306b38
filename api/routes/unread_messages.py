"""Messages that one's own side of a conversation has not read yet, and saying that they are read."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.context import Session
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Slug, SlugPath
from models.conversation import Side
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.apps import find_app
from workflow.identity.actors import Actor
from workflow.reviewing.dossier import find_review
from workflow.reviewing.unread import list_unread, mark_read

router = Router(prefix="/v1", responses=COMMON)

Reader = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]
Partner = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]
Reviewer = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]


class ReadMessages(Body):
    """The id of the newest message that was read."""

    up_to: UUID


class UnreadAnswer(BaseModel):
    """How many messages about the App your side has not read yet."""

    unread: Annotated[int, Field(ge=0, examples=[0])]


class UnreadConversationAnswer(BaseModel):
    """A conversation with messages that your side has not read, and the App's newest review."""

    model_config = ConfigDict(from_attributes=True)

    app: Annotated[str, Field(examples=["acme"])]
    app_name: Annotated[str, Field(examples=["Acme"])]
    company: Annotated[str, Field(examples=["Acme"])]
    review_id: UUID
    unread: Annotated[int, Field(ge=1, examples=[2])]
    oldest_id: UUID
    oldest_at: datetime
    newest_at: datetime


@router.get("/unread-messages", tags=["partner", "reviewer"])
async def list_unread_messages(
    context: InContext,
    actor: Reader,
    wanted: Paged,
    app: Annotated[Slug | None, Query(description="Only the conversation about this App.")] = None,
) -> Page[UnreadConversationAnswer]:
    """Lists the conversations with messages that your side has not read, the longest waiting first.

    Your side is your company, or all reviewers and admins together. Whoever writes has read what was there.
    """
    return await context.transact(
        lambda session: shown_page(list_unread(session, actor, wanted, app), UnreadConversationAnswer.model_validate)
    )


@router.put("/apps/{slug}/messages/read", tags=["partner"])
async def read_as_partner(context: InContext, actor: Partner, slug: SlugPath, body: ReadMessages) -> UnreadAnswer:
    """Says that your company has read the reviewers' messages up to this one."""

    def work(session: Session) -> UnreadAnswer:
        app_id = find_app(session, slug, actor).id
        return UnreadAnswer(unread=mark_read(session, app_id, Side.PARTNER, actor, body.up_to))

    return await context.transact(work)


@router.put("/reviews/{review_id}/messages/read", tags=["reviewer"])
async def read_as_reviewer(context: InContext, actor: Reviewer, review_id: UUID, body: ReadMessages) -> UnreadAnswer:
    """Says that the reviewers have read the company's messages about the App up to this one."""

    def work(session: Session) -> UnreadAnswer:
        app_id = find_review(session, review_id).app_id
        return UnreadAnswer(unread=mark_read(session, app_id, Side.REVIEWER, actor, body.up_to))

    return await context.transact(work)
