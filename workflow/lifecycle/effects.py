"""The effects of each trigger, as one table. Each effect writes for many transitions with set-based SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from models.checklist import Requirement
from models.lifecycle import AppTrigger
from models.review import ReviewOutcome
from workflow.catalog.listing import list_in_catalog, take_off_catalog
from workflow.catalog.membership import end_memberships
from workflow.lifecycle.facts import Facts
from workflow.lifecycle.promotion import request_promotions
from workflow.lifecycle.rulebook import AppRulebook
from workflow.notifications.kinds import Audience, NotificationKind
from workflow.notifications.notify import AppAtVersion, notify_of_transitions, void_reminders
from workflow.reviewing.opening import Submitted, close_reviews, open_reviews


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


@dataclass(frozen=True, slots=True)
class OpenReview:
    """Stores a snapshot of the submission and opens its review with the policy's steps."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        submitted = [
            Submitted(one.app_id, one.version, one.before.ask.actor.id, one.before.policy, one.before.last_reviewer)
            for one in applied
        ]
        open_reviews(session, submitted, now)


@dataclass(frozen=True, slots=True)
class CloseReview:
    """Closes the open review, if there is one, and cancels its undecided steps."""

    outcome: ReviewOutcome

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        close_reviews(session, [one.app_id for one in applied], self.outcome, now)


@dataclass(frozen=True, slots=True)
class Notify:
    """Writes a notification for each recipient, for Apps for which `when` holds after the transition."""

    kind: NotificationKind
    audience: Audience
    when: Callable[[Facts], bool] = lambda _facts: True

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        apps = [
            AppAtVersion(one.app_id, one.version, one.after.organization_id) for one in applied if self.when(one.after)
        ]
        if apps:
            notify_of_transitions(session, self.kind, self.audience, apps, now)


@dataclass(frozen=True, slots=True)
class VoidReminders:
    """Voids the unsent notifications to reviewers, because the review that they are about is closed."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        void_reminders(session, [one.app_id for one in applied])


@dataclass(frozen=True, slots=True)
class RequestPromotion:
    """Requests promotion at once for Apps that meet all its rules."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        eligible = [one.app_id for one in applied if rulebook.judge(AppTrigger.PROMOTE, one.after).allowed]
        request_promotions(session, eligible)


@dataclass(frozen=True, slots=True)
class ListInCatalog:
    """Lists the App in the catalog, with its new state as the badge."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        list_in_catalog(session, [(one.app_id, one.after.state) for one in applied], now)


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


def effects_that_follow(trigger: AppTrigger) -> tuple[Effect, ...]:
    """Returns the effects of `trigger`, in the order in which they are written."""
    return EFFECTS[trigger]


def _notify(kind: NotificationKind, audience: Audience = Audience.PARTNER) -> Notify:
    return Notify(kind, audience)


def _has_no_oauth(facts: Facts) -> bool:
    return not facts.oauth_installed


def _has_no_replay_info(facts: Facts) -> bool:
    return Requirement.REPLAY_INFO.value not in facts.checklist


EFFECTS: dict[AppTrigger, tuple[Effect, ...]] = {
    AppTrigger.CREATE: (),
    AppTrigger.SUBMIT: (
        OpenReview(),
        _notify(NotificationKind.SUBMISSION_ACKNOWLEDGED),
        _notify(NotificationKind.NEW_SUBMISSION, Audience.REVIEWERS),
    ),
    AppTrigger.WITHDRAW: (CloseReview(ReviewOutcome.WITHDRAWN), VoidReminders()),
    AppTrigger.REQUEST_CHANGES: (
        CloseReview(ReviewOutcome.CHANGES_REQUESTED),
        VoidReminders(),
        _notify(NotificationKind.CHANGES_REQUESTED),
    ),
    AppTrigger.APPROVE: (
        CloseReview(ReviewOutcome.APPROVED),
        VoidReminders(),
        ListInCatalog(),
        _notify(NotificationKind.APPROVED),
        Notify(NotificationKind.OAUTH_ASKED_FOR, Audience.PARTNER, _has_no_oauth),
        Notify(NotificationKind.REPLAY_INFO_ASKED_FOR, Audience.PARTNER, _has_no_replay_info),
        RequestPromotion(),
    ),
    AppTrigger.PROMOTE: (
        ListInCatalog(),
        _notify(NotificationKind.PROMOTED),
    ),
    AppTrigger.SUSPEND: (
        TakeOffCatalog(),
        _notify(NotificationKind.SUSPENDED),
    ),
    AppTrigger.REINSTATE: (ListInCatalog(), _notify(NotificationKind.REINSTATED), RequestPromotion()),
    AppTrigger.REMOVE: (
        CloseReview(ReviewOutcome.CANCELLED),
        VoidReminders(),
        TakeOffCatalog(),
        EndMembership(),
        _notify(NotificationKind.REMOVED),
    ),
}
"""To add an effect, write its class above and list it here. A test runs every row."""
