"""The answers for decisions on reviews: those that have not taken effect, and what one would do that is tried out."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.schemas.outcomes import JudgedTriggerAnswer, ReasonAnswer, shown_judgment
from models.lifecycle import AppTrigger
from models.request import RequestStatus
from web.problems import UnmetRule
from workflow.lifecycle.rehearsal import Rehearsal
from workflow.notifications.letterhead import Letterhead, read_mail
from workflow.notifications.mail import Letter
from workflow.reviewing.decisions import MadeDecision


class MadeDecisionAnswer(BaseModel):
    """A decision that has not taken effect. `id` is that of its transition request, which is `due` until `due_at`.

    Until then whoever made it can cancel it. If it was `refused` at that time, `unmet` says why.
    """

    id: UUID
    decision: Annotated[AppTrigger, Field(examples=["approve"])]
    status: RequestStatus
    by_id: UUID
    by: Annotated[str | None, Field(examples=["Rae Reviewer"])]
    reasons: list[ReasonAnswer]
    asked_at: datetime
    due_at: datetime
    finished_at: datetime | None
    unmet: list[UnmetRule]


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


def shown_decision(made: MadeDecision) -> MadeDecisionAnswer:
    """Returns the answer for a decision that has not taken effect."""
    return MadeDecisionAnswer(
        id=made.id,
        decision=AppTrigger(made.trigger),
        status=made.status,
        by_id=made.by_id,
        by=made.by,
        reasons=[ReasonAnswer.model_validate(reason) for reason in made.reasons],
        asked_at=made.asked_at,
        due_at=made.due_at,
        finished_at=made.finished_at,
        unmet=[UnmetRule.model_validate(rule) for rule in made.unmet],
    )


def shown_rehearsal(found: Rehearsal, head: Letterhead) -> DecisionPreviewAnswer:
    """Returns the answer for a decision that was tried out, with its mails composed as they are sent."""
    return DecisionPreviewAnswer(
        judgment=shown_judgment(found.judgment), mails=[shown_mail(letter, head) for letter in found.letters]
    )


def shown_mail(letter: Letter, head: Letterhead) -> MailPreviewAnswer:
    """Returns the answer for a letter, composed as it is sent."""
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
