"""The review queue: filtering reviews, listing them by due time, and summarizing them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session, aliased

from models import App, Organization, Person, Review, ReviewStep, Submission
from models.lifecycle import ReviewKind, StepState
from workflow.identity.actors import Actor
from workflow.pages import PageOf, PageRequest, read_page


class Show(StrEnum):
    """Which reviews are listed: `mine` are those that the actor holds."""

    OPEN = "open"
    UNCLAIMED = "unclaimed"
    MINE = "mine"
    ALL = "all"


class Due(StrEnum):
    """How close a review is to its due time. A review that is overdue is not due soon."""

    SOON = "soon"
    OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which reviews are wanted. None means any.

    `failed_step` is the code of a step that has failed. `appealed` reviews are those of Apps whose company has appealed
    a decision, the appeals included.
    """

    show: Show = Show.OPEN
    due: Due | None = None
    round: int | None = None
    kind: ReviewKind | None = None
    app: str | None = None
    company: UUID | None = None
    category: str | None = None
    failed_step: str | None = None
    appealed: bool | None = None
    urgent: bool | None = None


@dataclass(frozen=True, slots=True)
class ReviewSummary:
    """A review with its App and company, its kind, its submission's round, its holder's name, and its steps as (code,
    state)."""

    review: Review
    app: str
    app_name: str
    company_id: UUID
    company: str
    kind: str
    round: int
    due: Due | None
    holder_name: str | None
    steps: tuple[tuple[str, str], ...]


QUEUE_ORDER = (Review.urgency, Review.due_at, Review.id)


def queue_statement(narrowed: QueueFilter, actor: Actor, now: datetime) -> Select[Review]:
    """Returns the statement that selects the reviews of a filter, in QUEUE_ORDER."""
    statement = select(Review).order_by(*QUEUE_ORDER)
    if narrowed.show is not Show.ALL:
        statement = statement.where(Review.closed_at.is_(None), Review.needs_person)
    if narrowed.show is Show.UNCLAIMED:
        statement = statement.where(Review.claimed_by.is_(None))
    if narrowed.show is Show.MINE:
        statement = statement.where(Review.claimed_by == actor.id)
    if narrowed.due is not None:
        late = Review.due_at <= now
        soon = (Review.due_soon_at <= now) & ~late
        statement = statement.where(Review.closed_at.is_(None), late if narrowed.due is Due.OVERDUE else soon)
    if narrowed.round is not None:
        statement = statement.join(Submission, Submission.id == Review.submission_id)
        statement = statement.where(Submission.round == narrowed.round)
    if narrowed.kind is not None:
        statement = statement.where(Review.kind == narrowed.kind.value)
    return statement.where(*_about(narrowed))


def _about(narrowed: QueueFilter) -> Iterator[ColumnElement[bool]]:
    """Yields the conditions of a filter on what is reviewed."""
    if narrowed.app is not None:
        yield Review.app_id.in_(select(App.id).where(App.slug == narrowed.app))
    if narrowed.company is not None:
        yield Review.app_id.in_(select(App.id).where(App.organization_id == narrowed.company))
    if narrowed.category is not None:
        yield Review.categories.contains([narrowed.category])
    if narrowed.failed_step is not None:
        failed = (ReviewStep.code == narrowed.failed_step) & (ReviewStep.state == StepState.FAILED.value)
        yield Review.id.in_(select(ReviewStep.review_id).where(failed))
    if narrowed.appealed is not None:
        appeal = aliased(Review)
        appealed = Review.app_id.in_(select(appeal.app_id).where(appeal.kind == ReviewKind.APPEAL.value))
        yield appealed if narrowed.appealed else ~appealed
    if narrowed.urgent is not None:
        yield Review.urgency == 0 if narrowed.urgent else Review.urgency == 1


def list_reviews(
    session: Session, narrowed: QueueFilter, actor: Actor, now: datetime, wanted: PageRequest
) -> PageOf[ReviewSummary]:
    """Returns a page of the reviews of a filter, urgent ones first, then by due time. Three queries."""
    found = read_page(session, queue_statement(narrowed, actor, now), QUEUE_ORDER, wanted)
    return found.map(lambda reviews: summarize_reviews(session, reviews, now))


def summarize_reviews(session: Session, reviews: Sequence[Review], now: datetime) -> list[ReviewSummary]:
    """Returns a summary of each review, in the same order. Two queries, whatever their number."""
    ids = [review.id for review in reviews]
    about = {
        row.id: row
        for row in session.execute(
            select(
                Review.id,
                App.slug,
                App.name,
                App.organization_id,
                Organization.name.label("company"),
                Submission.round,
                Person.name.label("holder"),
            )
            .join(App, App.id == Review.app_id)
            .join(Organization, Organization.id == App.organization_id)
            .join(Submission, Submission.id == Review.submission_id)
            .outerjoin(Person, Person.id == Review.claimed_by)
            .where(Review.id.in_(ids))
        )
    }
    steps: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    wanted = select(ReviewStep.review_id, ReviewStep.code, ReviewStep.state).where(ReviewStep.review_id.in_(ids))
    for review_id, code, state in session.execute(wanted.order_by(ReviewStep.code)):
        steps[review_id].append((code, state))
    return [
        ReviewSummary(
            review,
            about[review.id].slug,
            about[review.id].name,
            about[review.id].organization_id,
            about[review.id].company,
            review.kind,
            about[review.id].round,
            due_of(review, now),
            about[review.id].holder,
            tuple(steps[review.id]),
        )
        for review in reviews
    ]


def due_of(review: Review, now: datetime) -> Due | None:
    """Returns whether a review is overdue or due soon; None if it is neither, or closed. Pure."""
    if review.closed_at is not None or now < review.due_soon_at:
        return None
    return Due.OVERDUE if now >= review.due_at else Due.SOON
