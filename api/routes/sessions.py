"""One's own sessions: where one is signed in to the pages, and ending that."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi.responses import Response
from pydantic import BaseModel

from api.auth import InContext, allow
from api.context import Session, now_of
from api.schemas.pages import Page
from models import ApiToken
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.identity.sessions import end_session, list_sessions

router = Router(prefix="/v1/sessions", responses=COMMON, tags=["partner", "reviewer", "admin"])

Oneself = Annotated[
    Actor,
    allow(
        Scope.REVIEWS_DECIDE,
        Role.PARTNER,
        Role.REVIEWER,
        Role.ADMIN,
        other_scopes=((Role.PARTNER, Scope.PEOPLE_MANAGE), (Role.ADMIN, Scope.ADMIN)),
    ),
]


class OwnSessionAnswer(BaseModel):
    """A session that has not ended. `current` is the one that the call is made for. `last_used_at` is to the minute."""

    id: UUID
    current: bool
    began_at: datetime
    last_used_at: datetime | None
    expires_at: datetime
    idle_ends_at: datetime


@router.get("")
async def list_own(context: InContext, actor: Oneself) -> Page[OwnSessionAnswer]:
    """Lists one's own sessions that have not ended, the newest first: at most as many as a person may have."""

    def work(session: Session) -> Page[OwnSessionAnswer]:
        return Page(items=[_shown(one, actor) for one in list_sessions(session, actor.id, now_of(session))])

    return await context.transact(work)


@router.delete("/{session_id}", status_code=204)
async def end(context: InContext, actor: Oneself, session_id: UUID) -> Response:
    """Ends one of one's own sessions, which opens no page from then on. Repeating the call changes nothing."""
    await context.transact(lambda session: end_session(session, session_id, actor, now_of(session)))
    return Response(status_code=204)


def _shown(one: ApiToken, actor: Actor) -> OwnSessionAnswer:
    return OwnSessionAnswer(
        id=one.id,
        current=one.id == actor.token_id,
        began_at=one.created_at,
        last_used_at=one.last_used_at,
        expires_at=one.expires_at,
        idle_ends_at=one.idle_ends_at or one.expires_at,
    )
