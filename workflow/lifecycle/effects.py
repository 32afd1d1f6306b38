"""What follows from each trigger, as one table. Each effect writes for many transitions with set-based SQL."""

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
    """A transition that was written: `before` is what it was judged by, `after` what holds now."""

    app_id: UUID
    trigger: AppTrigger
    version: int
    before: Facts
    after: Facts


class Effect(Protocol):
    """Something that follows from a transition, written in its transaction."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:
        """Writes what follows for all of `applied`, at most one transition of each App. Does not commit.

        Its statements are sent with those of others, so it reads nothing back from them (workflow.sql.pipeline).
        """


@dataclass(frozen=True, slots=True)
class OpenReview:
    """Freezes what was submitted and opens its review with the policy's steps."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        submitted = [
            Submitted(one.app_id, one.version, one.before.ask.actor.id, one.before.policy, one.before.last_reviewer)
            for one in applied
        ]
        open_reviews(session, submitted, now)


@dataclass(frozen=True, slots=True)
class CloseReview:
    """Ends the open review, if there is one, and cancels the steps that have not been decided."""

    outcome: ReviewOutcome

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        close_reviews(session, [one.app_id for one in applied], self.outcome, now)


@dataclass(frozen=True, slots=True)
class Notify:
    """Tells people: one row for each recipient, for Apps of which `when` holds after the transition."""

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
    """Takes back what reviewers have not been sent yet: it speaks of a review that is over."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        void_reminders(session, [one.app_id for one in applied])


@dataclass(frozen=True, slots=True)
class RequestPromotion:
    """Asks for promotion at once where nothing is missing for it."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        eligible = [one.app_id for one in applied if rulebook.judge(AppTrigger.PROMOTE, one.after).allowed]
        request_promotions(session, eligible)


@dataclass(frozen=True, slots=True)
class ListInCatalog:
    """Shows the App in the catalog, with its new state as the badge."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        list_in_catalog(session, [(one.app_id, one.after.state) for one in applied], now)


@dataclass(frozen=True, slots=True)
class TakeOffCatalog:
    """The App is gone from the catalog at once."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        take_off_catalog(session, [one.app_id for one in applied])


@dataclass(frozen=True, slots=True)
class EndMembership:
    """Ends the App's membership of the partner program, or its application. Only a removal does."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        end_memberships(session, [(one.app_id, one.before.ask.actor.id) for one in applied], now)


def effects_that_follow(trigger: AppTrigger) -> tuple[Effect, ...]:
    """Returns what follows from `trigger`, in order of writing."""
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
"""To add an effect: write its class above and name it here. A test runs every row."""
