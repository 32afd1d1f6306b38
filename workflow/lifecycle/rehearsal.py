"""What a decision would tell to whom, found out by writing it and rolling it back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.base import new_id
from models.lifecycle import APP_EDGES
from workflow.identity.actors import Actor
from workflow.lifecycle.apply import WriteContext, plan, write_transitions
from workflow.lifecycle.decisions import Decision, decision_on, judge_wanted
from workflow.machines import Judgment
from workflow.notifications.delivery import letter_of
from workflow.notifications.mail import Letter
from workflow.reviewing.desk import lock_review


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """How a decision would be judged now, and the letters that it would send. An impossible one has letters, too."""

    judgment: Judgment
    letters: tuple[Letter, ...]


def rehearse_decision(
    session: Session,
    review_id: UUID,
    decision: Decision,
    actor: Actor,
    now: datetime,
    writer: WriteContext,
    unseal: Callable[[str], str],
) -> Rehearsal:
    """Returns what a decision on the review would do, and does nothing.

    The transition is written with all its effects, its letters are read as whoever sends mails reads them, and all of
    it is rolled back: so a letter here is the one that is sent. If only rules stand against the decision, the letters
    are those that it would send without them. Locks the App and the review meanwhile. Raises what `decision_on` raises
    for a decision that has no key and takes effect at once, and Invalid for reasons or a day that cannot be given.
    """
    lock_review(session, review_id)
    now_decided = replace(decision, idempotency_key=None, not_before=None)
    wanted, review = decision_on(session, review_id, now_decided, actor, now, writer.rulebook)
    judgment, app = judge_wanted(session, review.app_id, wanted, actor, now, writer.rulebook)
    target = judgment.target or _TARGETS.get((decision.trigger.value, app.facts.state, app.facts.open_kind))
    if target is None:
        return Rehearsal(judgment, ())
    planned = plan(review.app_id, new_id(), decision.trigger, target, app.facts)
    rehearsed = session.begin_nested()
    try:
        write_transitions(session, [planned], {review.app_id: app.head_hash}, now, writer)
        written = session.scalars(_WRITTEN, {"app_id": review.app_id, "version": planned.version}).all()
        letters = [letter_of(session, notification, unseal) for notification in written]
    finally:
        rehearsed.rollback()
    return Rehearsal(judgment, tuple(letter for letter in letters if letter is not None))


_TARGETS: Final = {(edge.trigger, edge.source, edge.review): edge.target for edge in APP_EDGES}

_WRITTEN = text("""
    SELECT id FROM notification WHERE app_id = :app_id AND app_version = :version AND status = 'due' ORDER BY id
""")
