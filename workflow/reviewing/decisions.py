"""Decisions that somebody has made on a review and that have not taken effect: due ones, and refused ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_
from sqlalchemy.orm import Session, aliased

from models import Person, Review, TransitionRequest
from models.lifecycle import AppTrigger, Role
from models.request import RequestStatus
from workflow.identity.actors import Actor
from workflow.pages import PageOf, PageRequest, read_page
from workflow.reviewing.queue import ReviewSummary, summarize_reviews

MAX_DECISIONS: Final = 20
"""The number of decisions that are shown of one review, newest first."""
REFUSED_SHOWN: Final = timedelta(days=1)
"""How long a decision that was refused later is in the list of whoever made it."""

_NOT_TAKEN = (RequestStatus.REFUSED.stored, RequestStatus.DEAD.stored)
_DECIDING = (
    AppTrigger.APPROVE.value,
    AppTrigger.REQUEST_CHANGES.value,
    AppTrigger.PROPOSE_APPROVE.value,
    AppTrigger.CLEAR.value,
    AppTrigger.FLAG.value,
)
_BY_PEOPLE = (Role.REVIEWER.value, Role.ADMIN.value)
_MADE_OF_REVIEW = (
    select(TransitionRequest, Person.name)
    .outerjoin(Person, Person.id == TransitionRequest.principal_id)
    .where(
        TransitionRequest.app_id == bindparam("app_id"),
        TransitionRequest.expected_review == bindparam("version"),
        TransitionRequest.status.in_([RequestStatus.DUE.stored, *_NOT_TAKEN]),
        TransitionRequest.trigger.in_(_DECIDING),
        TransitionRequest.role.in_(_BY_PEOPLE),
    )
    .order_by(TransitionRequest.id.desc())
    .limit(MAX_DECISIONS)
    .execution_options(populate_existing=True)
)
_AGAIN = aliased(TransitionRequest)
_DECIDED_AGAIN = select(_AGAIN.id).where(
    _AGAIN.app_id == TransitionRequest.app_id,
    _AGAIN.expected_review == TransitionRequest.expected_review,
    _AGAIN.principal_id == TransitionRequest.principal_id,
    _AGAIN.id > TransitionRequest.id,
    _AGAIN.status.in_([RequestStatus.DUE.stored, RequestStatus.APPLIED.stored]),
)
"""A later decision of the same person on the same review as the row of TransitionRequest around it."""


@dataclass(frozen=True, slots=True)
class MadeDecision:
    """A decision on a review that is due, refused or dead: by whom, with which reasons, and what it does not meet."""

    id: UUID
    trigger: str
    status: RequestStatus
    by_id: UUID
    by: str | None
    reasons: Sequence[Mapping[str, Any]]
    asked_at: datetime
    due_at: datetime
    finished_at: datetime | None
    unmet: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class RefusedDecision:
    """A decision that was refused after it was accepted, and its review."""

    review: ReviewSummary
    made: MadeDecision


def decisions_made(session: Session, review: Review) -> tuple[MadeDecision, ...]:
    """Returns the newest decisions of people on the review that have not taken effect, newest first. One query."""
    rows = session.execute(_MADE_OF_REVIEW, {"app_id": review.app_id, "version": review.opened_version})
    return tuple(_made(request, name) for request, name in rows)


def due_decision(session: Session, review: Review) -> MadeDecision | None:
    """Returns the newest decision on the review that is still due, None if there is none."""
    return next((one for one in decisions_made(session, review) if one.status is RequestStatus.DUE), None)


def list_refused_decisions(
    session: Session, actor: Actor, now: datetime, wanted: PageRequest
) -> PageOf[RefusedDecision]:
    """Returns a page of the actor's own decisions that were to take effect later and were refused then, newest first.

    It has those of REFUSED_SHOWN, unless the actor has decided on the same review again since. Four queries, one if
    there are none.
    """
    statement = select(TransitionRequest).where(
        TransitionRequest.principal_id == actor.id,
        TransitionRequest.status.in_(_NOT_TAKEN),
        TransitionRequest.expected_review.is_not(None),
        TransitionRequest.trigger.in_(_DECIDING),
        TransitionRequest.due_at > TransitionRequest.received_at,
        TransitionRequest.finished_at > now - REFUSED_SHOWN,
        ~_DECIDED_AGAIN.exists(),
    )
    found = read_page(session, statement, TransitionRequest.id, wanted, newest_first=True)
    return found.map(lambda rows: _with_reviews(session, rows, now))


def _with_reviews(session: Session, rows: Sequence[TransitionRequest], now: datetime) -> list[RefusedDecision]:
    places = [(row.app_id, row.expected_review) for row in rows]
    reviews = session.scalars(select(Review).where(tuple_(Review.app_id, Review.opened_version).in_(places))).all()
    review_of = {
        (one.review.app_id, one.review.opened_version): one for one in summarize_reviews(session, reviews, now)
    }
    found = [(review_of.get((row.app_id, row.expected_review or 0)), row) for row in rows]
    return [RefusedDecision(review, _made(row, None)) for review, row in found if review is not None]


def _made(request: TransitionRequest, name: str | None) -> MadeDecision:
    return MadeDecision(
        id=request.id,
        trigger=request.trigger,
        status=RequestStatus(request.status),
        by_id=request.principal_id,
        by=name,
        reasons=request.reasons,
        asked_at=request.received_at,
        due_at=request.due_at,
        finished_at=request.finished_at,
        unmet=request.unmet,
    )
