"""Holding a review: claiming it, putting it back, and handing it over.

Every change locks the App, then its review, then the reviewer whose claims are counted.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import App, Person, Review
from models.lifecycle import Role
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.telling import Told, notify_of_apps
from workflow.policy.document import load_policies
from workflow.work.bells import Bell, ring_after_commit

REVIEWING_ROLES = (Role.REVIEWER.value, Role.ADMIN.value)
"""Who may hold a review."""


def lock_review(session: Session, review_id: UUID) -> Review:
    """Returns the review, freshly read, with its App and itself locked: nobody judges it meanwhile. Raises NotFound."""
    app = select(App.id).join(Review, Review.app_id == App.id).where(Review.id == review_id)
    session.execute(app.with_for_update(of=App, key_share=True))
    statement = select(Review).where(Review.id == review_id).with_for_update().execution_options(populate_existing=True)
    review = session.scalar(statement)
    if review is None:
        raise NotFound("review.not_found", f"There is no review {review_id}.", "List the reviews.")
    return review


def lock_open_review(session: Session, review_id: UUID) -> Review:
    """Like `lock_review`. Raises Conflict when the review is over."""
    review = lock_review(session, review_id)
    if review.closed_at is not None:
        raise Conflict("review.closed", f"This review ended: {review.outcome}.", "Look at the App's newest review.")
    return review


def lock_held_review(session: Session, review_id: UUID, actor: Actor, now: datetime) -> Review:
    """Like `lock_open_review`, for an act of its holder, which keeps the claim from lapsing. Raises Conflict."""
    review = lock_open_review(session, review_id)
    if review.claimed_by != actor.id:
        raise Conflict("review.not_held", "You do not hold this review.", "Claim it first.")
    review.last_act_at = now
    return review


def claim_review(session: Session, review_id: UUID, actor: Actor, now: datetime) -> Review:
    """Makes the reviewer the holder of the review; claiming what one holds changes nothing. Does not commit.

    Raises NotFound, and Conflict when it is closed, held by somebody else, or more than they may hold.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by is not None and review.claimed_by != actor.id:
        raise Conflict(
            "review.claimed", "Another reviewer holds this review.", "Choose another, or ask them to release it."
        )
    if review.claimed_by is None:
        _give(session, review, actor.id, now)
    log_action(session, actor, "review.claim", review_id)
    return review


def release_review(session: Session, review_id: UUID, actor: Actor) -> Review:
    """Puts the review back into the queue. Does not commit. Raises NotFound, and Conflict when they do not hold it."""
    review = lock_open_review(session, review_id)
    if review.claimed_by != actor.id:
        raise Conflict("review.not_held", "You do not hold this review.", "Only its holder can release it.")
    review.claimed_by = review.claimed_at = review.last_act_at = None
    session.flush()
    log_action(session, actor, "review.release", review_id)
    return review


def hand_over_review(session: Session, review_id: UUID, actor: Actor, to: UUID, now: datetime) -> Review:
    """Hands a held review over to another reviewer and tells them. Does not commit.

    For its holder and for admins. Handing it to whoever holds it changes nothing. Raises NotFound (review, reviewer)
    and Conflict when it is closed, not theirs to give, or more than the other may hold.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by is None or (review.claimed_by != actor.id and actor.role is not Role.ADMIN):
        raise Conflict("review.not_held", "You do not hold this review.", "Only its holder can hand it over.")
    log_action(session, actor, "review.hand_over", review_id, to=str(to))
    if review.claimed_by == to:
        return review
    _give(session, review, to, now)
    cause = f"review:{review.id}:handed_over:{to}:{now.isoformat()}"
    notify_of_apps(session, NotificationKind.REVIEW_HANDED_OVER, [Told(review.app_id, to, cause)], now)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return review


def _give(session: Session, review: Review, person_id: UUID, now: datetime) -> None:
    """Makes the person the holder. Their row is locked while their claims are counted, so two cannot both be the last.

    What came back to them as a resubmission counts too.
    """
    person = session.scalar(
        select(Person)
        .where(Person.id == person_id, Person.role.in_(REVIEWING_ROLES), Person.removed_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if person is None:
        raise NotFound("reviewer.not_found", f"There is no reviewer {person_id}.", "Choose an active reviewer.")
    held = session.scalars(
        select(func.count()).select_from(Review).where(Review.claimed_by == person_id, Review.closed_at.is_(None))
    ).one()
    limit = load_policies(session).current.claims_at_once
    if held >= limit:
        raise Conflict(
            "review.claim_limit",
            f"{person.name} holds {held} open reviews; {limit} is the limit.",
            "Decide or release one first.",
        )
    review.claimed_by, review.claimed_at, review.last_act_at = person_id, now, None
    session.flush()
