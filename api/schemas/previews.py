"""The answer for a decision that is tried out: what is unmet, and the mails that it would send."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.outcomes import JudgedTriggerAnswer, shown_judgment
from workflow.lifecycle.rehearsal import Rehearsal
from workflow.notifications.letterhead import Letterhead, read_mail
from workflow.notifications.mail import Letter


class MailPreviewAnswer(BaseModel):
    """A mail as its recipient would read it. `html` is a whole page of its own, in the words of `text`."""

    kind: Annotated[str, Field(examples=["changes_requested"])]
    recipient_id: UUID | None
    name: Annotated[str | None, Field(examples=["Pat Doe"])]
    email: Annotated[str, Field(examples=["pat@acme.example"])]
    subject: Annotated[str, Field(examples=["Acme needs changes"])]
    text: Annotated[str, Field(examples=["Hello Pat Doe, the review of Acme asks for changes: ..."])]
    html: Annotated[str, Field(examples=["<!doctype html><title>Acme needs changes</title>"])]


class DecisionPreviewAnswer(BaseModel):
    """How the decision would be judged now, and the mails that it would send, one for each recipient."""

    judgment: JudgedTriggerAnswer
    mails: list[MailPreviewAnswer]


def shown_rehearsal(found: Rehearsal, head: Letterhead) -> DecisionPreviewAnswer:
    """Returns the answer for a decision that was tried out, with its mails composed as they are sent."""
    return DecisionPreviewAnswer(
        judgment=shown_judgment(found.judgment), mails=[_mail(letter, head) for letter in found.letters]
    )


def _mail(letter: Letter, head: Letterhead) -> MailPreviewAnswer:
    mail = read_mail(head.compose(letter))
    return MailPreviewAnswer(
        kind=letter.kind,
        recipient_id=letter.recipient_id,
        name=letter.recipient_name,
        email=letter.recipient,
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
    )
