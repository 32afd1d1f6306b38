"""Which test runs of a Component may be started now, and what the others lack."""

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.schemas.findings import FindingAnswer
from api.schemas.values import SlugPath
from models.component_test import RunScope
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.component_tests.startable import startable_runs
from workflow.component_tests.starting import host_of
from workflow.identity.actors import Actor

router = Router(prefix="/v1/apps/{slug}/components/{component_id}/test-scopes", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]


class TestScopeAnswer(BaseModel):
    """Whether a run of the scope could be started now and, if not, everything that is missing."""

    scope: Annotated[RunScope, Field(examples=["suite"])]
    possible: bool
    missing: list[FindingAnswer]


class TestScopesAnswer(BaseModel):
    """The test runs that a partner may start; none for a stream, which is tested by what it sends.

    `host` is that to which they send, null if they send nothing. Events and mappings of the partner's own go only to a
    host that the company has proved to be its own.
    """

    host: Annotated[str | None, Field(examples=["acme.example"])]
    items: list[TestScopeAnswer]


@router.get("", tags=["partner", "reviewer"])
async def list_test_scopes(context: InContext, actor: Viewer, slug: SlugPath, component_id: UUID) -> TestScopesAnswer:
    """Says which test runs of the Component could be started now, and what each of the others lacks."""

    def work(session: Session) -> TestScopesAnswer:
        component, found = startable_runs(
            session,
            slug,
            component_id,
            actor,
            now_of(session),
            loopback=context.allow_loopback_urls,
            unseal=context.envelope.unseal,
        )
        items = [
            TestScopeAnswer(
                scope=one.scope,
                possible=not one.missing,
                missing=[FindingAnswer(code=it.code, detail=it.detail, remedy=it.remedy) for it in one.missing],
            )
            for one in found
        ]
        return TestScopesAnswer(host=host_of(str(component.settings.get("url") or "")) or None, items=items)

    return await context.transact(work)
