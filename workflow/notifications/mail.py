"""Composing a mail with a stable Message-ID from the words of its kind."""

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import UUID

from models.lifecycle import Role
from workflow.identity.secrets import typed_code_of
from workflow.names import one_line, quoted
from workflow.notifications.digest_words import digest_words
from workflow.notifications.html import html_of
from workflow.notifications.kinds import NotificationKind
from workflow.notifications.links import ABOUT, LABELS, link_of
from workflow.notifications.mime import TwoFormMail
from workflow.notifications.review_words import (
    customer_words,
    mend_words,
    publication_words,
    review_words,
    suspension_words,
)
from workflow.notifications.words import WORDS
from workflow.profile.document import Profile, words_of

_NAMES = frozenset({"by", "company", "contact", "holder", "label", "name", "owner"})
"""The values for the text that somebody chose as a name. They are quoted and cut, as are the names of Apps: a name can
be a sentence, and must not be taken for the service's own words."""


@dataclass(frozen=True, slots=True)
class Letter:
    """The content and the recipient of a notification. `app_name` and `app_slug` are None if it is not about an App.

    `data` holds the values for the text. Of these, `path` is the API path to which a mail that is not about an App
    links where there are no pages, if there is one; those that `links.ABOUT` names are ids of what it is about; and
    `secret` is the decrypted code. `recipient_id`, `recipient_name` and `recipient_role` are those of a person, None
    for an address of nobody yet: the name that somebody else gave its holder is not repeated there.
    `review` is the review that a message about an App is about, as `review_words` reads it. `customers` is how many the
    App has, and `customers_needed` how many the policy wants before it is public. `suspension` has `only_reinstated`
    and `confirm_by`, for a message about a suspension. `publication` is one for a day, as `publication_words` reads it.
    """

    notification_id: UUID
    recipient_id: UUID | None
    kind: str
    recipient: str
    recipient_name: str | None
    app_name: str | None
    app_slug: str | None
    created_at: datetime
    data: dict[str, Any]
    reasons: list[dict[str, Any]]
    review: dict[str, Any] | None = None
    customers: int | None = None
    customers_needed: int | None = None
    suspension: dict[str, Any] | None = None
    publication: dict[str, Any] | None = None
    recipient_role: str | None = None


def compose(
    letter: Letter,
    *,
    sender: str,
    reply_to: str,
    public_url: str,
    profile: Profile,
    pages: bool,
    unsubscribe: str | None = None,
) -> EmailMessage:
    """Returns the mail for a letter, in the words of the platform's profile. Answers to it go to `reply_to`.

    It has plain text and, of the same words, HTML. The Message-ID depends only on the notification, so that a repeated
    delivery can be recognised. With `pages` what can be done on a page is linked there, else the mail says which call
    does it. News has `unsubscribe`, the token of the link that switches it off, in its text and in the headers of RFC
    8058; other mails have neither.
    """
    subject_words, body = WORDS[NotificationKind(letter.kind)]
    site = public_url.rstrip("/")
    secret = letter.data.get("secret", "")
    reasons = "\n".join(f"- {one['text']} {one.get('where', '')}".rstrip() for one in letter.reasons)
    words = {
        **review_words(letter.review),
        **mend_words(letter.review, site, letter.app_slug, pages=pages),
        **customer_words(letter.data.get("count", letter.customers), letter.customers_needed),
        **{key: (quoted if key in _NAMES else _line)(str(value)) for key, value in letter.data.items()},
        "app": quoted(letter.app_name or ""),
        "reasons": reasons or "-",
        "said": f"\n\nThe partner says:\n\n{reasons}" if reasons else "",
        "why": f"\n\nThey say:\n\n{reasons}" if reasons else "",
        "why_approved": f"\n\nThe reviewers say:\n\n{reasons}" if reasons else "",
        **suspension_words(letter.suspension),
        **publication_words(letter.publication, letter.review),
        **digest_words(letter.data.get("digest"), site, pages=pages),
        "by_token_call": "" if pages else f" with POST {site}/v1/tokens",
        "by_settings_call": "" if pages else ", with PUT at the test-settings of the Component",
        "invitation_link": (
            f"{site}/invitations/{secret}" if pages else f"curl -X POST {site}/v1/invitations/{secret}/accept"
        ),
        "proof_link": f"{site}/proofs/{secret}" if pages else f"curl -X POST {site}/v1/proofs/{secret}",
        "sign_in_link": f"{site}/sign-in/{secret}",
        "sign_in_code": typed_code_of(secret),
        **words_of(profile),
    }
    link = link_of(
        NotificationKind(letter.kind),
        Role(letter.recipient_role) if letter.recipient_role else None,
        {
            "app": letter.app_slug,
            "review": (letter.review or {}).get("id"),
            **{name: letter.data.get(name) for name in ABOUT},
        },
        call=f"/v1/apps/{letter.app_slug}" if letter.app_slug else letter.data.get("path"),
        pages=pages,
    )
    parts = [f"Hello {one_line(letter.recipient_name)}," if letter.recipient_name else "Hello,", body.format(**words)]
    if link is not None:
        parts.append(f"{link.label}\n{site}{link.path}".lstrip())
    message = TwoFormMail()
    message["From"] = sender
    message.set_verbatim("To", letter.recipient)
    message["Reply-To"] = reply_to
    message["Subject"] = subject = subject_words.format(**words)
    message["Date"] = format_datetime(letter.created_at)
    message.set_verbatim("Message-ID", f"<{letter.notification_id}@{sender.rpartition('@')[2].rstrip('> ')}>")
    message["Auto-Submitted"] = "auto-generated"
    if unsubscribe is not None:
        switch = f"{site}{'' if pages else '/v1'}/unsubscribe/{unsubscribe}"
        message.set_verbatim("List-Unsubscribe", f"<{switch}>")
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        parts.append(f"You do not want this news? Switch it off: {switch}")
    paragraphs, signed = "\n\n".join(parts), profile.platform.developer_center
    where = f"Questions? Answer this mail, or write to {profile.contact.support_email}."
    message.set_forms(
        plain=f"{paragraphs}\n\n-- \n{signed}\n{where}\n",
        html=html_of(subject, paragraphs, site=site, signed=signed, where=where, labels=LABELS),
    )
    return message


def _line(value: str) -> str:
    return " ".join(value.split())
