"""The kinds of notification, their urgency, and their audiences."""

from collections.abc import Mapping
from enum import StrEnum

from models.due import Urgency
from models.lifecycle import Role
from models.notification import DIGEST


class NotificationKind(StrEnum):
    """What a notification is about. `workflow.notifications.mail` has the text of each kind."""

    SUBMISSION_ACKNOWLEDGED = "submission_acknowledged"
    REVISION_ACKNOWLEDGED = "revision_acknowledged"
    APPEAL_ACKNOWLEDGED = "appeal_acknowledged"
    CHANGES_REQUESTED = "changes_requested"
    APPEAL_UPHELD = "appeal_upheld"
    APPEAL_OVERTURNED = "appeal_overturned"
    APPEAL_CONCEDED = "appeal_conceded"
    APPROVED = "approved"
    REVISION_APPROVED = "revision_approved"
    APPROVED_FOR_A_DAY = "approved_for_a_day"
    PUBLISHED_AS_PLANNED = "published_as_planned"
    OAUTH_ASKED_FOR = "oauth_asked_for"
    REPLAY_INFO_ASKED_FOR = "replay_info_asked_for"
    CUSTOMER_ONBOARDED = "customer_onboarded"
    PROMOTED = "promoted"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    UNLISTED = "unlisted"
    RELISTED = "relisted"
    REMOVED = "removed"
    FLAGGED = "flagged"
    GRACE_ENDING = "grace_ending"
    GRACE_NOT_BEGUN = "grace_not_begun"
    GRACE_ENDED = "grace_ended"
    NEW_SUBMISSION = "new_submission"
    NEW_REVISION = "new_revision"
    NEW_APPEAL = "new_appeal"
    APPEAL_STRANDED = "appeal_stranded"
    APPROVAL_PROPOSED = "approval_proposed"
    REMOVAL_PROPOSED = "removal_proposed"
    REVIEWED_APP_SUSPENDED = "reviewed_app_suspended"
    SUSPENSION_TO_CONFIRM = "suspension_to_confirm"
    SUSPENSION_UNCONFIRMED = "suspension_unconfirmed"
    REVIEW_DUE_SOON = "review_due_soon"
    REVIEW_OVERDUE = "review_overdue"
    REVIEW_HANDED_OVER = "review_handed_over"
    CLAIM_LAPSED = "claim_lapsed"
    REVIEW_UNHELD = "review_unheld"
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
    ACCESS_PROOF = "access_proof"
    ADDRESS_PROOF = "address_proof"
    TOKEN_PROOF = "token_proof"
    SIGN_IN = "sign_in"
    ADDRESS_CHANGED = "address_changed"
    TOKEN_ENDS = "token_ends"
    TEST_SETTINGS_END = "test_settings_end"
    REVIEWER_DIGEST = DIGEST

    @property
    def urgency(self) -> Urgency:
        """Urgent for what gives or takes access; all other notifications are sent after the urgent ones."""
        return Urgency.URGENT if self in _URGENT else Urgency.BULK

    def columns(self) -> dict[str, object]:
        """Returns what every statement that writes a notification of this kind has as :kind and :urgency."""
        return {"kind": self.value, "urgency": self.urgency.value}


_URGENT = frozenset(
    {
        NotificationKind.WELCOME,
        NotificationKind.COLLEAGUE_INVITED,
        NotificationKind.PERSON_REMOVED,
        NotificationKind.ACCESS_PROOF,
        NotificationKind.ADDRESS_PROOF,
        NotificationKind.TOKEN_PROOF,
        NotificationKind.SIGN_IN,
        NotificationKind.ADDRESS_CHANGED,
    }
)

NEWS_OF: Mapping[Role, frozenset[NotificationKind]] = {
    Role.PARTNER: frozenset({NotificationKind.CUSTOMER_ONBOARDED}),
    Role.REVIEWER: frozenset({NotificationKind.REVIEWER_DIGEST}),
    Role.ADMIN: frozenset({NotificationKind.REVIEWER_DIGEST}),
}
"""What is only news for people of each role: nobody waits for it, so each person can switch it off."""
NEWS = frozenset().union(*NEWS_OF.values())
"""All kinds of news. Everything else is part of the process."""
TO_REMOVED_PEOPLE = frozenset({NotificationKind.PERSON_REMOVED})
"""What somebody who was removed is still told. Nothing else is handed to the mail server for them."""
MAX_ONBOARDED_TOLD = 3
"""A company is told of its first customers; of the others the App's list of customers tells."""


REVIEW_REMINDERS = frozenset(
    {
        NotificationKind.NEW_SUBMISSION,
        NotificationKind.NEW_REVISION,
        NotificationKind.NEW_APPEAL,
        NotificationKind.APPEAL_STRANDED,
        NotificationKind.APPROVAL_PROPOSED,
        NotificationKind.REVIEW_DUE_SOON,
        NotificationKind.REVIEW_OVERDUE,
        NotificationKind.REVIEW_HANDED_OVER,
        NotificationKind.CLAIM_LAPSED,
        NotificationKind.REVIEW_UNHELD,
    }
)
"""Notifications to reviewers about an open review. Those that are not sent yet when it closes are voided."""


OF_GRACE = frozenset(
    {
        NotificationKind.FLAGGED,
        NotificationKind.GRACE_ENDING,
        NotificationKind.GRACE_NOT_BEGUN,
        NotificationKind.GRACE_ENDED,
    }
)
"""Notifications about what a health review found. Nobody can switch them off."""


class Audience(StrEnum):
    """Who is notified. REVIEWERS means the holder of the App's open review if they may review now, else the team.

    HOLDER means the holder, and else nobody. SECOND_PERSON is the team without whoever asked for the transition or had
    a part in the decision that is appealed, and SECOND_ADMIN is every other admin.
    """

    PARTNER = "partner"
    REVIEWERS = "reviewers"
    HOLDER = "holder"
    SECOND_PERSON = "second_person"
    SECOND_ADMIN = "second_admin"
