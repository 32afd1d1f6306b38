"""The audit log, for admins: who did what to which object, and when."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from api.auth import InContext, allow
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Moment
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.identity.actors import Actor
from workflow.identity.audit_log import AuditFilter, list_audit_entries
from workflow.sql.storable import WITHOUT_NUL

router = APIRouter(prefix="/v1/audit", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]
Text = Annotated[str | None, Query(min_length=1, max_length=200, pattern=WITHOUT_NUL)]


class AuditEntryAnswer(BaseModel):
    """One state-changing call."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    at: datetime
    actor_id: UUID
    actor_role: Annotated[str, Field(examples=["service"])]
    action: Annotated[str, Field(examples=["usage.report"])]
    target: Annotated[str, Field(examples=["acme"])]
    detail: dict[str, Any]


@router.get("")
async def query(
    context: InContext,
    operator: Operator,  # noqa: ARG001
    wanted: Paged,
    actor: Annotated[UUID | None, Query(description="Only calls of the person or service with this id.")] = None,
    target: Text = None,
    action: Text = None,
    since: Annotated[Moment | None, Query(description="Only calls at or after this time.")] = None,
    until: Annotated[Moment | None, Query(description="Only calls before this time.")] = None,
) -> Page[AuditEntryAnswer]:
    """Lists the audit log, newest first."""
    narrowed = AuditFilter(actor, target, action, since, until)
    return await context.transact(
        lambda session: shown_page(list_audit_entries(session, narrowed, wanted), AuditEntryAnswer.model_validate)
    )
