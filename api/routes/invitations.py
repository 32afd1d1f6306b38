"""One-time invitations: exchanging one for a first token, and reissuing one."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import Path
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.invitations import InvitationAnswer, shown_invitation
from api.schemas.values import Body, Key, PersonName
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.access.invitations import (
    accept_invitation,
    invitation_with_code,
    invite_again,
    invitee_with_code,
    state_of_invitation,
)
from workflow.identity.actors import Actor

router = Router(prefix="/v1/invitations", responses=COMMON)

Inviter = Annotated[Actor, allow(Scope.ACCESS_DECIDE, Role.REVIEWER, Role.ADMIN)]
Code = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,100}$", examples=["the-code-of-the-mail"])]


class AcceptedInvitation(Body):
    """The name that the person wants to use. Without it they keep the name in the invitation."""

    name: PersonName | None = None


class ReceivedInvitationAnswer(BaseModel):
    """An invitation as whoever has its code sees it."""

    organization: str = Field(examples=["Acme"])
    name: str
    email: str = Field(examples=["pat@acme.example"])
    state: Literal["open", "accepted", "revoked", "expired"]
    expires_at: datetime


class FirstTokenAnswer(BaseModel):
    """The new person and their token.

    Repeating the call with its idempotency key within a few minutes returns the token again.
    """

    person_id: UUID
    name: str
    email: str
    owner: bool
    organization_id: UUID
    organization: str
    token: str | None = Field(examples=["dc_partner_..."])
    expires_at: datetime


@router.get("/{code}", tags=["partner"], response_model=ReceivedInvitationAnswer)
async def look_at(context: InContext, code: Code) -> JSONResponse:
    """Shows an invitation by its code. Changes nothing, so that whatever follows links in mails does no harm."""

    def work(session: Session) -> ReceivedInvitationAnswer:
        invitation, organization = invitation_with_code(session, code)
        return ReceivedInvitationAnswer(
            organization=organization.name,
            name=invitation.name,
            email=invitation.email,
            state=state_of_invitation(invitation, now_of(session)),
            expires_at=invitation.expires_at,
        )

    answer = await context.transact(work)
    return JSONResponse(answer.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


@router.post("/{code}/accept", status_code=201, tags=["partner"], response_model=FirstTokenAnswer)
async def accept(
    context: InContext, code: Code, body: AcceptedInvitation | None = None, key: Key = None
) -> JSONResponse:
    """Accepts an invitation by its code, which works once. Creates a person of the company and their first token.

    No token is needed for this call.
    """
    invited = invitee_with_code(code)

    def work(session: Session) -> Answer:
        done = accept_invitation(session, code, now_of(session), body.name if body else None)
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
    opened = FirstTokenAnswer.model_validate(answer)
    return JSONResponse(opened.model_dump(mode="json"), status, headers={"Cache-Control": "no-store"})


@router.post("/{invitation_id}/reissue", status_code=201, tags=["reviewer"], response_model=InvitationAnswer)
async def reissue(context: InContext, actor: Inviter, invitation_id: UUID, key: Key = None) -> JSONResponse:
    """Revokes an invitation that was not accepted, and mails a new one."""

    def work(session: Session) -> Answer:
        now = now_of(session)
        invitation = invite_again(session, invitation_id, actor, now, context.envelope.seal)
        return 201, shown_invitation(invitation, now).model_dump(mode="json")

    asked = {"reissue": str(invitation_id)}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)
