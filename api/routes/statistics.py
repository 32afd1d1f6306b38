"""Statistics of the review desk."""

from dataclasses import asdict
from datetime import date, datetime, timedelta
from typing import Annotated
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query
from pydantic import AfterValidator, BaseModel, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from models.lifecycle import ReviewKind, Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.policy.document import load_policies
from workflow.reviewing.saved_reason_uses import uses_of_saved_reasons
from workflow.reviewing.statistics import MAX_WEEKS, Waiting, Week, waiting_reviews, weeks_of_reviews

router = Router(prefix="/v1/statistics", responses=COMMON, tags=["reviewer", "admin"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]


def _of_this_millennium(day: date) -> date:
    """Refuses days outside the range for which weeks can be computed."""
    if not 2000 <= day.year <= 2999:
        raise ValueError("must be between the years 2000 and 2999")
    return day


class WaitingReviewsAnswer(BaseModel):
    """The numbers of open reviews now that a person is to decide. `due_soon` and `overdue` do not overlap."""

    open: int
    unclaimed: int
    due_soon: int
    overdue: int
    by_kind: Annotated[dict[str, int], Field(examples=[{"first": 3, "revision": 2, "health": 0, "appeal": 1}])]


class TopFindingAnswer(BaseModel):
    """A finding, and the number of reviews decided in the week that had it."""

    step: Annotated[str, Field(examples=["partner_documentation"])]
    code: Annotated[str, Field(examples=["page.app_not_named"])]
    reviews: int


class KindOfWeekAnswer(BaseModel):
    """The reviews of one kind: how many were opened in the week, and how those that ended in it did, by outcome.

    Appeals end `upheld`, `overturned` or `conceded`, health reviews `cleared`, `flagged` or `superseded`.
    """

    kind: ReviewKind
    opened: int
    outcomes: Annotated[dict[str, int], Field(examples=[{"approved": 3, "changes_requested": 1}])]
    within_promise: int


class WeekAnswer(BaseModel):
    """A week, from Monday, in the platform's time zone. A review counts in the week in which it was decided.

    A review is decided when it is approved or changes are requested. Hours are elapsed time from submission to
    decision, including nights and weekends. `within_promise` counts the reviews decided by their due time, which is
    set in business days.
    """

    monday: date
    opened: int
    decided: int
    approved: int
    changes_requested: int
    within_promise: int
    hours_to_decision_p50: float | None
    hours_to_decision_p90: float | None
    rounds_to_approval: Annotated[float | None, Field(description="The mean over the Apps approved in the week.")]
    top_findings: list[TopFindingAnswer]
    kinds: Annotated[list[KindOfWeekAnswer], Field(description="All kinds, or none if there was no review.")]


class ReviewStatisticsAnswer(BaseModel):
    """The reviews that wait now, and the decisions of each week, oldest week first."""

    waiting: WaitingReviewsAnswer
    time_zone: Annotated[str, Field(examples=["America/Los_Angeles"])]
    weeks: list[WeekAnswer]


class UseAnswer(BaseModel):
    """A decision that gave the saved reason: the review that it ended, and when."""

    review_id: UUID
    app: Annotated[str, Field(examples=["acme"])]
    app_name: Annotated[str, Field(examples=["Acme"])]
    at: datetime


class SavedReasonUsesAnswer(BaseModel):
    """How many decisions of the period gave a saved reason, and the latest five of them, newest first."""

    code: Annotated[str, Field(examples=["partners_page.no_utm"])]
    uses: int
    latest: list[UseAnswer]


class SavedReasonStatisticsAnswer(BaseModel):
    """The saved reasons that were given in decisions since `since`, the most used first."""

    since: datetime
    reasons: list[SavedReasonUsesAnswer]


@router.get("/saved-reasons")
async def saved_reason_statistics(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    weeks: Annotated[int, Query(ge=1, le=MAX_WEEKS, description="The number of weeks up to now.")] = 12,
) -> SavedReasonStatisticsAnswer:
    """Returns which saved reasons the decisions of the latest weeks gave, how often, and where."""

    def work(session: Session) -> SavedReasonStatisticsAnswer:
        now = now_of(session)
        found = uses_of_saved_reasons(session, now, weeks=weeks)
        reasons = [SavedReasonUsesAnswer.model_validate(asdict(one)) for one in found]
        return SavedReasonStatisticsAnswer(since=now - timedelta(weeks=weeks), reasons=reasons)

    return await context.transact(work)


@router.get("/reviews")
async def review_statistics(
    context: InContext,
    actor: Viewer,  # noqa: ARG001
    weeks: Annotated[int, Query(ge=1, le=MAX_WEEKS, description="The number of weeks, including the last one.")] = 12,
    until: Annotated[
        Annotated[date, AfterValidator(_of_this_millennium)] | None,
        Query(description="A day in the last week; by default today."),
    ] = None,
) -> ReviewStatisticsAnswer:
    """Returns how many reviews wait, and for each week the decisions, their time, their rounds and the top findings."""

    def work(session: Session) -> ReviewStatisticsAnswer:
        now = now_of(session)
        zone = load_policies(session).current.calendar.time_zone
        last = until or now.astimezone(ZoneInfo(zone)).date()
        found = weeks_of_reviews(session, last=last, weeks=weeks, time_zone=zone)
        return ReviewStatisticsAnswer(
            waiting=_waiting(waiting_reviews(session, now)), time_zone=zone, weeks=[_week(week) for week in found]
        )

    return await context.transact(work)


def _waiting(waiting: Waiting) -> WaitingReviewsAnswer:
    return WaitingReviewsAnswer(
        open=waiting.open,
        unclaimed=waiting.unclaimed,
        due_soon=waiting.due_soon,
        overdue=waiting.overdue,
        by_kind=dict(waiting.by_kind),
    )


def _week(week: Week) -> WeekAnswer:
    return WeekAnswer(
        monday=week.monday,
        opened=week.opened,
        decided=week.decided,
        approved=week.approved,
        changes_requested=week.changes_requested,
        within_promise=week.within_promise,
        hours_to_decision_p50=_hours(week.time_to_decision_p50),
        hours_to_decision_p90=_hours(week.time_to_decision_p90),
        rounds_to_approval=week.rounds_to_approval,
        top_findings=[TopFindingAnswer(step=one.step, code=one.code, reviews=one.reviews) for one in week.top_findings],
        kinds=[
            KindOfWeekAnswer(
                kind=ReviewKind(one.kind),
                opened=one.opened,
                outcomes=dict(one.outcomes),
                within_promise=one.within_promise,
            )
            for one in week.kinds
        ],
    )


def _hours(time: timedelta | None) -> float | None:
    return None if time is None else time / timedelta(hours=1)
