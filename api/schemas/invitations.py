"""The answer for an invitation, as those who sent it see it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from models import Invitation
from workflow.access.invitations import state_of_invitation


class InvitationAnswer(BaseModel):
    """An invitation. Its code is only in the mail."""

    id: UUID
    organization_id: UUID
    name: str
    email: str = Field(examples=["pat@acme.example"])
    state: Literal["open", "accepted", "revoked", "expired"]
    created_at: datetime
    expires_at: datetime


def shown_invitation(invitation: Invitation, now: datetime) -> InvitationAnswer:
    """Returns the answer for an invitation."""
    shown = {
        "id": invitation.id,
        "organization_id": invitation.organization_id,
        "name": invitation.name,
        "email": invitation.email,
        "state": state_of_invitation(invitation, now),
        "created_at": invitation.created_at,
        "expires_at": invitation.expires_at,
    }
    return InvitationAnswer.model_validate(shown)
