"""The review desk over HTTP: the queue, holding a review, its steps, and the decision."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Query
from fastapi.responses import JSONResponse
from pydantic import Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import InHouse, allow
from api.errors import COMMON
from api.house import audit, now_of
from api.outcomes import RequestShown
from api.pages import Cursor, Limit, page
from api.routes.transitions import ask_for_one, reasons_of
from api.shapes import Body, GivenReason, Key, Prefer, Prose, Reasons
from models import App, Review, ReviewStep, Submission
from models.lifecycle import AppState, AppTrigger, Role, StepTrigger
from models.token import Scope
from workflow.actors import Actor
from workflow.errors import Conflict, NotFound
from workflow.requests import Wanted
from workflow.reviewing.desk import claim_review, release_review
from workflow.reviewing.steps import Finding, decide_step

router = APIRouter(prefix="/v1/reviews", responses=COMMON, tags=["reviewer"])

Viewer = Annotated[Actor, allow(Scope.REVIEWS_READ, Role.REVIEWER, Role.ADMIN)]
Decider = Annotated[Actor, allow(Scope.REVIEWS_DECIDE, Role.REVIEWER, Role.ADMIN)]
StepCode = Annotated[str, Path(pattern=r"^[a-z0-9_]{1,64}$", examples=["end_to_end_check"])]


class StepDecision(Body):
    decision: StepTrigger
    reason: Prose | None = None
    findings: Annotated[list[GivenReason], Field(max_length=50)] = Field(default_factory=list)


class ReviewDecision(Body):
    """`approve` or `request_changes`, with reasons."""

    decision: Literal["approve", "request_changes"]
    reasons: Reasons = Field(default_factory=list)


@router.get("")
async def queue(
    house: InHouse,
    actor: Viewer,
    show: Annotated[Literal["open", "unclaimed", "mine", "all"], Query()] = "open",
    after: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Lists reviews in the order in which they were opened, which is that of their due times."""

    def work(session: Session) -> dict[str, Any]:
        statement = select(Review).order_by(Review.id)
        if show != "all":
            statement = statement.where(Review.closed_at.is_(None))
        if show == "unclaimed":
            statement = statement.where(Review.claimed_by.is_(None))
        if show == "mine":
            statement = statement.where(Review.claimed_by == actor.id)
        return page(session, statement, Review.id, after, limit, lambda reviews: _reviews(session, reviews))

    return await house.transact(work)


@router.get("/{review_id}")
async def read(house: InHouse, actor: Viewer, review_id: UUID) -> dict[str, Any]:  # noqa: ARG001
    """Gives a review with its steps, their findings, and the snapshot of what was submitted."""

    def work(session: Session) -> dict[str, Any]:
        review = _find(session, review_id)
        submission = session.get_one(Submission, review.submission_id)
        return _review(session, review) | {"snapshot": submission.snapshot, "round": submission.round}

    return await house.transact(work)


@router.post("/{review_id}/claim")
async def claim(house: InHouse, actor: Decider, review_id: UUID) -> dict[str, Any]:
    """Takes the review. Claiming what one holds changes nothing."""

    def work(session: Session) -> dict[str, Any]:
        review = claim_review(session, review_id, actor, now_of(session))
        audit(session, actor, "review.claim", review_id)
        return _review(session, review)

    return await house.transact(work)


@router.post("/{review_id}/release")
async def release(house: InHouse, actor: Decider, review_id: UUID) -> dict[str, Any]:
    """Puts the review back into the queue."""

    def work(session: Session) -> dict[str, Any]:
        review = release_review(session, review_id, actor)
        audit(session, actor, "review.release", review_id)
        return _review(session, review)

    return await house.transact(work)


@router.post("/{review_id}/steps/{code}")
async def decide_a_step(
    house: InHouse, actor: Decider, review_id: UUID, code: StepCode, body: StepDecision
) -> dict[str, Any]:
    """Passes, warns, fails or waives a step (with a reason), or has it run again."""

    def work(session: Session) -> dict[str, Any]:
        step = decide_step(
            session,
            review_id,
            code,
            trigger=body.decision,
            actor=actor,
            now=now_of(session),
            findings=[Finding(finding.code, finding.text, finding.where) for finding in body.findings],
            reason=body.reason,
        )
        audit(session, actor, "review.step", review_id, step=code, decision=body.decision.value)
        return _step(step)

    answer = await house.transact(work)
    house.ring("steps")
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
    house: InHouse, actor: Decider, review_id: UUID, body: ReviewDecision, key: Key = None, prefer: Prefer = None
) -> JSONResponse:
    """Asks for the App's approval, or for changes with their reasons. The rules have the last word."""
    slug = await house.transact(lambda session: _slug(session, review_id, actor))
    wanted = Wanted(
        app=slug,
        trigger=AppTrigger(body.decision),
        idempotency_key=key,
        expected_state=AppState.SUBMITTED.value,
        reasons=reasons_of(body.reasons),
    )
    return await ask_for_one(house, actor, wanted, prefer)


def _slug(session: Session, review_id: UUID, actor: Actor) -> str:  # noqa: ARG001
    review = _find(session, review_id)
    if review.closed_at is not None:
        raise Conflict("review.closed", f"This review ended: {review.outcome}.", "Look at the App's newest review.")
    slug: str = session.scalars(select(App.slug).where(App.id == review.app_id)).one()
    return slug


def _find(session: Session, review_id: UUID) -> Review:
    review = session.get(Review, review_id)
    if review is None:
        raise NotFound("review.not_found", f"There is no review {review_id}.", "List the reviews.")
    return review


def _review(session: Session, review: Review) -> dict[str, Any]:
    return _reviews(session, [review])[0]


def _reviews(session: Session, reviews: Sequence[Review]) -> list[dict[str, Any]]:
    apps = select(App.id, App.slug).where(App.id.in_([review.app_id for review in reviews]))
    slugs = {row.id: row.slug for row in session.execute(apps)}
    wanted = select(ReviewStep).where(ReviewStep.review_id.in_([review.id for review in reviews]))
    steps: dict[UUID, list[dict[str, Any]]] = {review.id: [] for review in reviews}
    for step in session.scalars(wanted.order_by(ReviewStep.code)):
        steps[step.review_id].append(_step(step))
    return [
        {
            "id": str(review.id),
            "app": slugs[review.app_id],
            "opened_at": review.opened_at,
            "due_at": review.due_at,
            "claimed_by": str(review.claimed_by) if review.claimed_by else None,
            "outcome": review.outcome,
            "closed_at": review.closed_at,
            "steps": steps[review.id],
        }
        for review in reviews
    ]


def _step(step: ReviewStep) -> dict[str, Any]:
    return {
        "code": step.code,
        "state": step.state,
        "status": step.status,
        "run": step.run,
        "findings": step.findings,
        "reason": step.reason,
        "error": step.last_error,
        "decided_at": step.decided_at,
    }
