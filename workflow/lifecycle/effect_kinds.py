"""The kinds of effects that a transition can have. Each writes for many transitions with set-based SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from models.lifecycle import LISTED_STATES, AppState, AppTrigger, ReviewKind, submits
from models.review import ReviewOutcome
from workflow.apps import note_publications
from workflow.catalog.listing import Listed, list_in_catalog, take_off_catalog
from workflow.catalog.membership import end_memberships
from workflow.catalog.planning import Plan, cancel_plans, plan_publications
from workflow.lifecycle.facts import Facts
from workflow.lifecycle.promotion import meets_counts, request_promotions
from workflow.lifecycle.rulebook import AppRulebook
from workflow.notifications.kinds import Audience, NotificationKind
from workflow.notifications.notify import (
    AppAtVersion,
    notify_of_flags,
    notify_of_transitions,
    void_grace_notices,
    void_reminders,
)
from workflow.reviewing.grace import BegunGrace, begin_grace_periods, end_grace_periods, flag_again
from workflow.reviewing.opening import Opening, close_reviews, copy_submissions, freeze_drafts, open_reviews
from workflow.reviewing.suspensions import BegunSuspension, begin_suspensions, end_suspensions


@dataclass(frozen=True, slots=True)
class Applied:
    """A transition that was written. It was judged by the facts `before`; the facts `after` hold now."""

    app_id: UUID
    trigger: AppTrigger
    version: int
    before: Facts
    after: Facts


class Effect(Protocol):
    """An effect of a transition, written in the transition's transaction."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:
        """Writes the effect of all transitions in `applied`, at most one for each App. Does not commit.

        Its statements are pipelined with others (workflow.sql.pipeline), so it must not read any results.
        """


def is_for_a_day(one: Applied) -> bool:
    """Returns whether an approval names a day of publication that is still to come. Pure."""
    day = one.before.ask.publish_at
    return day is not None and day > one.before.now


@dataclass(frozen=True, slots=True)
class OpenReview:
    """Opens the review, of a new snapshot of the draft, of a copy of what was sent back, or of what is published."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        opened = [(one.trigger, opening) for one in applied if (opening := _opening(one))]
        drafts = [one for trigger, one in opened if trigger is AppTrigger.SUBMIT]
        copies = [one for trigger, one in opened if trigger is AppTrigger.APPEAL and one.subject == one.version]
        if drafts:
            freeze_drafts(session, drafts, now)
        if copies:
            copy_submissions(session, copies, now)
        open_reviews(session, [one for _, one in opened], now)


def _opening(one: Applied) -> Opening | None:
    review = one.after.review
    if review is None:
        return None
    return Opening(
        app_id=one.app_id,
        version=one.version,
        kind=review.kind,
        subject=one.version if submits(one.trigger, one.before.state) else one.before.published,
        opened_by=review.opened_by,
        policy=review.policy,
        steps=tuple(step.code for step in review.steps),
        holder=review.claimed_by,
        decider=review.decider,
        involved=tuple(sorted(review.involved)),
        is_urgent=one.trigger is AppTrigger.SUBMIT and one.before.ask.is_urgent,
    )


@dataclass(frozen=True, slots=True)
class AdoptSubmission:
    """Stores what the App came with as its first submission, and a review of it that ended as adopted."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        adopted = [
            Opening(
                app_id=one.app_id,
                version=one.version,
                kind=ReviewKind.FIRST,
                subject=one.version,
                opened_by=one.before.ask.actor.id,
                policy=one.before.policy,
                steps=(),
            )
            for one in applied
        ]
        freeze_drafts(session, adopted, now)
        open_reviews(session, adopted, now)
        close_reviews(session, [(one.app_id, ReviewOutcome.ADOPTED) for one in applied], now)


@dataclass(frozen=True, slots=True)
class CloseReview:
    """Closes the review that the transition ends, if any, cancels its undecided steps, and voids reminders of it."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        closed = [
            (one.app_id, outcome_of(one.trigger, one.before.review.kind))
            for one in applied
            if one.before.review is not None and one.before.open_review != one.after.open_review
        ]
        if closed:
            close_reviews(session, closed, now)
            void_reminders(session, [app_id for app_id, _ in closed])


def outcome_of(trigger: AppTrigger, kind: ReviewKind) -> ReviewOutcome:
    """Returns how a review of the kind ends by the trigger. Pure."""
    return _OUTCOMES_OF_APPEALS[trigger] if kind is ReviewKind.APPEAL else _OUTCOMES[trigger]


_OUTCOMES: Mapping[AppTrigger, ReviewOutcome] = {
    AppTrigger.APPROVE: ReviewOutcome.APPROVED,
    AppTrigger.REQUEST_CHANGES: ReviewOutcome.CHANGES_REQUESTED,
    AppTrigger.WITHDRAW: ReviewOutcome.WITHDRAWN,
    AppTrigger.SUBMIT: ReviewOutcome.SUPERSEDED,
    AppTrigger.APPEAL: ReviewOutcome.SUPERSEDED,
    AppTrigger.SUSPEND: ReviewOutcome.CANCELLED,
    AppTrigger.UNLIST: ReviewOutcome.CANCELLED,
    AppTrigger.REMOVE: ReviewOutcome.CANCELLED,
    AppTrigger.CLEAR: ReviewOutcome.CLEARED,
    AppTrigger.FLAG: ReviewOutcome.FLAGGED,
}
_OUTCOMES_OF_APPEALS: Mapping[AppTrigger, ReviewOutcome] = {
    AppTrigger.APPROVE: ReviewOutcome.OVERTURNED,
    AppTrigger.REQUEST_CHANGES: ReviewOutcome.UPHELD,
    AppTrigger.WITHDRAW: ReviewOutcome.WITHDRAWN,
    AppTrigger.REINSTATE: ReviewOutcome.CONCEDED,
    AppTrigger.SUSPEND: ReviewOutcome.CANCELLED,
    AppTrigger.REMOVE: ReviewOutcome.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class NotePublication:
    """Notes when a review last found good what is public, and, where a draft was published, that nothing differs."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        looked_at = [one.app_id for one in applied if one.after.looked_at != one.before.looked_at]
        published = [one.app_id for one in applied if one.after.touched != one.before.touched]
        note_publications(session, looked_at, published, now)


@dataclass(frozen=True, slots=True)
class PlanPublication:
    """Ends the plan that an approval takes the place of, and stores that of one which names the day of publication."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        approved = [one for one in applied if one.after.published != one.before.published]
        if approved:
            plans = [_plan(one, day) for one in approved if (day := one.before.ask.publish_at) and is_for_a_day(one)]
            plan_publications(session, [one.app_id for one in approved], plans, now)


def _plan(one: Applied, day: datetime) -> Plan:
    before = one.before
    was_shown = before.published > 0 and before.state != AppState.SUSPENDED
    return Plan(
        app_id=one.app_id,
        version=one.version,
        published=one.after.published,
        publish_at=day,
        planned_by=before.ask.actor.id,
        before_version=before.version,
        before_state=before.state,
        before_open_kind=before.open_kind,
        before_open_review=before.open_review,
        shown=before.published if was_shown else None,
    )


@dataclass(frozen=True, slots=True)
class CancelPlan:
    """Ends the plan to publish what was approved, if there is one."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        cancel_plans(session, [one.app_id for one in applied], now)


@dataclass(frozen=True, slots=True)
class Suspend:
    """Stores the suspension, which a second person is to confirm."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        begun = [
            BegunSuspension(one.app_id, one.version, found.suspended_by, found.only_reinstated)
            for one in applied
            if (found := one.after.suspension)
        ]
        begin_suspensions(session, begun, now)


@dataclass(frozen=True, slots=True)
class EndSuspension:
    """Ends the suspension, if there is one that does not go on."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        ended = [one.app_id for one in applied if one.before.suspension and not one.after.suspension]
        if ended:
            end_suspensions(session, ended, now)


@dataclass(frozen=True, slots=True)
class BeginGrace:
    """Begins the time to mend what a health review found, unless it runs already."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        begun = [
            BegunGrace(one.app_id, one.version, one.before.open_review, _grace_days(one))
            for one in applied
            if not one.before.in_grace
        ]
        again = [one.app_id for one in applied if one.before.in_grace]
        if begun:
            begin_grace_periods(session, begun, now)
        if again:
            flag_again(session, again, now)


def _grace_days(one: Applied) -> int:
    return one.before.review.policy.grace_days if one.before.review else one.before.policy.grace_days


@dataclass(frozen=True, slots=True)
class EndGrace:
    """Ends the time to mend what a health review found, if it runs."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        ended = [one.app_id for one in applied if one.before.in_grace and not one.after.in_grace]
        if ended:
            end_grace_periods(session, ended, now)
            void_grace_notices(session, ended)


@dataclass(frozen=True, slots=True)
class Notify:
    """Writes a notification for each recipient, for transitions of which `when` holds."""

    kind: NotificationKind
    audience: Audience
    when: Callable[[Applied], bool] = lambda _applied: True

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        apps = [AppAtVersion(one.app_id, one.version, one.after.organization_id) for one in applied if self.when(one)]
        if apps:
            notify_of_transitions(session, self.kind, self.audience, apps, now)


@dataclass(frozen=True, slots=True)
class NotifyOfFlag:
    """Writes the notices of what a look found: not again of the same steps, once the company was told of them."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        apps = [AppAtVersion(one.app_id, one.version, one.after.organization_id) for one in applied]
        notify_of_flags(session, apps, now)


@dataclass(frozen=True, slots=True)
class RequestPromotion:
    """Requests promotion at once for Apps that meet all its rules."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        eligible = [
            one.app_id
            for one in applied
            if meets_counts(one.after.policy, one.after.onboarded_customers, one.after.oauth_installed)
            and rulebook.judge(AppTrigger.PROMOTE, one.after).allowed
        ]
        request_promotions(session, eligible)


@dataclass(frozen=True, slots=True)
class ListInCatalog:
    """Lists the App in the catalog, with its new state as the badge, unless it is in no state that is listed."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        listed = [
            Listed(one.app_id, one.after.state, one.after.published)
            for one in applied
            if one.after.state in LISTED_STATES
        ]
        if listed:
            list_in_catalog(session, listed, now)


@dataclass(frozen=True, slots=True)
class TakeOffCatalog:
    """Removes the App from the catalog."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        take_off_catalog(session, [one.app_id for one in applied])


@dataclass(frozen=True, slots=True)
class EndMembership:
    """Ends the App's membership of the partner program, or its application. Used by removal only."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        end_memberships(session, [(one.app_id, one.before.ask.actor.id) for one in applied], now)
