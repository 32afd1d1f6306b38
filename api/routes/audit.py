"""The audit log, for admins: who did what to what, and when."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import InContext, allow
from api.schemas.pages import Cursor, Limit, Page, page
from api.schemas.values import Moment
from models import AuditEntry
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from workflow.identity.actors import Actor
from workflow.sql.storable import WITHOUT_NUL

router = APIRouter(prefix="/v1/audit", responses=COMMON, tags=["admin"])

Operator = Annotated[Actor, allow(Scope.ADMIN, Role.ADMIN)]
Text = Annotated[str | None, Query(min_length=1, max_length=200, pattern=WITHOUT_NUL)]


class AuditLine(BaseModel):
    """One state-changing call."""

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
    actor: Annotated[UUID | None, Query(description="The id of a person or a service.")] = None,
    target: Text = None,
    action: Text = None,
    since: Annotated[Moment | None, Query(description="From this time on.")] = None,
    until: Annotated[Moment | None, Query(description="Before this time.")] = None,
    after: Cursor = None,
    limit: Limit = 50,
) -> Page[AuditLine]:
    """Looks through the audit log, newest first."""

    def work(session: Session) -> dict[str, Any]:
        statement = select(AuditEntry)
        for column, wanted in (
            (AuditEntry.actor_id, actor),
            (AuditEntry.target, target),
            (AuditEntry.action, action),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if since is not None:
            statement = statement.where(AuditEntry.at >= since)
        if until is not None:
            statement = statement.where(AuditEntry.at < until)
        return page(session, statement, (AuditEntry.at, AuditEntry.id), after, limit, _lines, newest_first=True)

    return Page[AuditLine].model_validate(await context.transact(work))


def _lines(rows: Any) -> list[dict[str, Any]]:
    return [{column: getattr(row, column) for column in AuditLine.model_fields} for row in rows]
