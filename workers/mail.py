"""The words of every notification, and how one becomes a message with a stable Message-ID."""

from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from workflow.notifications import NotificationKind

_WORDS: dict[NotificationKind, tuple[str, str]] = {
    NotificationKind.SUBMISSION_ACKNOWLEDGED: (
        "{app} is submitted for review",
        "We have received {app}. The review decides within two business days. "
        "Until then the App cannot be edited; withdraw it if something must change.",
    ),
    NotificationKind.CHANGES_REQUESTED: (
        "{app} needs changes",
        "The review of {app} asks for changes:\n\n{reasons}\n\nMend them and submit again.",
    ),
    NotificationKind.APPROVED: (
        "{app} is in public beta",
        "{app} is approved and stands in the catalog. It becomes public once its OAuth enable flow works and enough "
        "customers are onboarded.",
    ),
    NotificationKind.CUSTOMER_ONBOARDED: (
        "{app}: customer {count} is onboarded",
        "Another customer has enabled {app}. That makes {count}.",
    ),
    NotificationKind.PROMOTED: ("{app} is public", "{app} is now public. You may join the Select Partner Program."),
    NotificationKind.SUSPENDED: ("{app} is suspended", "{app} was taken out of the catalog:\n\n{reasons}"),
    NotificationKind.REINSTATED: ("{app} is reinstated", "{app} is back in the catalog:\n\n{reasons}"),
    NotificationKind.REMOVED: ("{app} is removed", "{app} was removed for good:\n\n{reasons}"),
    NotificationKind.NEW_SUBMISSION: ("Review: {app} was submitted", "{app} was submitted and waits for its review."),
    NotificationKind.REVIEW_DUE_SOON: ("Review: {app} is due soon", "The promised time for {app} ends soon."),
    NotificationKind.REVIEW_OVERDUE: ("Review: {app} is overdue", "The promised time for {app} is over."),
    NotificationKind.REVIEW_HANDED_OVER: (
        "Review: {app} was handed to you",
        "A colleague handed the review of {app} over to you. It is yours from now on.",
    ),
    NotificationKind.CLAIM_LAPSED: (
        "Review: {app} went back to the queue",
        "You claimed the review of {app} and did nothing on it for so long that it went back to the queue. "
        "Claim it again if you still want it.",
    ),
    NotificationKind.MESSAGE_TO_PARTNER: (
        "{app}: a reviewer wrote to you",
        "There is a new message about the review of {app}. Read and answer it among the messages of the App.",
    ),
    NotificationKind.MESSAGE_TO_REVIEWER: (
        "Review: the partner of {app} wrote",
        "There is a new message about the review of {app}. Read and answer it among the messages of the review.",
    ),
}


def compose(
    *,
    notification_id: UUID,
    kind: str,
    recipient: str,
    recipient_name: str,
    app_name: str,
    app_slug: str,
    created_at: Any,
    data: dict[str, Any],
    reasons: list[dict[str, Any]],
    sender: str,
    public_url: str,
) -> EmailMessage:
    """Gives the message. The same notification always gives the same Message-ID, so that a repeat can be told."""
    subject, body = _WORDS[NotificationKind(kind)]
    words = {
        "app": " ".join(app_name.split()),
        "count": data.get("count", ""),
        "reasons": "\n".join(f"- {reason['text']} {reason.get('where', '')}".rstrip() for reason in reasons) or "-",
    }
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject.format(**words)
    message["Date"] = format_datetime(created_at)
    message["Message-ID"] = f"<{notification_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(f"Hello {recipient_name},\n\n{body.format(**words)}\n\n{public_url}/v1/apps/{app_slug}\n")
    return message
