"""How far each Component of an App is tested, and what it lacks."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from api.auth import InContext, allow
from api.context import Session, now_of
from api.schemas.findings import FindingAnswer
from api.schemas.pages import Page
from api.schemas.values import SlugPath
from models.component import ComponentKind
from models.component_test import ResultSource, TestColour
from models.due import DueStatus
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.building.component_states import ComponentState, component_states
from workflow.identity.actors import Actor

router = Router(prefix="/v1/apps/{slug}/component-states", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, Role.PARTNER, Role.REVIEWER, Role.ADMIN)]


class SuiteRunAnswer(BaseModel):
    """A run of the whole suite. `results` counts its cases by their colour, without those that are only observed.

    `is_current` says that it tests the Component as it is now. While it is `due` it has no results here.
    """

    id: UUID
    source: ResultSource
    status: DueStatus
    colour: TestColour | None
    is_current: bool
    results: Annotated[dict[TestColour, int], Field(examples=[{"green": 7, "yellow": 1}])]
    requested_at: datetime
    finished_at: datetime | None


class ComponentStateAnswer(BaseModel):
    """How far a Component is tested as it is now. It is tested exactly if it `lacks` nothing.

    `tested_at` is when the suite that counts ended or, of a stream, when the newest event that it needs came.
    """

    id: UUID
    kind: ComponentKind
    subkind: str
    name: str
    revision: int
    changed_at: datetime
    tested: bool
    colour: TestColour | None
    tested_at: datetime | None
    latest_run: SuiteRunAnswer | None
    lacks: list[FindingAnswer]


@router.get("", tags=["partner", "reviewer"])
async def list_component_states(context: InContext, actor: Viewer, slug: SlugPath) -> Page[ComponentStateAnswer]:
    """Lists for each Component of the draft, oldest first, how far it is tested and what it still lacks.

    All of them, at most 50, are on one page.
    """

    def work(session: Session) -> Page[ComponentStateAnswer]:
        found = component_states(session, slug, actor, now_of(session))
        return Page(items=[ComponentStateAnswer.model_validate(_shown(one)) for one in found])

    return await context.transact(work)


def _shown(state: ComponentState) -> dict[str, Any]:
    component, run = state.component, state.latest_run
    return {
        **{name: getattr(component, name) for name in ("id", "kind", "subkind", "name", "revision", "changed_at")},
        "tested": not state.lacks,
        "colour": state.colour,
        "tested_at": state.tested_at,
        "latest_run": run and {name: getattr(run, name) for name in SuiteRunAnswer.model_fields},
        "lacks": [{"code": one.code, "detail": one.detail, "remedy": one.remedy} for one in state.lacks],
    }
