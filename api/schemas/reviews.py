"""The answers for reviews and their steps: what the queue shows of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.decisions import MadeDecisionAnswer
from api.schemas.findings import StepFindingAnswer
from models.checklist import Requirement
from models.lifecycle import ReviewKind, StepState
from models.review import ReviewOutcome
from models.steps import STEPS, StepTaker, step_title
from workflow.reviewing.dossier import (
    StepWithDecider,
)
from workflow.reviewing.queue import Due, ReviewSummary


class HolderAnswer(BaseModel):
    """The reviewer who holds the review."""

    id: UUID
    name: Annotated[str, Field(examples=["Rae Reviewer"])]


StepTitle = Annotated[str, Field(examples=["The end-to-end check with the test account"])]


class StepSummaryAnswer(BaseModel):
    code: Annotated[str, Field(examples=["end_to_end_check"])]
    title: StepTitle
    state: StepState


class ReviewHeadAnswer(BaseModel):
    """The fields of every answer about a review. At most one of `due_soon` and `overdue` is true, none once closed."""

    id: UUID
    app: Annotated[str, Field(examples=["acme"])]
    app_name: Annotated[str, Field(examples=["Acme"])]
    round: Annotated[int, Field(ge=1)]
    kind: ReviewKind
    urgent: bool
    categories: list[str]
    opened_at: datetime
    due_at: datetime
    due_soon: bool
    overdue: bool
    holder: HolderAnswer | None
    claimed_at: datetime | None
    last_act_at: datetime | None
    outcome: ReviewOutcome | None
    closed_at: datetime | None


class ReviewedCompanyAnswer(BaseModel):
    """The company that owns the App."""

    id: UUID
    name: Annotated[str, Field(examples=["Acme"])]


class ReviewSummaryAnswer(ReviewHeadAnswer):
    """A review in the queue, with its App's company and a summary of its steps."""

    company: ReviewedCompanyAnswer
    steps: list[StepSummaryAnswer]


class ReviewStepAnswer(BaseModel):
    """A step of a review. `status` is `due` while a worker has yet to run it. `error` says why its last run failed."""

    code: Annotated[str, Field(examples=["end_to_end_check"])]
    title: StepTitle
    taken_by: StepTaker
    requirement: Annotated[
        Requirement | None, Field(description="The requirement of the checklist that the step is about.")
    ]
    state: StepState
    observed: Annotated[bool, Field(description="Whether what it finds is only shown, and decides nothing.")]
    status: Annotated[str, Field(examples=["void"])]
    run: Annotated[int, Field(ge=1)]
    findings: list[StepFindingAnswer]
    reason: str | None
    error: str | None
    why: Annotated[str, Field(description="Why the review has this step; empty in the answer to a decision.")] = ""
    decided_by: Annotated[str | None, Field(description="The reviewer's name, null if a machine decided.")] = None
    decided_at: datetime | None


class RefusedDecisionAnswer(BaseModel):
    """A decision of yours that was refused when it was to take effect, and the review that it is on."""

    review: ReviewSummaryAnswer
    made: MadeDecisionAnswer


def short_review(one: ReviewSummary) -> ReviewSummaryAnswer:
    """Returns the summary of a review for the queue."""
    steps = [StepSummaryAnswer(code=code, title=step_title(code), state=StepState(state)) for code, state in one.steps]
    company = ReviewedCompanyAnswer(id=one.company_id, name=one.company)
    return ReviewSummaryAnswer(**head_of(one), company=company, steps=steps)


def shown_step(taken: StepWithDecider, why: str = "") -> ReviewStepAnswer:
    """Returns the answer for a step, with its findings, and why the review has it."""
    step = taken.step
    defined = STEPS.get(step.code)
    return ReviewStepAnswer(
        code=step.code,
        title=step_title(step.code),
        taken_by=StepTaker.PERSON if defined is None else defined.taken_by,
        requirement=None if defined is None else defined.requirement,
        state=StepState(step.state),
        observed=step.observed,
        status=step.status,
        run=step.run,
        findings=_findings(step.findings),
        reason=step.reason,
        error=step.last_error,
        why=why,
        decided_by=taken.decided_by,
        decided_at=step.decided_at,
    )


def head_of(one: ReviewSummary) -> dict[str, Any]:
    """Returns the fields of a ReviewHeadAnswer."""
    review = one.review
    holder = None
    if review.claimed_by is not None and one.holder_name is not None:
        holder = HolderAnswer(id=review.claimed_by, name=one.holder_name)
    return {
        "id": review.id,
        "app": one.app,
        "app_name": one.app_name,
        "round": one.round,
        "kind": one.kind,
        "urgent": review.urgency == 0,
        "categories": review.categories,
        "opened_at": review.opened_at,
        "due_at": review.due_at,
        "due_soon": one.due is Due.SOON,
        "overdue": one.due is Due.OVERDUE,
        "holder": holder,
        "claimed_at": review.claimed_at,
        "last_act_at": review.last_act_at,
        "outcome": review.outcome,
        "closed_at": review.closed_at,
    }


def _findings(stored: Sequence[Mapping[str, Any]]) -> list[StepFindingAnswer]:
    return [StepFindingAnswer.model_validate(finding) for finding in stored]
