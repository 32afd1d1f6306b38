"""The messages between reviewer and partner about an App, for the partner."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, SlugPath, Words
from models.conversation import Side
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.apps import find_app
from workflow.identity.actors import Actor
from workflow.reviewing.conversation import list_messages, to_entries, write_as_partner

router = Router(prefix="/v1/apps/{slug}/messages", responses=COMMON, tags=["partner"])

Reader = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER)]
MessageAuthor = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class NewMessage(Body):
    """A message to the reviewer: plain text."""

    text: Words


class PartnerMessageAnswer(BaseModel):
    """A message about the App's review. `author` names a colleague; reviewers are not named."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    round: Annotated[int, Field(ge=1)]
    side: Side
    author: Annotated[str | None, Field(examples=["Pat Partner"])]
    text: str
    written_at: datetime


@router.get("")
async def list_own_messages(
    context: InContext,
    actor: Reader,
    slug: SlugPath,
    wanted: Paged,
    newest_first: Annotated[bool, Query(description="true: the newest first, to read on from the end.")] = False,
) -> Page[PartnerMessageAnswer]:
    """Lists the messages about the App, of all rounds, oldest first."""

    def work(session: Session) -> Page[PartnerMessageAnswer]:
        app_id = find_app(session, slug, actor).id
        found = list_messages(session, app_id, Side.PARTNER, wanted, newest_first=newest_first)
        return shown_page(found, PartnerMessageAnswer.model_validate)

    return await context.transact(work)


@router.post("", status_code=201, response_model=PartnerMessageAnswer)
async def write_message(
    context: InContext, actor: MessageAuthor, slug: SlugPath, body: NewMessage, key: Key = None
) -> JSONResponse:
    """Sends a message to the holder of the App's newest review, or to all reviewers if nobody holds it."""

    def make(session: Session) -> Answer:
        message = write_as_partner(session, slug, body.text, actor, now_of(session))
        said = to_entries(session, [message], Side.PARTNER)[0]
        return 201, PartnerMessageAnswer.model_validate(said).model_dump(mode="json")

    asked = {"message": slug, "text": body.text}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: make(s)))
    return JSONResponse(answer, status)
