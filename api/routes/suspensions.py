"""Suspensions under way, and their confirmation by a second person."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import SLUG, SlugPath
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.reviewing.suspensions import SuspensionUnderWay, confirm_suspension, list_suspensions

router = Router(prefix="/v1", responses=COMMON, tags=["reviewer"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
Confirmer = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]


class SuspensionAnswer(BaseModel):
    """A suspension under way. `version` is the App's version that it began with. `overdue`: nobody confirmed it.

    `only_reinstated` says that no revision lifts it, only a reinstatement.
    """

    app: Annotated[str, Field(examples=["acme"])]
    app_name: Annotated[str, Field(examples=["Acme"])]
    version: Annotated[int, Field(ge=1)]
    only_reinstated: bool
    reasons: list[str]
    suspended_by: Annotated[str, Field(examples=["Rae Reviewer"])]
    suspended_by_id: UUID
    suspended_at: datetime
    confirm_by: datetime
    overdue: bool
    confirmed_by: Annotated[str | None, Field(examples=["Bo Reviewer"])]
    confirmed_at: datetime | None


@router.get("/suspensions")
async def list_under_way(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    wanted: Paged,
    confirmed: Annotated[
        bool | None, Query(description="Only those that a second person confirmed, or did not.")
    ] = None,
    app: Annotated[str | None, Query(pattern=SLUG, max_length=64)] = None,
) -> Page[SuspensionAnswer]:
    """Lists the suspensions that have not ended, by the time until which a second person is to confirm them."""

    def work(session: Session) -> Page[SuspensionAnswer]:
        found = list_suspensions(session, now_of(session), wanted, confirmed=confirmed, app=app)
        return shown_page(found, _shown)

    return await context.transact(work)


@router.post("/apps/{slug}/suspension/confirm")
async def confirm_app_suspension(context: InContext, actor: Confirmer, slug: SlugPath) -> SuspensionAnswer:
    """Confirms an App's suspension as the second person. Confirming it again changes nothing.

    Whoever does not agree reinstates the App instead, with a reason.
    """
    return await context.transact(lambda session: _shown(confirm_suspension(session, slug, actor, now_of(session))))


def _shown(one: SuspensionUnderWay) -> SuspensionAnswer:
    suspension = one.suspension
    return SuspensionAnswer(
        app=one.app,
        app_name=one.app_name,
        version=suspension.version,
        only_reinstated=suspension.only_reinstated,
        reasons=list(one.reasons),
        suspended_by=one.suspended_by,
        suspended_by_id=suspension.suspended_by,
        suspended_at=suspension.suspended_at,
        confirm_by=suspension.confirm_by,
        overdue=one.overdue,
        confirmed_by=one.confirmed_by,
        confirmed_at=suspension.confirmed_at,
    )
