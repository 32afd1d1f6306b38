"""Companies and their people: names and domains, inviting and removing colleagues, transferring ownership."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel, Field, StringConstraints

from api.auth import InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.schemas.access_requests import CompanyWebsite
from api.schemas.invitations import InvitationAnswer, shown_invitation
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, CompanyName, Email, Key, PersonName
from models import Organization, Person
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.access.people import (
    find_organization,
    hand_over,
    invite_colleague,
    list_invitations,
    list_organizations,
    list_people,
    move_organization,
    remove_person,
    rename_organization,
    revoke_invitation,
)
from workflow.identity.actors import Actor
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1/organizations", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]
Mover = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]
Manager = Annotated[Actor, allow(Scope.PEOPLE_MANAGE, Role.PARTNER, Role.ADMIN)]
Remover = Annotated[Actor, allow(Scope.PEOPLE_MANAGE, Role.PARTNER, Role.ADMIN, recent=True)]


class NewColleague(Body):
    name: PersonName = Field(examples=["Olga Nowak"])
    email: Email


class NewOwner(Body):
    person_id: UUID


class NewName(Body):
    name: CompanyName = Field(examples=["Acme Analytics"])


class NewWebsite(Body):
    website: CompanyWebsite


class OrganizationAnswer(BaseModel):
    """A partner company, identified by its `domain`."""

    id: UUID
    name: str = Field(examples=["Acme"])
    website: str = Field(examples=["https://acme.example"])
    domain: str | None = Field(examples=["acme.example"])
    created_at: datetime


class PersonAnswer(BaseModel):
    """A person of the company."""

    id: UUID
    name: str = Field(examples=["Pat Doe"])
    email: str = Field(examples=["pat@acme.example"])
    owner: bool
    created_at: datetime


@router.get("", tags=["partner", "reviewer"])
async def list_own_organizations(
    context: InContext,
    actor: Viewer,
    wanted: Paged,
    search: Annotated[
        str | None,
        StringConstraints(min_length=1, max_length=200, pattern=WITHOUT_NUL),
        Query(description="A text of the name or the domain, or the address of a person.", examples=["acme"]),
    ] = None,
) -> Page[OrganizationAnswer]:
    """Lists the organizations that the caller may see: partners see their own, reviewers and admins see all."""
    return await context.transact(
        lambda session: shown_page(list_organizations(session, actor, wanted, search), _organization)
    )


@router.get("/{organization_id}", tags=["partner", "reviewer"])
async def read(context: InContext, actor: Viewer, organization_id: UUID) -> OrganizationAnswer:
    """Returns an organization."""
    return await context.transact(lambda session: _organization(find_organization(session, organization_id, actor)))


@router.patch("/{organization_id}", tags=["partner", "admin"])
async def rename(context: InContext, actor: Manager, organization_id: UUID, body: NewName) -> OrganizationAnswer:
    """Renames the organization. The owner may do so, and an admin."""
    return await context.transact(
        lambda session: _organization(rename_organization(session, organization_id, body.name, actor))
    )


@router.put("/{organization_id}/website", tags=["admin"])
async def move(context: InContext, actor: Mover, organization_id: UUID, body: NewWebsite) -> OrganizationAnswer:
    """Moves the organization to another website and its domain, by which colleagues are recognised from then on."""
    return await context.transact(
        lambda session: _organization(move_organization(session, organization_id, body.website, actor))
    )


@router.get("/{organization_id}/people", tags=["partner", "reviewer"])
async def list_colleagues(
    context: InContext, actor: Viewer, organization_id: UUID, wanted: Paged
) -> Page[PersonAnswer]:
    """Lists the people of the organization."""
    return await context.transact(
        lambda session: shown_page(list_people(session, organization_id, actor, wanted), _person)
    )


@router.delete("/{organization_id}/people/{person_id}", status_code=204, tags=["partner", "admin"])
async def remove(context: InContext, actor: Remover, organization_id: UUID, person_id: UUID) -> Response:
    """Removes a person, whose tokens stop working at once. The owner may remove others; everybody else may leave."""

    def work(session: Session) -> None:
        remove_person(session, organization_id, person_id, actor, now_of(session))

    await context.transact(work)
    return Response(status_code=204)


@router.put("/{organization_id}/owner", tags=["partner", "admin"])
async def change_owner(context: InContext, actor: Remover, organization_id: UUID, body: NewOwner) -> PersonAnswer:
    """Transfers the ownership of the organization to another person. Both are told by mail."""
    return await context.transact(
        lambda session: _person(hand_over(session, organization_id, body.person_id, actor, now_of(session)))
    )


@router.get("/{organization_id}/invitations", tags=["partner", "reviewer"])
async def list_sent_invitations(
    context: InContext, actor: Viewer, organization_id: UUID, wanted: Paged
) -> Page[InvitationAnswer]:
    """Lists the organization's invitations, including those that were accepted, revoked or have expired."""

    def work(session: Session) -> Page[InvitationAnswer]:
        now = now_of(session)
        found = list_invitations(session, organization_id, actor, wanted)
        return shown_page(found, lambda invitation: shown_invitation(invitation, now))

    return await context.transact(work)


@router.post(
    "/{organization_id}/invitations", status_code=201, tags=["partner", "admin"], response_model=InvitationAnswer
)
async def invite(
    context: InContext, actor: Manager, organization_id: UUID, body: NewColleague, key: Key = None
) -> JSONResponse:
    """Invites a colleague by mail. An open invitation to the same address is replaced."""

    def work(session: Session) -> Answer:
        now = now_of(session)
        invitation = invite_colleague(
            session, organization_id, actor, now, context.envelope.seal, name=body.name, email=body.email
        )
        return 201, shown_invitation(invitation, now).model_dump(mode="json")

    asked = {"invite": body.model_dump(), "organization": str(organization_id)}
    status, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.delete("/{organization_id}/invitations/{invitation_id}", status_code=204, tags=["partner", "admin"])
async def take_back(context: InContext, actor: Manager, organization_id: UUID, invitation_id: UUID) -> Response:
    """Revokes an open invitation. Its code stops working at once."""

    def work(session: Session) -> None:
        revoke_invitation(session, organization_id, invitation_id, actor, now_of(session))

    await context.transact(work)
    return Response(status_code=204)


def _organization(organization: Organization) -> OrganizationAnswer:
    return OrganizationAnswer(
        id=organization.id,
        name=organization.name,
        website=organization.website,
        domain=organization.domain,
        created_at=organization.created_at,
    )


def _person(person: Person) -> PersonAnswer:
    return PersonAnswer(
        id=person.id,
        name=person.name,
        email=person.email,
        owner=person.owner,
        created_at=person.created_at,
    )
