"""Companies and their people: who they are, inviting and removing colleagues, handing over ownership."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import InContext, allow
from api.context import audit, now_of
from api.idempotency import Answer, once
from api.routes.invitations import InvitationAnswer, shown_invitations
from api.schemas.pages import Cursor, Limit, page
from api.schemas.values import Body, Email, Key, Line
from models import Invitation, Organization, Person
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.access.people import find_organization, hand_over, invite_colleague, remove_person, revoke_invitation
from workflow.identity.actors import Actor
from workflow.work.bells import Bell

router = APIRouter(prefix="/v1/organizations", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]
Manager = Annotated[Actor, allow(Scope.PEOPLE_MANAGE, Role.PARTNER, Role.ADMIN)]


class NewColleague(Body):
    name: Line = Field(examples=["Olga Nowak"])
    email: Email


class NewOwner(Body):
    person_id: UUID


class OrganizationAnswer(BaseModel):
    """A company. `domain` is the one by which it is known."""

    id: UUID
    name: str = Field(examples=["Acme"])
    website: str = Field(examples=["https://acme.example"])
    domain: str | None = Field(examples=["acme.example"])
    created_at: datetime


class PersonAnswer(BaseModel):
    """Somebody who acts for the company."""

    id: UUID
    name: str = Field(examples=["Pat Doe"])
    email: str = Field(examples=["pat@acme.example"])
    owner: bool
    created_at: datetime


class OrganizationPage(BaseModel):
    items: list[OrganizationAnswer]
    next: str | None


class PersonPage(BaseModel):
    items: list[PersonAnswer]
    next: str | None


class InvitationPage(BaseModel):
    items: list[InvitationAnswer]
    next: str | None


@router.get("", tags=["partner", "reviewer"])
async def list_organizations(
    context: InContext, actor: Viewer, after: Cursor = None, limit: Limit = 50
) -> OrganizationPage:
    """Lists the organizations that the caller may see: a partner's own, or all."""

    def work(session: Session) -> dict[str, Any]:
        statement = select(Organization).order_by(Organization.id)
        if actor.role is Role.PARTNER:
            statement = statement.where(Organization.id == actor.organization_id)
        return page(
            session, statement, Organization.id, after, limit, lambda rows: [_organization(one) for one in rows]
        )

    return OrganizationPage.model_validate(await context.transact(work))


@router.get("/{organization_id}/people", tags=["partner", "reviewer"])
async def list_people(
    context: InContext, actor: Viewer, organization_id: UUID, after: Cursor = None, limit: Limit = 50
) -> PersonPage:
    """Lists who acts for the organization."""

    def work(session: Session) -> dict[str, Any]:
        find_organization(session, organization_id, actor)
        people = select(Person).where(Person.organization_id == organization_id, Person.removed_at.is_(None))
        return page(
            session, people.order_by(Person.id), Person.id, after, limit, lambda rows: [_person(p) for p in rows]
        )

    return PersonPage.model_validate(await context.transact(work))


@router.delete("/{organization_id}/people/{person_id}", status_code=204, tags=["partner", "admin"])
async def remove(context: InContext, actor: Manager, organization_id: UUID, person_id: UUID) -> Response:
    """Removes a person: their tokens stop at once. The owner removes others; everybody else may leave."""

    def work(session: Session) -> None:
        remove_person(session, organization_id, person_id, actor, now_of(session))
        audit(session, actor, "person.remove", person_id, organization=str(organization_id))

    await context.transact(work)
    context.ring(Bell.NOTIFICATIONS)
    return Response(status_code=204)


@router.put("/{organization_id}/owner", tags=["partner", "admin"])
async def change_owner(context: InContext, actor: Manager, organization_id: UUID, body: NewOwner) -> PersonAnswer:
    """Hands the ownership over to another person. Both are told."""

    def work(session: Session) -> dict[str, Any]:
        person = hand_over(session, organization_id, body.person_id, actor, now_of(session))
        audit(session, actor, "organization.hand_over", organization_id, owner=str(person.id))
        return _person(person)

    answer = await context.transact(work)
    context.ring(Bell.NOTIFICATIONS)
    return PersonAnswer.model_validate(answer)


@router.get("/{organization_id}/invitations", tags=["partner", "reviewer"])
async def list_invitations(
    context: InContext, actor: Viewer, organization_id: UUID, after: Cursor = None, limit: Limit = 50
) -> InvitationPage:
    """Lists the organization's invitations, those that ended too."""

    def work(session: Session) -> dict[str, Any]:
        find_organization(session, organization_id, actor)
        now = now_of(session)
        sent = select(Invitation).where(Invitation.organization_id == organization_id).order_by(Invitation.id)

        def show(rows: Sequence[Invitation]) -> list[dict[str, Any]]:
            return shown_invitations(rows, now)

        return page(session, sent, Invitation.id, after, limit, show)

    return InvitationPage.model_validate(await context.transact(work))


@router.post(
    "/{organization_id}/invitations", status_code=201, tags=["partner", "admin"], response_model=InvitationAnswer
)
async def invite(
    context: InContext, actor: Manager, organization_id: UUID, body: NewColleague, key: Key = None
) -> JSONResponse:
    """Invites a colleague by mail. An open invitation of the same address is replaced."""

    def work(session: Session) -> Answer:
        now = now_of(session)
        invitation = invite_colleague(
            session, organization_id, actor, now, context.envelope.seal, name=body.name, email=body.email
        )
        audit(session, actor, "invitation.create", invitation.id, organization=str(organization_id))
        return 201, shown_invitations([invitation], now)[0]

    asked = {"invite": body.model_dump(), "organization": str(organization_id)}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    context.ring(Bell.NOTIFICATIONS)
    return JSONResponse(InvitationAnswer.model_validate(answer).model_dump(mode="json"), status)


@router.delete("/{organization_id}/invitations/{invitation_id}", status_code=204, tags=["partner", "admin"])
async def take_back(context: InContext, actor: Manager, organization_id: UUID, invitation_id: UUID) -> Response:
    """Takes back an open invitation: its code no longer works."""

    def work(session: Session) -> None:
        revoke_invitation(session, organization_id, invitation_id, actor, now_of(session))
        audit(session, actor, "invitation.revoke", invitation_id, organization=str(organization_id))

    await context.transact(work)
    return Response(status_code=204)


def _organization(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "website": organization.website,
        "domain": organization.domain,
        "created_at": organization.created_at,
    }


def _person(person: Person) -> dict[str, Any]:
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "owner": person.owner,
        "created_at": person.created_at,
    }
