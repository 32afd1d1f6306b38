"""Holding a review: claiming it and putting it back."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import App, Review
from workflow.actors import Actor
from workflow.errors import Conflict, NotFound


def lock_review(session: Session, review_id: UUID) -> Review:
    """Gives the review, freshly read, with its App and itself locked: nobody judges it meanwhile. Raises NotFound."""
    app = select(App.id).join(Review, Review.app_id == App.id).where(Review.id == review_id)
    session.execute(app.with_for_update(of=App, key_share=True))
    statement = select(Review).where(Review.id == review_id).with_for_update().execution_options(populate_existing=True)
    review = session.scalar(statement)
    if review is None:
        raise NotFound("review.not_found", f"There is no review {review_id}.", "List the reviews.")
    return review


def claim_review(session: Session, review_id: UUID, actor: Actor, now: datetime) -> Review:
    """Gives the review to the reviewer; claiming what one holds changes nothing. Does not commit.

    Raises NotFound, and Conflict when it is closed or held by somebody else.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by is not None and review.claimed_by != actor.id:
        raise Conflict(
            "review.claimed", "Another reviewer holds this review.", "Choose another, or ask them to release it."
        )
    if review.claimed_by is None:
        review.claimed_by, review.claimed_at = actor.id, now
        session.flush()
    return review


def release_review(session: Session, review_id: UUID, actor: Actor) -> Review:
    """Puts the review back into the queue. Does not commit. Raises NotFound, and Conflict when they do not hold it."""
    review = lock_open_review(session, review_id)
    if review.claimed_by != actor.id:
        raise Conflict("review.not_held", "You do not hold this review.", "Only its holder can release it.")
    review.claimed_by = review.claimed_at = None
    session.flush()
    return review


def lock_open_review(session: Session, review_id: UUID) -> Review:
    """Like `lock_review`. Raises Conflict when the review is over."""
    review = lock_review(session, review_id)
    if review.closed_at is not None:
        raise Conflict("review.closed", f"This review ended: {review.outcome}.", "Look at the App's newest review.")
    return review
