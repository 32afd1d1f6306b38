"""The review desk over HTTP: the queue, holding a review, its steps, and the decision."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field
from sqlalchemy.orm import Session

from api.auth import InContext, allow
from api.context import audit, now_of
from api.routes.transitions import ask_for_one, reasons_of
from api.schemas.outcomes import RequestShown
from api.schemas.pages import Cursor, Limit, Page, page
from api.schemas.reviews import FullReview, ShortReview, Step, full_review, short_review, shown_step
from api.schemas.values import SLUG, Body, GivenReason, Key, Prefer, Prose, Reasons
from models import App, Person, Review, Submission
from models.lifecycle import AppState, AppTrigger, Role, StepTrigger
from models.review import SubmissionKind
from models.token import Scope
from web.problems import COMMON
from workflow.errors import Conflict
from workflow.findings import Finding
from workflow.identity.actors import Actor
from workflow.lifecycle.requests import Wanted, was_asked
from workflow.reviewing.desk import claim_review, hand_over_review, release_review
from workflow.reviewing.dossier import find_review, open_dossier
from workflow.reviewing.queue import QUEUE_ORDER, Due, QueueFilter, Show, in_short, queue_of
from workflow.reviewing.steps import decide_step
from workflow.work.bells import Bell

router = APIRouter(prefix="/v1/reviews", responses=COMMON, tags=["reviewer"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
Decider = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]
StepCode = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}$", examples=["end_to_end_check"])]


class StepDecision(Body):
    """What becomes of a step. A waiver needs a reason; findings say what was found, and where."""

    decision: Literal[StepTrigger.PASS, StepTrigger.WARN, StepTrigger.FAIL, StepTrigger.WAIVE, StepTrigger.RERUN]
    reason: Prose | None = None
    findings: Annotated[list[GivenReason], Field(max_length=50)] = Field(default_factory=list)


class HandOver(Body):
    """Who holds the review from now on: an active reviewer or admin."""

    to: UUID


class ReviewDecision(Body):
    """`approve` or `request_changes`, with reasons: own words, or saved reasons by their codes."""

    decision: Literal["approve", "request_changes"]
    reasons: Reasons = Field(default_factory=list)


@router.get("")
async def queue(
    context: InContext,
    actor: Viewer,
    show: Annotated[Show, Query()] = Show.OPEN,
    due: Annotated[Due | None, Query()] = None,
    round_: Annotated[int | None, Query(alias="round", ge=1, le=10_000)] = None,
    kind: Annotated[SubmissionKind | None, Query()] = None,
    app: Annotated[str | None, Query(pattern=SLUG, max_length=64)] = None,
    after: Cursor = None,
    limit: Limit = 50,
) -> Page[ShortReview]:
    """Lists reviews by due time, the earliest first: those that wait, or those that are asked for."""
    wish = QueueFilter(show, due, round_, kind, app)

    def work(session: Session) -> Page[ShortReview]:
        now = now_of(session)

        def shown(reviews: Any) -> list[ShortReview]:
            return [short_review(one) for one in in_short(session, reviews, now)]

        return Page[ShortReview](**page(session, queue_of(wish, actor, now), QUEUE_ORDER, after, limit, shown))

    return await context.transact(work)


@router.get("/{review_id}")
async def read(context: InContext, actor: Viewer, review_id: UUID) -> FullReview:  # noqa: ARG001
    """Returns a review: what was submitted and what changed, steps, old and new findings, waivers, and the past."""

    def work(session: Session) -> FullReview:
        dossier = open_dossier(session, review_id)
        return full_review(in_short(session, [dossier.review], now_of(session))[0], dossier)

    return await context.transact(work)


@router.post("/{review_id}/claim")
async def claim(context: InContext, actor: Decider, review_id: UUID) -> ShortReview:
    """Takes the review. Claiming what one holds changes nothing."""

    def work(session: Session) -> ShortReview:
        review = claim_review(session, review_id, actor, now_of(session))
        audit(session, actor, "review.claim", review_id)
        return _short(session, review)

    return await context.transact(work)


@router.post("/{review_id}/release")
async def release(context: InContext, actor: Decider, review_id: UUID) -> ShortReview:
    """Puts the review back into the queue."""

    def work(session: Session) -> ShortReview:
        review = release_review(session, review_id, actor)
        audit(session, actor, "review.release", review_id)
        return _short(session, review)

    return await context.transact(work)


@router.post("/{review_id}/hand-over")
async def hand_over(context: InContext, actor: Decider, review_id: UUID, body: HandOver) -> ShortReview:
    """Returns the review to another reviewer, who is told. For its holder, and for admins."""

    def work(session: Session) -> ShortReview:
        review = hand_over_review(session, review_id, actor, body.to, now_of(session))
        audit(session, actor, "review.hand_over", review_id, to=str(body.to))
        return _short(session, review)

    answer = await context.transact(work)
    context.ring(Bell.NOTIFICATIONS)
    return answer


@router.post("/{review_id}/steps/{code}")
async def decide_a_step(
    context: InContext, actor: Decider, review_id: UUID, code: StepCode, body: StepDecision
) -> Step:
    """Passes, warns, fails or waives a step (with a reason), or has it run again."""

    def work(session: Session) -> Step:
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
        audit(session, actor, "review.step", review_id, step=code, decision=body.decision.value)
        decided_by = None if step.decided_by is None else session.get_one(Person, step.decided_by).name
        return shown_step(step, decided_by)

    answer = await context.transact(work)
    context.ring(Bell.STEPS)
    return answer


@router.post(
    "/{review_id}/decision",
    status_code=202,
    responses={
        200: {"description": "The outcome, when it was waited for.", "model": RequestShown},
        202: {"description": "Accepted.", "model": RequestShown},
    },
)
async def decide(
    context: InContext, actor: Decider, review_id: UUID, body: ReviewDecision, key: Key = None, prefer: Prefer = None
) -> Response:
    """Asks for the App's approval, or for changes with their reasons. The rules have the last word.

    It holds for this round alone: once the partner has submitted again, it is refused.
    """
    wanted = await context.transact(lambda session: _wanted(session, review_id, actor, body, key))
    return await ask_for_one(context, actor, wanted, prefer)


def _wanted(session: Session, review_id: UUID, actor: Actor, body: ReviewDecision, key: str | None) -> Wanted:
    """Returns the decision as a request for this round alone: while it is open, the App stands where it was submitted.

    Raises NotFound, and Conflict for a review that is over, unless the decision is a repeated one.
    """
    review = find_review(session, review_id)
    if review.closed_at is not None and not was_asked(session, key, actor):
        raise Conflict("review.closed", f"This review ended: {review.outcome}.", "Look at the App's newest review.")
    return Wanted(
        app=session.get_one(App, review.app_id).slug,
        trigger=AppTrigger(body.decision),
        idempotency_key=key,
        expected_state=AppState.SUBMITTED.value,
        expected_version=session.get_one(Submission, review.submission_id).app_version,
        reasons=reasons_of(body.reasons),
    )


def _short(session: Session, review: Review) -> ShortReview:
    return short_review(in_short(session, [review], now_of(session))[0])
