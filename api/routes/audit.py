"""The audit log, for admins: who did what to which object, and when."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field, StringConstraints

from api.auth import InContext, allow
from api.context import Session
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Moment
from models import AuditEntry
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.identity.actors import Actor
from workflow.identity.audit_log import AuditFilter, list_audit_entries
from workflow.identity.names import names_of
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1/audit", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=WITHOUT_NUL)] | None


class AuditEntryAnswer(BaseModel):
    """One state-changing call. `actor_name` is what the person or service is called now."""

    id: int
    at: datetime
    actor_id: UUID
    actor_name: Annotated[str | None, Field(examples=["usage-reporter"])]
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
    who: Annotated[
        Text,
        Query(description="Only calls of whoever has this mail address, of staff of this name, or of this service."),
    ] = None,
    app: Annotated[Text, Query(description="Only what was done to the App with this slug, or to a part of it.")] = None,
    target: Annotated[Text, Query(description="Only calls on exactly this.", examples=["acme"])] = None,
    action: Annotated[Text, Query(description="Only this action.", examples=["policy.publish"])] = None,
    since: Annotated[Moment | None, Query(description="Only calls at or after this time.")] = None,
    until: Annotated[Moment | None, Query(description="Only calls before this time.")] = None,
) -> Page[AuditEntryAnswer]:
    """Lists the audit log, newest first."""
    narrowed = AuditFilter(actor, who, app, target, action, since, until)

    def work(session: Session) -> Page[AuditEntryAnswer]:
        found = list_audit_entries(session, narrowed, wanted)
        names = names_of(session, [entry.actor_id for entry in found.rows])
        return shown_page(found, lambda entry: _shown(entry, names))

    return await context.transact(work)


def _shown(entry: AuditEntry, names: Mapping[UUID, str]) -> AuditEntryAnswer:
    return AuditEntryAnswer(
        id=entry.id,
        at=entry.at,
        actor_id=entry.actor_id,
        actor_name=names.get(entry.actor_id),
        actor_role=entry.actor_role,
        action=entry.action,
        target=entry.target,
        detail=entry.detail,
    )
