"""The day on which an approved version is published: moving it, and publishing at once after all."""

from datetime import datetime
from typing import Annotated

from fastapi import Response
from pydantic import BaseModel, ConfigDict

from api.auth import InContext, allow
from api.context import Session, now_of
from api.schemas.values import Body, Moment, SlugPath
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.catalog.planning import cancel_publication, move_publication
from workflow.identity.actors import Actor

router = Router(prefix="/v1/apps/{slug}/planned-publication", responses=COMMON, tags=["reviewer"])

Decider = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]


class NewDay(Body):
    """The day, at most 90 days ahead."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"publish_at": "2027-01-15T09:00:00Z"}]})

    publish_at: Moment


class PlannedPublicationAnswer(BaseModel):
    """What was approved, by the App's version that submitted it, and when it is published."""

    version: int
    publish_at: datetime


@router.put("")
async def move_planned_publication(
    context: InContext, actor: Decider, slug: SlugPath, body: NewDay
) -> PlannedPublicationAnswer:
    """Moves the day on which what was approved is published. An approval names the first one, as `publish_at`."""

    def work(session: Session) -> PlannedPublicationAnswer:
        plan = move_publication(session, slug, actor, body.publish_at, now_of(session))
        return PlannedPublicationAnswer(version=plan.published, publish_at=plan.publish_at)

    return await context.transact(work)


@router.delete("", status_code=204)
async def cancel_planned_publication(context: InContext, actor: Decider, slug: SlugPath) -> Response:
    """Cancels the plan: what was approved is published at once. To keep it from being published, suspend the App."""
    await context.transact(lambda session: cancel_publication(session, slug, actor))
    return Response(status_code=204)
