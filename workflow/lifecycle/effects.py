"""The effects of each trigger, as one table."""

from models.checklist import Requirement
from models.lifecycle import AppTrigger, ReviewKind
from workflow.lifecycle.effect_kinds import (
    AdoptSubmission,
    Applied,
    BeginGrace,
    CancelPlan,
    CloseReview,
    Effect,
    EndGrace,
    EndMembership,
    EndSuspension,
    ListInCatalog,
    NotePublication,
    Notify,
    NotifyOfFlag,
    OpenReview,
    PlanPublication,
    RequestPromotion,
    Suspend,
    TakeOffCatalog,
    is_for_a_day,
)
from workflow.notifications.kinds import Audience, NotificationKind


def effects_that_follow(trigger: AppTrigger) -> tuple[Effect, ...]:
    """Returns the effects of `trigger`, in the order in which they are written."""
    return EFFECTS[trigger]


def _notify(kind: NotificationKind, audience: Audience = Audience.PARTNER) -> Notify:
    return Notify(kind, audience)


def _of_appeal(one: Applied) -> bool:
    return one.before.open_kind == ReviewKind.APPEAL


def _of_no_appeal(one: Applied) -> bool:
    return not _of_appeal(one)


def _opens_first(one: Applied) -> bool:
    return one.after.open_kind == ReviewKind.FIRST


def _opens_revision(one: Applied) -> bool:
    return one.after.open_kind == ReviewKind.REVISION


def _lifts_suspension(one: Applied) -> bool:
    return one.before.suspension is not None and _of_no_appeal(one) and not is_for_a_day(one)


def _launches(one: Applied) -> bool:
    return one.before.published == 0


def _launches_now(one: Applied) -> bool:
    return _launches(one) and not is_for_a_day(one)


def _publishes_revision_now(one: Applied) -> bool:
    return not _launches(one) and _of_no_appeal(one) and not is_for_a_day(one)


def _launches_without_oauth(one: Applied) -> bool:
    return _launches(one) and not one.after.oauth_installed


def _launches_without_replay_info(one: Applied) -> bool:
    return _launches(one) and Requirement.REPLAY_INFO.value not in one.after.checklist


EFFECTS: dict[AppTrigger, tuple[Effect, ...]] = {
    AppTrigger.CREATE: (),
    AppTrigger.ADOPT: (AdoptSubmission(), NotePublication(), ListInCatalog()),
    AppTrigger.SUBMIT: (
        CloseReview(),
        OpenReview(),
        Notify(NotificationKind.SUBMISSION_ACKNOWLEDGED, Audience.PARTNER, _opens_first),
        Notify(NotificationKind.NEW_SUBMISSION, Audience.REVIEWERS, _opens_first),
        Notify(NotificationKind.REVISION_ACKNOWLEDGED, Audience.PARTNER, _opens_revision),
        Notify(NotificationKind.NEW_REVISION, Audience.REVIEWERS, _opens_revision),
    ),
    AppTrigger.WITHDRAW: (CloseReview(),),
    AppTrigger.REQUEST_CHANGES: (
        CloseReview(),
        Notify(NotificationKind.CHANGES_REQUESTED, Audience.PARTNER, _of_no_appeal),
        Notify(NotificationKind.APPEAL_UPHELD, Audience.PARTNER, _of_appeal),
    ),
    AppTrigger.APPROVE: (
        CloseReview(),
        EndSuspension(),
        EndGrace(),
        NotePublication(),
        PlanPublication(),
        ListInCatalog(),
        Notify(NotificationKind.APPROVED, Audience.PARTNER, _launches_now),
        Notify(NotificationKind.REVISION_APPROVED, Audience.PARTNER, _publishes_revision_now),
        Notify(NotificationKind.APPROVED_FOR_A_DAY, Audience.PARTNER, is_for_a_day),
        Notify(NotificationKind.REINSTATED, Audience.PARTNER, _lifts_suspension),
        Notify(NotificationKind.APPEAL_OVERTURNED, Audience.PARTNER, _of_appeal),
        Notify(NotificationKind.OAUTH_ASKED_FOR, Audience.PARTNER, _launches_without_oauth),
        Notify(NotificationKind.REPLAY_INFO_ASKED_FOR, Audience.PARTNER, _launches_without_replay_info),
        RequestPromotion(),
    ),
    AppTrigger.PROMOTE: (ListInCatalog(), _notify(NotificationKind.PROMOTED)),
    AppTrigger.SUSPEND: (
        CloseReview(),
        EndGrace(),
        Suspend(),
        TakeOffCatalog(),
        _notify(NotificationKind.SUSPENDED),
        _notify(NotificationKind.SUSPENSION_TO_CONFIRM, Audience.SECOND_PERSON),
        Notify(NotificationKind.REVIEWED_APP_SUSPENDED, Audience.HOLDER, _opens_revision),
    ),
    AppTrigger.REINSTATE: (
        CloseReview(),
        EndSuspension(),
        ListInCatalog(),
        Notify(NotificationKind.REINSTATED, Audience.PARTNER, _of_no_appeal),
        Notify(NotificationKind.APPEAL_CONCEDED, Audience.PARTNER, _of_appeal),
        RequestPromotion(),
    ),
    AppTrigger.REMOVE: (
        CloseReview(),
        EndSuspension(),
        EndGrace(),
        CancelPlan(),
        TakeOffCatalog(),
        EndMembership(),
        _notify(NotificationKind.REMOVED),
    ),
    AppTrigger.RECHECK: (OpenReview(),),
    AppTrigger.CLEAR: (CloseReview(), EndGrace(), NotePublication(), RequestPromotion()),
    AppTrigger.FLAG: (BeginGrace(), CloseReview(), NotifyOfFlag()),
    AppTrigger.APPEAL: (
        CloseReview(),
        OpenReview(),
        _notify(NotificationKind.APPEAL_ACKNOWLEDGED),
        _notify(NotificationKind.NEW_APPEAL, Audience.SECOND_PERSON),
    ),
    AppTrigger.UNLIST: (CloseReview(), TakeOffCatalog(), _notify(NotificationKind.UNLISTED)),
    AppTrigger.RELIST: (ListInCatalog(), _notify(NotificationKind.RELISTED), RequestPromotion()),
    AppTrigger.PROPOSE_APPROVE: (_notify(NotificationKind.APPROVAL_PROPOSED, Audience.SECOND_PERSON),),
    AppTrigger.PROPOSE_REMOVE: (_notify(NotificationKind.REMOVAL_PROPOSED, Audience.SECOND_ADMIN),),
}
"""To add an effect, write its class in `effect_kinds` and list it here. A test runs every row."""
