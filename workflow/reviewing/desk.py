"""Claims of reviews: claiming a review or the most urgent one, releasing it, and handing it over.

Every change locks the App, then its review, then the people: the reviewer whose claims are counted, and who acts.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models import App, Person, Review
from models.lifecycle import AppTrigger, ReviewKind, Role
from workflow.errors import Conflict, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action, possible_again_at
from workflow.identity.principals import lock_people, require_present
from workflow.identity.staff import MAY_REVIEW
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.notify import Recipient, Unheld, notify_of_apps, notify_team_of_unheld
from workflow.policy.document import load_policies
from workflow.reviewing.proposals import standing_proposal
from workflow.work.bells import Bell, ring_after_commit

MAX_HAND_OVERS_A_DAY = 10
"""How often one review may be handed over within a day. Each mails the new holder."""


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

    A review whose holder has proposed the approval waits for a second person, who may claim it.

    Raises NotFound, and Conflict if the review is closed or held by another reviewer, or the actor holds too many, is
    away or is involved: nobody reviews what they submitted or own, or judges the appeal of what they had a
    part in.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by not in (None, actor.id) and not _waits_for_second_person(session, review):
        raise Conflict(
            "review.claimed", "Another reviewer holds this review.", "Claim another one, or ask them to release it."
        )
    if review.claimed_by != actor.id:
        _set_holder(session, review, actor.id, actor, now)
    log_action(session, actor, "review.claim", review_id)
    return review


def claim_next_review(session: Session, actor: Actor, now: datetime) -> Review:
    """Claims the most urgent review that nobody holds and the actor may take, and returns it. Does not commit.

    Reviews that others are claiming just now are skipped, so two who ask at once get two. Raises NotFound if there is
    none, which says when the next of all open reviews is due, and Conflict as `claim_review` does.
    """
    review_id = session.scalar(_NEXT, {"person_id": actor.id})
    if review_id is None:
        require_present(session, actor)
        detail = f"No review waits that nobody holds and that you may take. {_next_due(session, actor)}"
        raise NotFound("review.none_waiting", detail, "Ask again later: new reviews are mailed to the team.")
    return claim_review(session, review_id, actor, now)


def release_review(session: Session, review_id: UUID, actor: Actor, now: datetime) -> Review:
    """Ends the actor's claim and returns the review, which is in the queue again. The team is told. Does not commit.

    Raises NotFound, and Conflict if the review is closed or the actor does not hold it.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by != actor.id:
        raise Conflict("review.not_held", "You do not hold this review.", "Only its holder can release it.")
    release_locked_reviews(session, [review], actor, now)
    return review


def lock_reviews_of(session: Session, person_id: UUID) -> Sequence[Review]:
    """Returns the open reviews that a person holds. Locks their Apps, in order, and the reviews.

    A claim that commits meanwhile is left: if the person may not review any more, it lapses.
    """
    held = (Review.claimed_by == person_id, Review.closed_at.is_(None))
    apps = select(App.id).join(Review, Review.app_id == App.id).where(*held).order_by(App.id)
    session.execute(apps.with_for_update(of=App, key_share=True))
    reviews = select(Review).where(*held).order_by(Review.app_id).with_for_update()
    return session.scalars(reviews.execution_options(populate_existing=True)).all()


def release_locked_reviews(session: Session, reviews: Sequence[Review], actor: Actor, now: datetime) -> None:
    """Returns held reviews, which the caller has locked, to the queue. The team is told. Does not commit."""
    if not reviews:
        return
    unheld = []
    for review in reviews:
        assert review.claimed_by is not None  # noqa: S101 (the callers have read it)
        unheld.append(Unheld(review.app_id, review.claimed_by, f"review:{review.id}:released:{now.isoformat()}"))
        review.claimed_by = review.claimed_at = review.last_act_at = None
    session.flush()
    for review in reviews:
        log_action(session, actor, "review.release", review.id)
    notify_team_of_unheld(session, unheld, now)
    ring_after_commit(session, Bell.NOTIFICATIONS)


def hand_over_review(session: Session, review_id: UUID, actor: Actor, to: UUID, now: datetime) -> Review:
    """Hands a held review over to the reviewer `to`, who is notified, and returns it. Does not commit.

    Its holder and admins may do so. Handing it to its present holder changes nothing. Raises NotFound (the review or
    the reviewer), and Conflict if the review is closed or not held by the actor, was handed over too often within a
    day, or the other holds too many, is away or is involved.
    """
    review = lock_open_review(session, review_id)
    if review.claimed_by is None or (review.claimed_by != actor.id and actor.role is not Role.ADMIN):
        raise Conflict("review.not_held", "You do not hold this review.", "Only its holder can hand it over.")
    if review.claimed_by == to:
        return review
    _bound_hand_overs(session, review, now)
    lock_people(session, actor.id, to)
    _set_holder(session, review, to, actor, now)
    log_action(session, actor, "review.hand_over", review_id, to=str(to))
    cause = f"review:{review.id}:handed_over:{to}:{now.isoformat()}"
    notify_of_apps(session, NotificationKind.REVIEW_HANDED_OVER, [Recipient(review.app_id, to, cause)], now)
    ring_after_commit(session, Bell.NOTIFICATIONS)
    return review


def _bound_hand_overs(session: Session, review: Review, now: datetime) -> None:
    """Raises Conflict if the review was handed over as often as may be within a day. The caller holds its lock."""
    again_at = possible_again_at(session, "review.hand_over", review.id, MAX_HAND_OVERS_A_DAY, now)
    if again_at is not None:
        raise Conflict(
            "review.too_many_hand_overs",
            f"This review was handed over {MAX_HAND_OVERS_A_DAY} times within a day, the most that may be.",
            f"Hand it over after {again_at:%Y-%m-%d %H:%M} UTC, or release it for others to claim.",
        )


def _set_holder(session: Session, review: Review, person_id: UUID, actor: Actor, now: datetime) -> None:
    """Makes the person the holder of the review, for `actor`, who is often the same. Raises NotFound and Conflict.

    Locks the person while their claims are counted, so that two concurrent claims cannot exceed the limit. Reviews
    that came back to them with a resubmission count too.
    """
    person = session.scalar(
        select(Person)
        .where(Person.id == person_id, Person.role.in_(MAY_REVIEW), Person.removed_at.is_(None))
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if person is None:
        require_present(session, actor)
        raise NotFound("reviewer.not_found", f"There is no reviewer {person_id}.", "Choose an active reviewer.")
    if person.away_until is not None and person.away_until > now:
        raise Conflict(
            "reviewer.away",
            f"{person.name} is away until {person.away_until:%Y-%m-%d %H:%M} UTC.",
            "Choose another reviewer, or end the absence first.",
        )
    _require_uninvolved(session, review, person)
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


def _next_due(session: Session, actor: Actor) -> str:
    """Returns in words when the first of the open reviews is due, and whose it is."""
    first = session.execute(_FIRST_OPEN).one_or_none()
    if first is None:
        return "No review is open at all."
    due_at, holder = first
    whose = {None: "it is not for you", actor.id: "you hold it"}.get(holder, "a colleague holds it")
    return f"The next one is due by {due_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC: {whose}."


def may_take(review: str, app: str, person: str) -> str:
    """Returns the SQL condition that the person, an expression, has no part in what the review is of. Pure.

    A look at what is public may be taken by whoever began it, too.
    """
    theirs = f"{person} IN ({review}.opened_by, {app}.created_by)"
    kind = ReviewKind.HEALTH.value
    had_part = f"({review}.decider IS NOT DISTINCT FROM {person} OR {person} = ANY({review}.involved))"
    return f"(NOT {had_part} AND ({review}.kind = '{kind}' OR NOT {theirs}))"


def _waits_for_second_person(session: Session, review: Review) -> bool:
    """Returns whether the holder of the review has proposed its approval, and it stands."""
    proposal = standing_proposal(session, review.app_id)
    return (
        proposal is not None
        and proposal.trigger == AppTrigger.PROPOSE_APPROVE
        and proposal.proposed_by == review.claimed_by
    )


def _require_uninvolved(session: Session, review: Review, person: Person) -> None:
    """Raises Conflict if the person has a part in what the review is of: the same condition as `may_take`."""
    if person.id == review.decider or person.id in review.involved:
        raise Conflict(
            "appeal.uninvolved",
            f"{person.name} had a part in the decision that this review is the appeal of.",
            "Have somebody else take it.",
        )
    created_by = session.scalar(select(App.created_by).where(App.id == review.app_id))
    if review.kind != ReviewKind.HEALTH and person.id in (review.opened_by, created_by):
        raise Conflict(
            "review.not_own_app", f"{person.name} created or submitted this App.", "Have somebody else take it."
        )


_NEXT = text(f"""
    SELECT r.id FROM review r JOIN app a ON a.id = r.app_id
     WHERE r.closed_at IS NULL AND r.needs_person AND r.claimed_by IS NULL AND {may_take("r", "a", ":person_id")}
     ORDER BY r.urgency, r.due_at, r.id LIMIT 1 FOR NO KEY UPDATE OF a, r SKIP LOCKED
""")
"""Locks the review besides its App: a claim that has just committed changed the review, so it is looked at afresh."""

_FIRST_OPEN = text("""
    SELECT due_at, claimed_by FROM review WHERE closed_at IS NULL AND needs_person ORDER BY urgency, due_at, id LIMIT 1
""")
