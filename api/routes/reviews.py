"""The review desk: the queue, claiming a review, its steps, and the decision."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path, Query, Response
from fastapi.responses import JSONResponse
from pydantic import Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.routes.transitions import ask_for_one, reasons_of
from api.schemas.decisions import DecisionPreviewAnswer, shown_decision, shown_rehearsal
from api.schemas.dossiers import FullReviewAnswer, full_review
from api.schemas.outcomes import TransitionRequestAnswer
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.reviews import (
    RefusedDecisionAnswer,
    ReviewStepAnswer,
    ReviewSummaryAnswer,
    short_review,
    shown_step,
)
from api.schemas.values import SLUG, Body, GivenReason, Key, Moment, Prefer, Prose, Reasons
from models import Review
from models.lifecycle import AppState, AppTrigger, ReviewKind, Role, StepTrigger
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.findings import Finding
from workflow.identity.actors import Actor
from workflow.lifecycle.decisions import Decision, decision_on
from workflow.lifecycle.rehearsal import rehearse_decision
from workflow.names import MAX_NAME
from workflow.policy.document import load_policies
from workflow.reviewing.decisions import RefusedDecision, list_refused_decisions
from workflow.reviewing.desk import claim_next_review, claim_review, hand_over_review, release_review
from workflow.reviewing.dossier import open_dossier, with_decider
from workflow.reviewing.queue import Due, QueueFilter, Show, list_reviews, summarize_reviews
from workflow.reviewing.steps import decide_step
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1/reviews", responses=COMMON, tags=["reviewer"])

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
    """A decision, with reasons: free text, or the codes of saved reasons.

    First reviews, revisions and appeals are decided by `approve`, by `request_changes`, or by `propose_approve` where
    the policy wants two people. Health reviews are decided by `clear` or `flag`. `expected_state` is the App's state as
    you saw it: the decision is refused if the App has left it. An approval may name the day since when everybody sees
    what it approves (`publish_at`), at most 90 days ahead.

    With `not_before`, at most a minute ahead, the decision waits until then, and its transition request can be
    cancelled meanwhile. What is unmet is refused at once.
    """

    decision: Literal["approve", "request_changes", "propose_approve", "clear", "flag"]
    reasons: Reasons = Field(default_factory=list)
    expected_state: AppState | None = None
    publish_at: Moment | None = None
    not_before: Moment | None = None


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
    company: Annotated[UUID | None, Query(description="The id of a company.")] = None,
    category: Annotated[
        str | None,
        Query(min_length=1, max_length=MAX_NAME, pattern=WITHOUT_NUL, description="A category of what is reviewed."),
    ] = None,
    failed_step: Annotated[str | None, Query(pattern=r"^[a-z0-9_]{1,64}$", description="A step that failed.")] = None,
    appealed: Annotated[bool | None, Query(description="Whether the company has appealed a decision.")] = None,
    urgent: Annotated[bool | None, Query(description="Only urgent revisions, or only what is not urgent.")] = None,
) -> Page[ReviewSummaryAnswer]:
    """Lists reviews, urgent ones first, then by due time. Without filters it lists the open ones."""
    narrowed = QueueFilter(
        show, due, round_, kind, app, company, category, failed_step, appealed=appealed, urgent=urgent
    )
    return await context.transact(
        lambda session: shown_page(list_reviews(session, narrowed, actor, now_of(session), wanted), short_review)
    )


@router.post("/next", response_model=ReviewSummaryAnswer)
async def claim_next(context: InContext, actor: Decider, key: Key = None) -> JSONResponse:
    """Claims the most urgent review that nobody holds and that you may take, and returns it.

    It is never the appeal of what you had a part in. Two who ask at once get two reviews. 404 if none waits for you.
    """

    def work(session: Session) -> Answer:
        review = claim_next_review(session, actor, now_of(session))
        return 200, _short(session, review).model_dump(mode="json")

    asked = {"next": True}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.get("/refused-decisions")
async def refused_decisions(context: InContext, actor: Viewer, wanted: Paged) -> Page[RefusedDecisionAnswer]:
    """Lists your decisions of the last day that were to take effect later (`not_before`) and were refused then.

    A decision leaves the list once you decide on its review again.
    """

    def shown(one: RefusedDecision) -> RefusedDecisionAnswer:
        return RefusedDecisionAnswer(review=short_review(one.review), made=shown_decision(one.made))

    return await context.transact(
        lambda session: shown_page(list_refused_decisions(session, actor, now_of(session), wanted), shown)
    )


@router.get("/{review_id:uuid}")
async def read(context: InContext, actor: Viewer, review_id: UUID) -> FullReviewAnswer:  # noqa: ARG001
    """Returns a review in full: the submission and what changed, steps, findings, waivers, rounds, and the company."""

    def work(session: Session) -> FullReviewAnswer:
        now = now_of(session)
        dossier = open_dossier(session, review_id, context.profile, now)
        return full_review(dossier, load_policies(session), now)

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
    """Decides the review by requesting a transition, to which the rules still apply.

    The decision applies to this review only: it is refused once the partner has submitted again. The approval of a
    suspended App's revision lifts the suspension, and needs `expected_state: suspended` and a reason. Approving an
    appeal overturns the decision that it is about; requesting changes upholds it.
    """
    decision = _decision_of(body, key)
    wanted, _ = await context.transact(
        lambda session: decision_on(session, review_id, decision, actor, now_of(session), context.rulebook)
    )
    return await ask_for_one(context, actor, wanted, prefer)


@router.post("/{review_id}/decision/preview")
async def preview_decision(
    context: InContext, actor: Decider, review_id: UUID, body: ReviewDecision
) -> DecisionPreviewAnswer:
    """Shows what a decision would do now: what is unmet, and each mail as its recipient would read it. Does nothing.

    While only rules stand against the decision, the mails are those that it would send once they are met.
    """

    def work(session: Session) -> DecisionPreviewAnswer:
        now, writer = now_of(session), context.writer(session)
        decision = _decision_of(body)
        found = rehearse_decision(session, review_id, decision, actor, now, writer, context.envelope.unseal)
        return shown_rehearsal(found, context.letterhead)

    return await context.transact(work)


def _decision_of(body: ReviewDecision, key: str | None = None) -> Decision:
    return Decision(
        trigger=AppTrigger(body.decision),
        reasons=reasons_of(body.reasons),
        idempotency_key=key,
        expected_state=body.expected_state.value if body.expected_state else None,
        not_before=body.not_before,
        publish_at=body.publish_at,
    )


def _short(session: Session, review: Review) -> ReviewSummaryAnswer:
    return short_review(summarize_reviews(session, [review], now_of(session))[0])
