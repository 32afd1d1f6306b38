"""What all mails of an installation have in common, and composing one, and reading one as its recipient will."""

import email
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import default

from workflow.notifications.mail import Letter, compose
from workflow.profile.document import Profile


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The sender of all mails, where answers go, the address of the service, and whether it serves pages."""

    sender: str
    reply_to: str
    public_url: str
    profile: Profile
    pages: bool

    def compose(self, letter: Letter, unsubscribe: str | None = None) -> EmailMessage:
        """Returns the mail for a letter. `unsubscribe` is the token of the link that switches news off."""
        return compose(
            letter,
            sender=self.sender,
            reply_to=self.reply_to,
            public_url=self.public_url,
            profile=self.profile,
            pages=self.pages,
            unsubscribe=unsubscribe,
        )


@dataclass(frozen=True, slots=True)
class ReadMail:
    """A mail as its recipient reads it: the subject, and the body in both forms."""

    subject: str
    text: str
    html: str


def read_mail(mail: EmailMessage) -> ReadMail:
    """Returns the mail as a program of its recipient shows it: read from the bytes that are sent."""
    received = email.message_from_bytes(mail.as_bytes(), policy=default)
    forms = {kind: received.get_body((kind,)) for kind in ("plain", "html")}
    plain, html = (form.get_content() if form is not None else "" for form in forms.values())
    return ReadMail(str(received["Subject"]), plain, html)
