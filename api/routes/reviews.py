"""The review desk: the queue, claiming a review, its steps, and the decision."""

from dataclasses import replace
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.routes.transitions import ask_for_one, reasons_of
from api.schemas.outcomes import TransitionRequestAnswer
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.reviews import (
    FullReviewAnswer,
    ReviewStepAnswer,
    ReviewSummaryAnswer,
    full_review,
    short_review,
    shown_step,
)
from api.schemas.values import SLUG, Body, GivenReason, Key, Moment, Prefer, Prose, Reasons
from models import Review
from models.lifecycle import AppTrigger, ReviewKind, Role, StepTrigger
from models.token import Scope
from web.problems import COMMON
from workflow.findings import Finding
from workflow.identity.actors import Actor
from workflow.lifecycle.reading import decision_on
from workflow.reviewing.desk import claim_review, hand_over_review, release_review
from workflow.reviewing.dossier import open_dossier, with_decider
from workflow.reviewing.queue import Due, QueueFilter, Show, list_reviews, summarize_reviews
from workflow.reviewing.steps import decide_step

router = APIRouter(prefix="/v1/reviews", responses=COMMON, tags=["reviewer"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
Decider = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]
StepCode = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}$", examples=["end_to_end_check"])]


class StepDecision(Body):
    """A decision on a step. A waiver needs a reason; findings say what was found, and where."""

    decision: Literal[StepTrigger.PASS, StepTrigger.WARN, StepTrigger.FAIL, StepTrigger.WAIVE, StepTrigger.RERUN]
    reason: Prose | None = None
    findings: Annotated[list[GivenReason], Field(max_length=50)] = Field(default_factory=list)


class HandOver(Body):
    """The new holder of the review: an active reviewer or admin."""

    to: UUID


class ReviewDecision(Body):
    """`approve` or `request_changes`, with reasons: free text, or the codes of saved reasons.

    An approval may name the day since when everybody sees what it approves, at most 90 days ahead.
    """

    decision: Literal["approve", "request_changes"]
    reasons: Reasons = Field(default_factory=list)
    publish_at: Moment | None = None


@router.get("")
async def queue(
    context: InContext,
    actor: Viewer,
    wanted: Paged,
    show: Annotated[Show, Query()] = Show.OPEN,
    due: Annotated[Due | None, Query()] = None,
    round_: Annotated[int | None, Query(alias="round", ge=1, le=10_000)] = None,
    kind: Annotated[ReviewKind | None, Query()] = None,
    app: Annotated[str | None, Query(pattern=SLUG, max_length=64)] = None,
) -> Page[ReviewSummaryAnswer]:
    """Lists reviews by due time, the earliest first. Without filters it lists the open ones."""
    narrowed = QueueFilter(show, due, round_, kind, app)
    return await context.transact(
        lambda session: shown_page(list_reviews(session, narrowed, actor, now_of(session), wanted), short_review)
    )


@router.get("/{review_id}")
async def read(context: InContext, actor: Viewer, review_id: UUID) -> FullReviewAnswer:  # noqa: ARG001
    """Returns a review in full: the submission and what changed, steps, findings, waivers and earlier rounds."""

    def work(session: Session) -> FullReviewAnswer:
        dossier = open_dossier(session, review_id, context.profile)
        return full_review(summarize_reviews(session, [dossier.review], now_of(session))[0], dossier)

    return await context.transact(work)


@router.post("/{review_id}/claim")
async def claim(context: InContext, actor: Decider, review_id: UUID) -> ReviewSummaryAnswer:
    """Claims the review for the caller. Claiming it again changes nothing."""

    def work(session: Session) -> ReviewSummaryAnswer:
        review = claim_review(session, review_id, actor, now_of(session))
        return _short(session, review)

    return await context.transact(work)


@router.post("/{review_id}/release")
async def release(context: InContext, actor: Decider, review_id: UUID) -> ReviewSummaryAnswer:
    """Releases the review back into the queue. The team is told by mail."""

    def work(session: Session) -> ReviewSummaryAnswer:
        review = release_review(session, review_id, actor, now_of(session))
        return _short(session, review)

    return await context.transact(work)


@router.post("/{review_id}/hand-over")
async def hand_over(context: InContext, actor: Decider, review_id: UUID, body: HandOver) -> ReviewSummaryAnswer:
    """Hands the review over to another reviewer, who is told by mail. Its holder and admins may do so."""

    def work(session: Session) -> ReviewSummaryAnswer:
        review = hand_over_review(session, review_id, actor, body.to, now_of(session))
        return _short(session, review)

    return await context.transact(work)


@router.post("/{review_id}/steps/{code}")
async def decide_a_step(
    context: InContext, actor: Decider, review_id: UUID, code: StepCode, body: StepDecision
) -> ReviewStepAnswer:
    """Decides a step (pass, warn, fail, or waive with a reason), or runs it again."""

    def work(session: Session) -> ReviewStepAnswer:
        step = decide_step(
            session,
            review_id,
            code,
            trigger=body.decision,
            actor=actor,
            now=now_of(session),
            findings=[Finding(finding.code, finding.text, where=finding.where) for finding in body.findings],
            reason=body.reason,
        )
        return shown_step(with_decider(session, step))

    return await context.transact(work)


@router.post(
    "/{review_id}/decision",
    status_code=202,
    responses={
        200: {"description": "The outcome, if the call waited for it.", "model": TransitionRequestAnswer},
        202: {"description": "Accepted.", "model": TransitionRequestAnswer},
    },
)
async def decide(
    context: InContext, actor: Decider, review_id: UUID, body: ReviewDecision, key: Key = None, prefer: Prefer = None
) -> Response:
    """Requests the App's approval, or requests changes with reasons. The rules of the transition still apply.

    The decision applies to this round only: it is refused once the partner has submitted again.
    """
    trigger, reasons = AppTrigger(body.decision), reasons_of(body.reasons)
    wanted = await context.transact(lambda session: decision_on(session, review_id, trigger, reasons, actor, key))
    return await ask_for_one(context, actor, replace(wanted, publish_at=body.publish_at), prefer)


def _short(session: Session, review: Review) -> ReviewSummaryAnswer:
    return short_review(summarize_reviews(session, [review], now_of(session))[0])
