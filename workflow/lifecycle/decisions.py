"""A reviewer's decision on a review, as a request for a transition that can be applied only in the review's round."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from models import App, Review
from models.lifecycle import AppState, AppTrigger, ReviewKind
from workflow.errors import Conflict, Invalid, Refused
from workflow.identity.actors import Actor
from workflow.lifecycle.expectations import refused_also, unmet_expectations
from workflow.lifecycle.facts import Ask
from workflow.lifecycle.loading import LoadedApp, load_facts
from workflow.lifecycle.requests import CallerRequest, Wanted, refusal_of, was_asked
from workflow.lifecycle.rulebook import AppRulebook
from workflow.machines import Judgment
from workflow.policy.document import load_policies
from workflow.reasons import Reason, filled_in, saved_reasons_named
from workflow.reviewing.decisions import due_decision
from workflow.reviewing.dossier import find_review

MAX_UNDO: Final = timedelta(seconds=60)
"""How far ahead `not_before` of a decision may lie: it is there for taking the decision back, not for planning it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A decision on a review, and the App's state as the reviewer saw it (None: any; for an approval that of now).

    It takes effect at once, or at `not_before`, until which whoever made it can take it back.
    """

    trigger: AppTrigger
    reasons: tuple[Reason, ...] = ()
    idempotency_key: str | None = None
    expected_state: str | None = None
    not_before: datetime | None = None
    publish_at: datetime | None = None


def decision_on(
    session: Session, review_id: UUID, decision: Decision, actor: Actor, now: datetime, rulebook: AppRulebook
) -> tuple[Wanted, Review]:
    """Returns a decision on a review as a request that can be applied only in the review's own round, and the review.

    It expects the review itself and the App's state as the reviewer saw it, so that a decision meant for what the
    reviewer saw never decides anything else. A decision for later is judged here already: raises Refused with every
    unmet rule, Invalid if it is for later than MAX_UNDO, and Conflict if another one is due.

    Raises NotFound, and Conflict, unless the same call was made before with this key: for a closed review, and for an
    approval that would lift a suspension without saying, by `expected_state`, that the reviewer knows of it.
    """
    review = find_review(session, review_id)
    app = session.get_one(App, review.app_id, populate_existing=True)
    wanted = _wanted(decision, app, review)
    if was_asked(session, decision.idempotency_key, actor):
        return wanted, review
    if review.closed_at is not None:
        raise Conflict("review.closed", f"This review ended: {review.outcome}.", "Look at the App's newest review.")
    if decision.expected_state is None and decision.trigger in _APPROVALS and _lifts_suspension(app, review):
        raise Conflict(
            "review.app_suspended",
            "The App is suspended, and this approval would lift the suspension.",
            "Read why it was suspended. To lift the suspension, send expected_state: suspended, with a reason.",
        )
    if decision.not_before is not None:
        _require_possible(session, review, wanted, actor, now, rulebook)
    return wanted, review


def judge_wanted(
    session: Session, app_id: UUID, wanted: Wanted, actor: Actor, now: datetime, rulebook: AppRulebook
) -> tuple[Judgment, LoadedApp]:
    """Returns how the request would be judged now, and its App with the facts as asked by the actor. Locks nothing.

    Raises WorkflowError for a request that could not even be accepted, such as for an unknown saved reason.
    """
    refusal = refusal_of(CallerRequest(actor, wanted), now)
    if refusal is not None:
        raise refusal
    reasons = filled_in(wanted.reasons, saved_reasons_named(session, wanted.reasons), actor)
    app = load_facts(session, [app_id], load_policies(session))[app_id]
    facts = app.facts.asked_by(Ask(actor, reasons, wanted.publish_at))
    judgment = rulebook.judge(wanted.trigger, facts)
    also = unmet_expectations(wanted, wanted.trigger, facts)
    return (refused_also(judgment, also) if also else judgment), replace(app, facts=facts)


def _wanted(decision: Decision, app: App, review: Review) -> Wanted:
    return Wanted(
        app=app.slug,
        trigger=decision.trigger,
        idempotency_key=decision.idempotency_key,
        expected_state=decision.expected_state,
        not_before=decision.not_before,
        expected_review=review.opened_version,
        reasons=decision.reasons,
        state_when_asked=app.state if decision.trigger in _APPROVALS else None,
        publish_at=decision.publish_at,
    )


def _require_possible(
    session: Session, review: Review, wanted: Wanted, actor: Actor, now: datetime, rulebook: AppRulebook
) -> None:
    if wanted.not_before is not None and wanted.not_before > now + MAX_UNDO:
        raise Invalid(
            "not_before.out_of_bounds",
            f"not_before is {wanted.not_before.isoformat()}; a decision waits for at most "
            f"{MAX_UNDO // timedelta(seconds=1)} seconds.",
            "Give an earlier time, or leave it out to decide at once.",
        )
    due = due_decision(session, review)
    if due is not None:
        raise Conflict(
            "review.decision_due",
            f"{due.by or 'Somebody'} has decided on this review already: {due.trigger}, at "
            f"{due.due_at.astimezone(UTC):%H:%M:%S} UTC.",
            "Cancel that transition request if it is yours, or wait for its outcome.",
        )
    judgment, _ = judge_wanted(session, review.app_id, wanted, actor, now, rulebook)
    if not judgment.allowed:
        raise Refused(f"{wanted.trigger} of {wanted.app} is not possible.", judgment.unmet)


_APPROVALS = (AppTrigger.APPROVE, AppTrigger.PROPOSE_APPROVE)


def _lifts_suspension(app: App, review: Review) -> bool:
    """Returns whether an approval lifts a suspension besides publishing. That of an appeal is about nothing else."""
    return app.state == AppState.SUSPENDED and review.kind != ReviewKind.APPEAL
