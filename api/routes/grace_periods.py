"""The time that companies have to mend what looks at their Apps found."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.schemas.outcomes import OpenKind
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import SLUG, Moment
from models.lifecycle import AppState, Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.reviewing.grace_periods import GraceFilter, GraceUnderWay, Stage, list_grace_periods

router = Router(prefix="/v1/grace-periods", responses=COMMON, tags=["reviewer"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]


class GracePeriodAnswer(BaseModel):
    """A grace period that has not ended. `failed` are the steps that the latest flag found failed, by `review_id`.

    `began_at` and `ends_at` are null until a notice of the flag was delivered. `team_told`: none could be for long.
    `asked_at`: the time was over then, and the team was asked to decide on a suspension. `open_kind` says whether a
    revision, which may mend it, is under review.
    """

    app: Annotated[str, Field(examples=["acme"])]
    app_name: Annotated[str, Field(examples=["Acme"])]
    company_id: UUID
    company: Annotated[str, Field(examples=["Acme Inc."])]
    state: AppState
    open_kind: OpenKind
    stage: Stage
    flagged_at: datetime
    days: Annotated[int, Field(ge=1)]
    began_at: datetime | None
    ends_at: datetime | None
    team_told: bool
    asked_at: datetime | None
    review_id: UUID
    failed: Annotated[list[str], Field(examples=[["partners_page"]])]


@router.get("")
async def list_under_way(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    wanted: Paged,
    stage: Annotated[Stage | None, Query(description="Only those that are so far.")] = None,
    app: Annotated[str | None, Query(pattern=SLUG, max_length=64)] = None,
    company: Annotated[UUID | None, Query(description="Only those of the company with this id.")] = None,
    ends_before: Annotated[Moment | None, Query(description="Only those that end before this time.")] = None,
) -> Page[GracePeriodAnswer]:
    """Lists the Apps whose companies have time to mend what a look found, the oldest flag first."""
    narrowed = GraceFilter(stage=stage, app=app, company=company, ends_before=ends_before)

    def work(session: Session) -> Page[GracePeriodAnswer]:
        return shown_page(list_grace_periods(session, narrowed, now_of(session), wanted), _shown)

    return await context.transact(work)


def _shown(one: GraceUnderWay) -> GracePeriodAnswer:
    return GracePeriodAnswer.model_validate(asdict(one.grace) | asdict(one))
