"""Whose turn it is with each App of a company."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.context import Session
from api.schemas.pages import Page, Paged, shown_page
from models.lifecycle import AppState, ReviewKind, Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.building.turns import list_turns
from workflow.identity.actors import Actor
from workflow.policy.document import load_policies

router = Router(prefix="/v1/turns", responses=COMMON, tags=["partner"])

Reader = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER)]


class TurnAnswer(BaseModel):
    """An App and whose turn it is. Its status says more.

    `review` is the kind of the open review of what you submitted, due at `due_at`; both are null without one. `unread`
    counts the reviewers' messages that nobody of your company has read.
    """

    model_config = ConfigDict(from_attributes=True)

    app: Annotated[str, Field(examples=["acme"])]
    name: Annotated[str, Field(examples=["Acme Insights"])]
    state: AppState
    turn: Literal["partner", "reviewer", "schedule", "nobody"]
    review: ReviewKind | None
    due_at: datetime | None
    unread: Annotated[int, Field(ge=0, examples=[0])]


@router.get("")
async def list_own_turns(context: InContext, actor: Reader, wanted: Paged) -> Page[TurnAnswer]:
    """Lists your company's Apps by slug, and says of each whose turn it is."""

    def work(session: Session) -> Page[TurnAnswer]:
        found = list_turns(session, actor, load_policies(session), context.rulebook, wanted)
        return shown_page(found, TurnAnswer.model_validate)

    return await context.transact(work)
