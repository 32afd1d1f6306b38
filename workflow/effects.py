"""What follows from each trigger, as one table. Each effect writes for many transitions with set-based SQL."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from models.base import new_id
from models.checklist import Requirement
from models.lifecycle import AppTrigger
from models.review import ReviewOutcome
from workflow.catalog import list_in_catalog, take_off_catalog
from workflow.deadlines import deadline
from workflow.facts import Facts
from workflow.loading import app_ids
from workflow.machine import AppRulebook
from workflow.membership import end_memberships
from workflow.notifications import AppAtVersion, Audience, NotificationKind, notify_of_transitions
from workflow.promotion import request_promotions
from workflow.reviewing.steps import PERSON_STEPS
from workflow.snapshots import OPEN_EVIDENCE, SNAPSHOT


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

        Its statements are sent with those of others, so it reads nothing back from them (workflow.driver).
        """


@dataclass(frozen=True, slots=True)
class OpenReview:
    """Freezes what was submitted and opens its review with the policy's steps.

    A resubmission is its last reviewer's at once, whatever the limit of claims: the limit bounds what reviewers take,
    not the work that comes back to them, and a second reviewer would have to learn what the first one knows.
    """

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        reviews = [self._review(one, now) for one in applied]
        session.execute(_INSERT_SUBMISSION, reviews)
        session.execute(_INSERT_REVIEW, reviews)
        steps = [
            {
                "id": new_id(),
                "review_id": review["review_id"],
                "code": code,
                "status": "void" if code in PERSON_STEPS else "due",
                "due_at": now,
            }
            for one, review in zip(applied, reviews, strict=True)
            for code in one.before.policy.review_steps
        ]
        if steps:
            session.execute(_INSERT_STEP, steps)

    def _review(self, one: Applied, now: datetime) -> dict[str, object]:
        policy = one.before.policy
        due_at = deadline(now, business_days=policy.review_business_days, calendar=policy.calendar)
        return {
            "submission_id": new_id(),
            "review_id": new_id(),
            "app_id": one.app_id,
            "app_version": one.version,
            "policy_version": policy.version,
            "submitted_by": one.before.ask.actor.id,
            "now": now,
            "due_at": due_at,
            "due_soon_at": max(now, due_at - timedelta(hours=policy.due_soon_hours)),
            "claimed_by": one.before.last_reviewer,
            "claimed_at": now if one.before.last_reviewer else None,
            "open_evidence": OPEN_EVIDENCE,
        }


@dataclass(frozen=True, slots=True)
class CloseReview:
    """Ends the open review, if there is one, and cancels the steps that have not been decided."""

    outcome: ReviewOutcome

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        wanted = {"ids": [one.app_id for one in applied], "now": now}
        session.execute(_CANCEL_STEPS, wanted)
        session.execute(_CLOSE_REVIEWS, wanted | {"outcome": self.outcome.value})


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
        session.execute(_VOID_REMINDERS, {"ids": [one.app_id for one in applied]})


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
    """Ends the App's membership of the Select Partner Program, or its application. Only a removal does."""

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        end_memberships(session, [(one.app_id, one.before.ask.actor.id) for one in applied], now)


def effects_that_follow(trigger: AppTrigger) -> tuple[Effect, ...]:
    """Gives what follows from `trigger`, in order of writing."""
    return EFFECTS[trigger]


def _tell(kind: NotificationKind, audience: Audience = Audience.PARTNER) -> Notify:
    return Notify(kind, audience)


def _has_no_oauth(facts: Facts) -> bool:
    return not facts.oauth_installed


def _has_no_replay_info(facts: Facts) -> bool:
    return Requirement.REPLAY_INFO.value not in facts.checklist


EFFECTS: dict[AppTrigger, tuple[Effect, ...]] = {
    AppTrigger.CREATE: (),
    AppTrigger.SUBMIT: (
        OpenReview(),
        _tell(NotificationKind.SUBMISSION_ACKNOWLEDGED),
        _tell(NotificationKind.NEW_SUBMISSION, Audience.REVIEWERS),
    ),
    AppTrigger.WITHDRAW: (CloseReview(ReviewOutcome.WITHDRAWN), VoidReminders()),
    AppTrigger.REQUEST_CHANGES: (
        CloseReview(ReviewOutcome.CHANGES_REQUESTED),
        VoidReminders(),
        _tell(NotificationKind.CHANGES_REQUESTED),
    ),
    AppTrigger.APPROVE: (
        CloseReview(ReviewOutcome.APPROVED),
        VoidReminders(),
        ListInCatalog(),
        _tell(NotificationKind.APPROVED),
        Notify(NotificationKind.OAUTH_ASKED_FOR, Audience.PARTNER, _has_no_oauth),
        Notify(NotificationKind.REPLAY_INFO_ASKED_FOR, Audience.PARTNER, _has_no_replay_info),
        RequestPromotion(),
    ),
    AppTrigger.PROMOTE: (
        ListInCatalog(),
        _tell(NotificationKind.PROMOTED),
    ),
    AppTrigger.SUSPEND: (
        TakeOffCatalog(),
        _tell(NotificationKind.SUSPENDED),
    ),
    AppTrigger.REINSTATE: (ListInCatalog(), _tell(NotificationKind.REINSTATED), RequestPromotion()),
    AppTrigger.REMOVE: (
        CloseReview(ReviewOutcome.CANCELLED),
        VoidReminders(),
        TakeOffCatalog(),
        EndMembership(),
        _tell(NotificationKind.REMOVED),
    ),
}
"""To add an effect: write its class above and name it here. A test runs every row."""

_INSERT_SUBMISSION = text(f"""
    INSERT INTO submission (id, app_id, app_version, kind, round, snapshot, policy_version, submitted_by, submitted_at)
    SELECT :submission_id, a.id, :app_version, CASE WHEN earlier.rounds = 0 THEN 'first' ELSE 'revision' END,
           1 + earlier.rounds,
           {SNAPSHOT},
           :policy_version, :submitted_by, :now
      FROM app a CROSS JOIN LATERAL (SELECT count(*) AS rounds FROM submission s WHERE s.app_id = a.id) earlier
     WHERE a.id = :app_id
""")

_INSERT_REVIEW = text("""
    INSERT INTO review (id, submission_id, app_id, opened_at, due_at, due_soon_at, claimed_by, claimed_at)
    VALUES (:review_id, :submission_id, :app_id, :now, :due_at, :due_soon_at, :claimed_by, :claimed_at)
""")

_INSERT_STEP = text("""
    INSERT INTO review_step (id, review_id, code, status, due_at) VALUES (:id, :review_id, :code, :status, :due_at)
""")

_CLOSE_REVIEWS = app_ids("""
    UPDATE review SET outcome = :outcome, closed_at = :now
     WHERE app_id = ANY(:ids) AND closed_at IS NULL
""")

_CANCEL_STEPS = app_ids("""
    UPDATE review_step step SET state = 'cancelled', status = 'void', decided_at = :now, leased_until = NULL
      FROM review r
     WHERE r.app_id = ANY(:ids) AND r.closed_at IS NULL AND step.review_id = r.id AND step.state = 'pending'
""")

_VOID_REMINDERS = app_ids("""
    UPDATE notification SET status = 'void'
     WHERE app_id = ANY(:ids) AND status = 'due' AND kind IN ('new_submission', 'review_due_soon', 'review_overdue',
                                                               'review_handed_over', 'claim_lapsed')
""")
