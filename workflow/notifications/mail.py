"""The words of every notification, and how one becomes a message with a stable Message-ID."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from workflow.notifications.kinds import NotificationKind
from workflow.profile.document import Profile, words_of

_ACCEPT = "\n\n    curl -X POST {url}/v1/invitations/{secret}/accept\n\nIt works once, and answers with your token."

_WORDS: dict[NotificationKind, tuple[str, str]] = {
    NotificationKind.SUBMISSION_ACKNOWLEDGED: (
        "{app} is submitted for review",
        "We have received {app}. The review decides by {due}. "
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
    NotificationKind.OAUTH_ASKED_FOR: (
        "{app}: implement the OAuth enable flow",
        '{app} becomes public only with a working OAuth enable flow, "{enable_flow}": the authorization code grant, '
        "state echoed, an exact redirect_uri. It counts as soon as one install through the flow has been seen.",
    ),
    NotificationKind.REPLAY_INFO_ASKED_FOR: (
        "{app}: can events be replayed?",
        "Tell us whether replays of events to {app} are possible, and at which rate: give replay_info on the launch "
        "checklist. It holds nothing up.",
    ),
    NotificationKind.CUSTOMER_ONBOARDED: (
        "{app}: customer {count} is onboarded",
        "Another customer has enabled {app}. That makes {count}.",
    ),
    NotificationKind.PROMOTED: ("{app} is public", "{app} is now public. You may join the {partner_program}."),
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
    NotificationKind.NEW_ACCESS_REQUEST: (
        "Access: {company} asks to take part",
        "{company} asks for access. Decide by {due}.",
    ),
    NotificationKind.ACCESS_OVERDUE: (
        "Access: {company} is overdue",
        "The promised time for the access request of {company} is over.",
    ),
    NotificationKind.ACCESS_DECLINED: (
        "{company} was not admitted",
        "The request of {company} for access was declined:\n\n{reasons}\n\nYou may ask again once this has changed.",
    ),
    NotificationKind.WELCOME: (
        "Welcome, {company}",
        "{company} is admitted to the {developer_center}. This is your invitation, for you alone, until {expires}:"
        + _ACCEPT,
    ),
    NotificationKind.COLLEAGUE_ASKED: (
        "{contact} asks to join {company}",
        "{contact} ({contact_email}) asked for access for {company}, which takes part already. Invite them if they are "
        "a colleague; otherwise there is nothing to do.",
    ),
    NotificationKind.COLLEAGUE_INVITED: (
        "You are invited to {company}",
        "{by} invites you to work on the Apps of {company}. This is your invitation, for you alone, until {expires}:"
        + _ACCEPT,
    ),
    NotificationKind.PERSON_REMOVED: (
        "You no longer act for {company}",
        "You were removed from the people of {company}. Your tokens no longer work.",
    ),
    NotificationKind.OWNERSHIP_HANDED_OVER: (
        "{owner} owns {company} now",
        "{owner} is the owner of {company} from now on: who invites and removes its people.",
    ),
}


@dataclass(frozen=True, slots=True)
class Letter:
    """What a notification says and to whom. What is about no App has no App; `data` has the words it needs instead.

    Of `data`, `path` is where to look (without it and without an App there is nothing to look at), and `secret` what
    was sealed.
    """

    notification_id: UUID
    kind: str
    recipient: str
    recipient_name: str | None
    app_name: str | None
    app_slug: str | None
    created_at: datetime
    data: dict[str, Any]
    reasons: list[dict[str, Any]]


def compose(letter: Letter, *, sender: str, public_url: str, profile: Profile) -> EmailMessage:
    """Returns the message, in the platform's names.

    The same notification always has the same Message-ID, so that a repeat can be told.
    """
    subject, body = _WORDS[NotificationKind(letter.kind)]
    words = {
        "due": "the time that its status shows",
        **{name: " ".join(str(value).split()) for name, value in letter.data.items()},
        "app": " ".join((letter.app_name or "").split()),
        "reasons": "\n".join(f"- {one['text']} {one.get('where', '')}".rstrip() for one in letter.reasons) or "-",
        "url": public_url,
        **words_of(profile),
    }
    path = f"/v1/apps/{letter.app_slug}" if letter.app_slug else letter.data.get("path")
    parts = [f"Hello {letter.recipient_name or letter.recipient},", body.format(**words)]
    message = EmailMessage()
    message["From"] = sender
    message["To"] = letter.recipient
    message["Subject"] = subject.format(**words)
    message["Date"] = format_datetime(letter.created_at)
    message["Message-ID"] = f"<{letter.notification_id}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join([*parts, *([f"{public_url}{path}"] if path else []), _signature(profile)]) + "\n")
    return message


def _signature(profile: Profile) -> str:
    return f"-- \n{profile.platform.developer_center}\nQuestions: {profile.contact.support_email}"
