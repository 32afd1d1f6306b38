"""The status of an App for the people who wait for it: its state, whose turn it is, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import App, Transition, TransitionReason, TransitionRequest
from models.lifecycle import NO_REVIEW, AppState, AppTrigger, ReviewKind, Role
from models.review import ReviewOutcome
from workflow.building.draft_checks import DraftRun, latest_run
from workflow.building.published import PlannedEntry, PublishedEntry, planned_entry, published_entry
from workflow.identity.actors import Actor
from workflow.lifecycle.facts import Ask, Facts
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.rulebook import AppRulebook
from workflow.lifecycle.service_view import judgments_for, shows_reasons_to
from workflow.machines import Judgment
from workflow.policy.document import Policies
from workflow.reviewing.grace import Grace, grace_of
from workflow.reviewing.partner_view import PartnerLook, PartnerReview, latest_look, latest_review

MAX_HISTORY = 50

_TURN_WORDS = {
    "partner": "It is the partner's turn.",
    "reviewer": "It is the reviewers' turn.",
    "schedule": "The service is working on it; this takes a few seconds.",
    "nobody": "There is nothing to wait for.",
}
HAPPENED = {
    AppTrigger.CREATE: "The {role} created the App.",
    AppTrigger.SUBMIT: "The {role} submitted the App for review.",
    AppTrigger.WITHDRAW: "The {role} withdrew the submission.",
    AppTrigger.REQUEST_CHANGES: "The {role} asked for changes.",
    AppTrigger.APPROVE: "The {role} approved what was submitted.",
    AppTrigger.ADOPT: "The {role} adopted the App from another system, in public beta.",
    AppTrigger.PROMOTE: "The {role} made the App public.",
    AppTrigger.SUSPEND: "The {role} suspended the App.",
    AppTrigger.REINSTATE: "The {role} reinstated the App into public beta.",
    AppTrigger.REMOVE: "The {role} removed the App.",
    AppTrigger.RECHECK: "The {role} began to look again at what is public.",
    AppTrigger.CLEAR: "The {role} found nothing wrong with what is public.",
    AppTrigger.FLAG: "The {role} found something to be mended in what is public.",
    AppTrigger.APPEAL: "The {role} appealed the latest decision.",
    AppTrigger.UNLIST: "The {role} took the App off the catalog.",
    AppTrigger.RELIST: "The {role} put the App back into the catalog, as a public beta.",
    AppTrigger.PROPOSE_APPROVE: "The {role} proposed to approve the App; a second person decides.",
    AppTrigger.PROPOSE_REMOVE: "The {role} proposed to remove the App; a second person decides.",
}
"""What each trigger is called in an App's history, once it was applied."""


@dataclass(frozen=True, slots=True)
class Event:
    """A transition of the App in words, with the reasons that were given for it."""

    version: int
    at: datetime
    trigger: str
    words: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AppStatus:
    """The status of an App. `turn` is partner, reviewer, schedule or nobody; `history` is newest first.

    `checks` is the latest check of its draft, and `entry` what the catalog shows, or shows again once it is reinstated.
    `planned` is what was approved for a day to come. A service sees nothing of the draft and its reviews.
    `look` is the latest look at what is public, and `grace` the time to mend what looks found, as long as it is not.
    """

    state: str
    version: int
    turn: str
    words: str
    triggers: tuple[Judgment, ...]
    review: PartnerReview | None
    checks: DraftRun
    entry: PublishedEntry | None
    planned: PlannedEntry | None
    look: PartnerLook | None
    grace: Grace | None
    history: tuple[Event, ...]


def turn_of(facts: Facts, under_way: bool) -> str:
    """Returns whose turn it is: partner, reviewer, schedule (something is `under_way`) or nobody."""
    if under_way:
        return "schedule"
    if facts.open_kind not in (NO_REVIEW, ReviewKind.HEALTH):
        return "reviewer"
    if facts.suspension is not None and facts.suspension.only_reinstated:
        return "reviewer"
    if facts.in_grace:
        return "partner"
    return {
        AppState.BUILDING: "partner",
        AppState.PUBLIC_BETA: "partner",
        AppState.SUSPENDED: "partner",
        AppState.UNLISTED: "partner",
    }.get(AppState(facts.state), "nobody")


def status_of(session: Session, app: App, actor: Actor, policies: Policies, rulebook: AppRulebook) -> AppStatus:
    """Returns the App's status, with every trigger judged as if `actor` asked for it now. Locks nothing."""
    facts = load_facts(session, [app.id], policies)[app.id].facts
    review = None if actor.role is Role.SERVICE else latest_review(session, app.id, app.slug)
    entry = published_entry(session, app)
    grace = grace_of(session, app.id)
    now_due = (
        TransitionRequest.app_id == app.id,
        TransitionRequest.status == "due",
        TransitionRequest.due_at <= func.now(),
    )
    under_way = session.scalar(select(TransitionRequest.id).where(*now_due).limit(1)) is not None
    promotable = rulebook.judge(AppTrigger.PROMOTE, facts).allowed
    turn = turn_of(facts, under_way or promotable)
    planned = planned_entry(session, app)
    checks = latest_run(session, app.id, app.slug)
    if actor.role is Role.SERVICE:
        checks = replace(checks, steps=())
        entry = replace(entry, changes={}, words=()) if entry else None
    return AppStatus(
        state=facts.state,
        version=facts.version,
        turn=turn,
        words=_words(facts, turn, review, entry, planned) + _words_of_grace(grace),
        triggers=judgments_for(actor, rulebook.triggers_of(facts.asked_by(Ask(actor)))),
        review=review,
        checks=checks,
        entry=entry,
        planned=planned,
        look=latest_look(session, app.id, app.slug, policies),
        grace=grace,
        history=_history(session, app, actor),
    )


_UNDER_REVIEW = {
    ReviewKind.FIRST: "It",
    ReviewKind.REVISION: "What you changed is under review, and cannot be edited unless you withdraw it: it",
    ReviewKind.APPEAL: "Your appeal is under review by somebody who had no part in the decision: it",
}
"""What is in the queue, by the kind of the open review."""
_ENDED = {
    ReviewOutcome.CHANGES_REQUESTED: "The review asked for changes: make them and submit again, or appeal.",
    ReviewOutcome.UPHELD: "The appeal was decided, and the changes are still asked for: make them and submit again.",
}
"""What is to be done after a review that ended so."""


def _words(
    facts: Facts, turn: str, review: PartnerReview | None, entry: PublishedEntry | None, planned: PlannedEntry | None
) -> str:
    words = f"The App is {facts.state.replace('_', ' ')}. {_TURN_WORDS[turn]}"
    if review is not None and review.closed_at is None:
        urgent = ", before all that are not urgent" if review.urgent else ""
        words += (
            f" {_UNDER_REVIEW[ReviewKind(review.kind)]} is number {review.place} in the queue{urgent}; "
            f"a decision is due by {review.due_at:%Y-%m-%d %H:%M} UTC."
        )
        if review.stranded:
            words += " Nobody who may decide it is here at present; the admins have been told."
    elif _may_submit_again(facts) and review is not None and review.outcome in _ENDED:
        words += f" {_ENDED[ReviewOutcome(review.outcome)]}"
    words += _how_to_be_shown(facts)
    if entry is not None and any(entry.changes.values()):
        back = "reinstated" if facts.suspension is not None else "relisted"
        shown = "The catalog shows" if entry.is_shown else f"If it is {back}, the catalog shows again"
        words += (
            f" {shown} what was approved on {entry.approved_at:%Y-%m-%d}; later changes of the draft are not in it."
        )
    if planned is not None:
        words += f" What was approved last is published on {planned.publish_at:%Y-%m-%d at %H:%M} UTC."
    return words


def _may_submit_again(facts: Facts) -> bool:
    return facts.suspension is None and facts.state != AppState.REMOVED


def _how_to_be_shown(facts: Facts) -> str:
    """Returns what brings an App that is off the catalog back into it."""
    if facts.state == AppState.UNLISTED:
        return " It is off the catalog, and the owner of the company can put it back (relist)."
    if facts.suspension is None:
        return ""
    lifted = (
        " No revision lifts the suspension: reviewers reinstate the App once the cause is settled."
        if facts.suspension.only_reinstated
        else " A revision that is approved lifts the suspension."
    )
    return lifted if facts.suspension.appealed else f"{lifted} It can be appealed once."


def _words_of_grace(grace: Grace | None) -> str:
    if grace is None:
        return ""
    found = f" A look on {grace.flagged_at:%Y-%m-%d} found something that is to be mended"
    if grace.asked_at is not None:
        return f"{found}; the time for it is over, and a reviewer decides whether the App is suspended."
    if grace.ends_at is None:
        return f"{found}; the {grace.days} days for it begin with the first mail of it that is delivered."
    return f"{found} by {grace.ends_at:%Y-%m-%d %H:%M} UTC; the service looks again every day."


def _history(session: Session, app: App, actor: Actor) -> tuple[Event, ...]:
    statement = select(Transition).where(Transition.app_id == app.id).order_by(Transition.version.desc())
    rows: Sequence[Transition] = session.scalars(statement.limit(MAX_HISTORY)).all()
    given = select(TransitionReason).where(
        TransitionReason.app_id == app.id, TransitionReason.version.in_([row.version for row in rows])
    )
    reasons = {one.version: tuple(reason["text"] for reason in one.reasons) for one in session.scalars(given)}
    return tuple(
        Event(
            row.version,
            row.at,
            row.trigger,
            HAPPENED[AppTrigger(row.trigger)].format(role=row.actor_role),
            reasons.get(row.version, ()) if shows_reasons_to(actor, row.trigger) else (),
        )
        for row in rows
    )
