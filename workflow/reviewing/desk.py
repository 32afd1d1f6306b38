"""Claims of reviews: claiming a review, releasing it, and handing it over.

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
from workflow.identity.principals import require_present
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.notify import Recipient, notify_of_apps
from workflow.policy.document import load_policies
from workflow.work.bells import Bell, ring_after_commit

REVIEWING_ROLES = (Role.REVIEWER.value, Role.ADMIN.value)
"""The roles of people who may hold a review."""


def lock_review(session: Session, review_id: UUID) -> Review:
    """Returns the review, freshly read. Locks its App, so that no request is judged meanwhile, and the review itself.

    Raises NotFound.
    """
    app = select(App.id).join(Review, Review.app_id == App.id).where(Review.id == review_id)
    session.execute(app.with_for_update(of=App, key_share=True))
    statement = select(Review).where(Review.id == review_id).with_for_update().execution_options(populate_existing=True)
    review = session.scalar(statement)
    if review is None:
        raise NotFound("review.not_found", f"There is no review {review_id}.", "List the reviews.")
    return review


def lock_open_review(session: Session, review_id: UUID) -> Review:
    """Locks and returns the review as `lock_review` does. Raises NotFound, and Conflict if the review is closed."""
    review = lock_review(session, review_id)
    if review.closed_at is not None:
        raise Conflict("review.closed", f"This review ended: {review.outcome}.", "Look at the App's newest review.")
    return review


def lock_held_review(session: Session, review_id: UUID, actor: Actor, now: datetime) -> Review:
    """Locks and returns an open review for an act of its holder, which it records so that the claim does not lapse.

    Raises NotFound, and Conflict if the review is closed or the actor does not hold it.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by != actor.id:
        raise Conflict("review.not_held", "You do not hold this review.", "Claim it first.")
    review.last_act_at = now
    return review


def claim_review(session: Session, review_id: UUID, actor: Actor, now: datetime) -> Review:
    """Makes the actor the holder of the review, and returns it; claiming it again changes nothing. Does not commit.

    Raises NotFound, and Conflict if the review is closed or held by another reviewer, or the actor holds too many.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by is not None and review.claimed_by != actor.id:
        raise Conflict(
            "review.claimed", "Another reviewer holds this review.", "Claim another one, or ask them to release it."
        )
    if review.claimed_by is None:
        _set_holder(session, review, actor.id, actor, now)
    log_action(session, actor, "review.claim", review_id)
    return review


def release_review(session: Session, review_id: UUID, actor: Actor) -> Review:
    """Ends the actor's claim and returns the review, which is in the queue again. Does not commit.

    Raises NotFound, and Conflict if the review is closed or the actor does not hold it.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by != actor.id:
        raise Conflict("review.not_held", "You do not hold this review.", "Only its holder can release it.")
    review.claimed_by = review.claimed_at = review.last_act_at = None
    session.flush()
    log_action(session, actor, "review.release", review_id)
    return review


def hand_over_review(session: Session, review_id: UUID, actor: Actor, to: UUID, now: datetime) -> Review:
    """Hands a held review over to the reviewer `to`, who is notified, and returns it. Does not commit.

    Its holder and admins may do so. Handing it to its present holder changes nothing. Raises NotFound (the review or
    the reviewer), and Conflict if the review is closed or not held by the actor, or the other holds too many.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by is None or (review.claimed_by != actor.id and actor.role is not Role.ADMIN):
        raise Conflict("review.not_held", "You do not hold this review.", "Only its holder can hand it over.")
    if review.claimed_by == to:
        log_action(session, actor, "review.hand_over", review_id, to=str(to))
        return review
    _set_holder(session, review, to, actor, now)
    log_action(session, actor, "review.hand_over", review_id, to=str(to))
    cause = f"review:{review.id}:handed_over:{to}:{now.isoformat()}"
    notify_of_apps(session, NotificationKind.REVIEW_HANDED_OVER, [Recipient(review.app_id, to, cause)], now)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return review


def _set_holder(session: Session, review: Review, person_id: UUID, actor: Actor, now: datetime) -> None:
    """Makes the person the holder of the review, for `actor`, who is often the same. Raises NotFound and Conflict.

    Locks the person while their claims are counted, so that two concurrent claims cannot exceed the limit. Reviews
    that came back to them with a resubmission count too.
    """
    person = session.scalar(
        select(Person)
        .where(Person.id == person_id, Person.role.in_(REVIEWING_ROLES), Person.removed_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if person is None:
        require_present(session, actor)
        raise NotFound("reviewer.not_found", f"There is no reviewer {person_id}.", "Choose an active reviewer.")
    held = session.scalars(
        select(func.count()).select_from(Review).where(Review.claimed_by == person_id, Review.closed_at.is_(None))
    ).one()
    limit = load_policies(session).current.claims_at_once
    if held >= limit:
        raise Conflict(
            "review.claim_limit",
            f"{person.name} already holds as many open reviews as the policy allows: {held} of {limit}.",
            "Decide, release or hand over one of them first.",
        )
    review.claimed_by, review.claimed_at, review.last_act_at = person_id, now, None
    session.flush()
