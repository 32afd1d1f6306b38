"""Slugs that admins allow to a company although they look like others."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, SlugPath
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.building.slugs import allow_slug, forbid_slug, list_allowed_slugs
from workflow.identity.actors import Actor

router = Router(prefix="/v1/allowed-slugs", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]


class SlugPermission(Body):
    organization_id: UUID


class AllowedSlugAnswer(BaseModel):
    """A slug, and the company that may register an App with it although it looks like another."""

    model_config = ConfigDict(from_attributes=True)

    slug: Annotated[str, Field(examples=["modern-io"])]
    organization_id: UUID
    allowed_by: UUID
    allowed_at: datetime


@router.get("")
async def list_allowed(
    context: InContext,
    actor: Operator,  # noqa: ARG001
    wanted: Paged,
    organization_id: Annotated[UUID | None, Query(description="Only those of this company.")] = None,
) -> Page[AllowedSlugAnswer]:
    """Lists the slugs that were allowed although they look like others."""

    def work(session: Session) -> Page[AllowedSlugAnswer]:
        found = list_allowed_slugs(session, wanted, organization_id=organization_id)
        return shown_page(found, AllowedSlugAnswer.model_validate)

    return await context.transact(work)


@router.put("/{look_alike}")
async def allow_to_company(
    context: InContext, actor: Operator, look_alike: SlugPath, body: SlugPermission
) -> AllowedSlugAnswer:
    """Allows a company to register a slug that looks like another. A slug that is reserved or taken stays refused."""

    def work(session: Session) -> AllowedSlugAnswer:
        platforms = context.profile.platform.reserved_slugs
        allowed = allow_slug(session, look_alike, body.organization_id, actor, now_of(session), platforms)
        return AllowedSlugAnswer.model_validate(allowed)

    return await context.transact(work)


@router.delete("/{look_alike}", status_code=204)
async def take_back(context: InContext, actor: Operator, look_alike: SlugPath) -> Response:
    """Takes the permission back. An App that has the slug already keeps it."""
    await context.transact(lambda session: forbid_slug(session, look_alike, actor))
    return Response(status_code=204)
