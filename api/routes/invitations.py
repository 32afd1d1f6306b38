"""One-time invitations: accepting one for a first token, and issuing one again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from fastapi import APIRouter, Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from api.auth import InContext, allow
from api.context import audit, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.values import Body, Key, Line
from models import Invitation
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.access.invitations import accept_invitation, invite_again
from workflow.identity.actors import Actor
from workflow.work.bells import Bell

router = APIRouter(prefix="/v1/invitations", responses=COMMON)

Inviter = Annotated[Actor, allow(Scope.ACCESS_DECIDE, Role.REVIEWER, Role.ADMIN)]
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$", examples=["the-code-of-the-mail"])]


class AcceptedInvitation(Body):
    """How the person wants to be called; without it they keep the name under which they were invited."""

    name: Line | None = None


class InvitationAnswer(BaseModel):
    """An invitation, without its code: that is only in the mail."""

    id: UUID
    organization_id: UUID
    name: str
    email: str = Field(examples=["pat@acme.example"])
    state: Literal["open", "accepted", "revoked", "expired"]
    created_at: datetime
    expires_at: datetime


class FirstToken(BaseModel):
    """Who the invitation made, and their token. A call that is repeated with its key within minutes shows it again."""

    person_id: UUID
    name: str
    email: str
    owner: bool
    organization_id: UUID
    organization: str
    token: str | None = Field(examples=["dc_partner_..."])
    expires_at: datetime


@router.post("/{code}/accept", status_code=201, tags=["partner"], response_model=FirstToken)
async def accept(
    context: InContext, code: Code, body: AcceptedInvitation | None = None, key: Key = None
) -> JSONResponse:
    """Exchanges the code of an invitation, once, for a person of the company and their first token. No token needed."""
    invited = Actor(uuid5(NAMESPACE_URL, f"invitation:{code}"), Role.PARTNER)

    def work(session: Session) -> Answer:
        done = accept_invitation(session, code, now_of(session), body.name if body else None)
        person = Actor(done.person.id, Role.PARTNER, done.organization.id)
        audit(session, person, "invitation.accept", done.organization.id, token=str(done.token.id))
        return 201, {
            "person_id": done.person.id,
            "name": done.person.name,
            "email": done.person.email,
            "owner": done.person.owner,
            "organization_id": done.organization.id,
            "organization": done.organization.name,
            "token": done.plain,
            "expires_at": done.token.expires_at,
        }

    token = ShownOnce("token", context.envelope)
    asked = {"accept": body.model_dump() if body else {}}
    status, answer = await context.transact(lambda s: once(s, invited, key, asked, lambda: work(s), token))
    opened = FirstToken.model_validate(answer)
    return JSONResponse(opened.model_dump(mode="json"), status, headers={"Cache-Control": "no-store"})


@router.post("/{invitation_id}/reissue", status_code=201, tags=["reviewer"], response_model=InvitationAnswer)
async def reissue(context: InContext, actor: Inviter, invitation_id: UUID, key: Key = None) -> JSONResponse:
    """Takes an invitation back that nobody accepted, and mails a new one in its place."""

    def work(session: Session) -> Answer:
        now = now_of(session)
        invitation = invite_again(session, invitation_id, actor, now, context.envelope.seal)
        audit(session, actor, "invitation.reissue", invitation_id, replaced_by=str(invitation.id))
        return 201, shown_invitations([invitation], now)[0]

    asked = {"reissue": str(invitation_id)}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    context.ring(Bell.NOTIFICATIONS)
    return JSONResponse(InvitationAnswer.model_validate(answer).model_dump(mode="json"), status)


def shown_invitations(invitations: Sequence[Invitation], now: datetime) -> list[dict[str, Any]]:
    """Returns invitations as they are answered."""
    return [
        {
            "id": invitation.id,
            "organization_id": invitation.organization_id,
            "name": invitation.name,
            "email": invitation.email,
            "state": _state(invitation, now),
            "created_at": invitation.created_at,
            "expires_at": invitation.expires_at,
        }
        for invitation in invitations
    ]


def _state(invitation: Invitation, now: datetime) -> str:
    if invitation.accepted_at is not None:
        return "accepted"
    if invitation.revoked_at is not None:
        return "revoked"
    return "expired" if invitation.expires_at <= now else "open"
