"""The latest review of an App as its partner may see it: steps with their findings, and the reasons for changes.

The holder's name, waivers and internal errors are only for reviewers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from models import Review, ReviewStep, Submission, Transition, TransitionReason
from models.lifecycle import AppTrigger, ReviewKind
from models.review import ReviewOutcome
from models.steps import STEPS, StepTaker, step_title
from workflow.findings import where_to_fix
from workflow.policy.document import Policies
from workflow.reviewing.appeals import is_stranded
from workflow.reviewing.standing import findings_before, found_in, standing_of


@dataclass(frozen=True, slots=True)
class PartnerStep:
    """A review step: its title, its state, its findings, the API path at which they can be fixed, and who takes it.

    If there was a round before, each finding has its `standing`.
    """

    code: str
    title: str
    state: str
    findings: tuple[Mapping[str, Any], ...]
    decided_at: datetime | None
    where: str
    taken_by: StepTaker
    observed: bool


@dataclass(frozen=True, slots=True)
class PartnerLook:
    """The latest look at what is public that has ended, `cleared` or `flagged`, with its steps.

    What the steps in `observed` found does not count yet. `earlier` are findings of the look before it that it does not
    have.
    """

    looked_at: datetime
    outcome: str
    steps: tuple[PartnerStep, ...]
    earlier: tuple[Mapping[str, Any], ...]
    observed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PartnerReview:
    """A review. While it is open, `place` is its position in the queue, counted from 1.

    `stranded`: nobody holds this appeal, and nobody who may take it is here.

    `submitted` is the submitted evidence by requirement; `reasons` are given if changes were requested. `earlier` are
    findings of the round before that this one does not have: they are fixed, or not checked yet.
    """

    id: UUID
    kind: str
    urgent: bool
    round: int
    opened_at: datetime
    due_at: datetime
    closed_at: datetime | None
    outcome: str | None
    place: int | None
    stranded: bool
    steps: tuple[PartnerStep, ...]
    earlier: tuple[Mapping[str, Any], ...]
    reasons: tuple[Mapping[str, str], ...]
    submitted: Mapping[str, Any]


def latest_review(session: Session, app_id: UUID, slug: str) -> PartnerReview | None:
    """Returns the App's newest review, None if the App has never been submitted."""
    statement = (
        select(Review, Submission)
        .join(Submission, Submission.id == Review.submission_id)
        .where(Review.app_id == app_id, Review.kind != ReviewKind.HEALTH.value)
        .order_by(Review.opened_version.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    found = session.execute(statement).one_or_none()
    if found is None:
        return None
    review, submission = found
    steps, earlier = _steps_of(session, review, slug)
    return PartnerReview(
        id=review.id,
        kind=review.kind,
        urgent=review.urgency == 0,
        round=submission.round,
        opened_at=review.opened_at,
        due_at=review.due_at,
        closed_at=review.closed_at,
        outcome=review.outcome,
        place=_place(session, review) if review.closed_at is None else None,
        stranded=review.closed_at is None and review.kind == ReviewKind.APPEAL and is_stranded(session, review.id),
        steps=steps,
        earlier=earlier,
        reasons=_reasons(session, review),
        submitted=submission.snapshot["evidence"],
    )


def latest_look(session: Session, app_id: UUID, slug: str, policies: Policies) -> PartnerLook | None:
    """Returns the latest health review of the App that was cleared or flagged, None if there was none."""
    ended = (ReviewOutcome.CLEARED.value, ReviewOutcome.FLAGGED.value)
    statement = (
        select(Review)
        .where(Review.app_id == app_id, Review.outcome.in_(ended))
        .order_by(Review.opened_version.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    review = session.scalar(statement)
    if review is None or review.closed_at is None:
        return None
    steps, earlier = _steps_of(session, review, slug)
    not_counted = policies.by_version[review.policy_version].observed
    return PartnerLook(
        review.closed_at,
        str(review.outcome),
        steps,
        earlier,
        tuple(step.code for step in steps if step.observed or step.code in not_counted),
    )


def _steps_of(
    session: Session, review: Review, slug: str
) -> tuple[tuple[PartnerStep, ...], tuple[Mapping[str, Any], ...]]:
    """Returns the steps of the review, and the findings of the round before that it does not have."""
    wanted = select(ReviewStep).where(ReviewStep.review_id == review.id).order_by(ReviewStep.code)
    steps = session.scalars(wanted.execution_options(populate_existing=True)).all()
    found = [found_in(step.code, step.state, step.findings) for step in steps]
    standing = standing_of(findings_before(session, review), found)
    shown = (
        PartnerStep(
            step.code,
            step_title(step.code),
            step.state,
            standing.of_steps[step.code],
            step.decided_at,
            where_to_fix(step.code, slug),
            STEPS[step.code].taken_by if step.code in STEPS else StepTaker.PERSON,
            step.observed,
        )
        for step in steps
    )
    return tuple(shown), standing.earlier


def _place(session: Session, review: Review) -> int:
    place = tuple_(Review.urgency, Review.due_at, Review.id)
    before = place < tuple_(review.urgency, review.due_at, review.id)
    waiting = (Review.closed_at.is_(None), Review.needs_person)
    return 1 + int(session.scalar(select(func.count()).where(*waiting, before)) or 0)


def _reasons(session: Session, review: Review) -> tuple[Mapping[str, str], ...]:
    if review.outcome not in (ReviewOutcome.CHANGES_REQUESTED, ReviewOutcome.UPHELD):
        return ()
    statement = (
        select(TransitionReason.reasons)
        .join(
            Transition,
            (Transition.app_id == TransitionReason.app_id) & (Transition.version == TransitionReason.version),
        )
        .where(
            Transition.app_id == review.app_id,
            Transition.version > review.opened_version,
            Transition.trigger == AppTrigger.REQUEST_CHANGES.value,
        )
        .order_by(Transition.version)
        .limit(1)
    )
    return tuple(session.scalar(statement) or ())
