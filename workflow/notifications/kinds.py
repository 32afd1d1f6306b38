"""What people are told of, and who is told."""

from enum import StrEnum

from models.due import Urgency


class NotificationKind(StrEnum):
    """What a message is about. `workflow.notifications.mail` has the words of each."""

    SUBMISSION_ACKNOWLEDGED = "submission_acknowledged"
    CHANGES_REQUESTED = "changes_requested"
    APPROVED = "approved"
    OAUTH_ASKED_FOR = "oauth_asked_for"
    REPLAY_INFO_ASKED_FOR = "replay_info_asked_for"
    CUSTOMER_ONBOARDED = "customer_onboarded"
    PROMOTED = "promoted"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    REMOVED = "removed"
    NEW_SUBMISSION = "new_submission"
    REVIEW_DUE_SOON = "review_due_soon"
    REVIEW_OVERDUE = "review_overdue"
    REVIEW_HANDED_OVER = "review_handed_over"
    CLAIM_LAPSED = "claim_lapsed"
    MESSAGE_TO_PARTNER = "message_to_partner"
    MESSAGE_TO_REVIEWER = "message_to_reviewer"
    NEW_ACCESS_REQUEST = "new_access_request"
    ACCESS_OVERDUE = "access_overdue"
    ACCESS_DECLINED = "access_declined"
    WELCOME = "welcome"
    COLLEAGUE_ASKED = "colleague_asked"
    COLLEAGUE_INVITED = "colleague_invited"
    PERSON_REMOVED = "person_removed"
    OWNERSHIP_HANDED_OVER = "ownership_handed_over"

    @property
    def urgency(self) -> Urgency:
        """What opens or closes a door is urgent. Whatever else is told goes after it, however much there is."""
        return Urgency.URGENT if self in _URGENT else Urgency.BULK


_URGENT = frozenset({NotificationKind.WELCOME, NotificationKind.COLLEAGUE_INVITED, NotificationKind.PERSON_REMOVED})


REVIEW_REMINDERS = frozenset(
    {
        NotificationKind.NEW_SUBMISSION,
        NotificationKind.REVIEW_DUE_SOON,
        NotificationKind.REVIEW_OVERDUE,
        NotificationKind.REVIEW_HANDED_OVER,
        NotificationKind.CLAIM_LAPSED,
    }
)
"""What reviewers are told of an open review. What is not sent yet when it ends is taken back."""


class Audience(StrEnum):
    """Who is told: the people of the App's company, or whoever holds its open review, else the review team."""

    PARTNER = "partner"
    REVIEWERS = "reviewers"
