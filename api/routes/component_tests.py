"""The results of a Component's tests: those of trusted rigs, and the list of all runs."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.auth import EVERY_ROLE, InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.routes.components import Shown
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Line, Name, SlugPath, Whole
from models import ComponentTest
from models.component_test import ResultSource, RunScope, TestColour
from models.lifecycle import Role
from models.token import Scope
from web.problems import COMMON
from web.routers import Router
from workflow.building.apps import list_tests
from workflow.component_tests.reporting import report_test
from workflow.identity.actors import Actor
from workflow.sql.storable import WITHOUT_NUL

router = Router(prefix="/v1/apps/{slug}/components/{component_id}/tests", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Rig = Annotated[Actor, allow(Scope.TESTS_REPORT, Role.SERVICE)]


class TestResult(Body):
    """What the endpoint answered to one declared event. Without `status` it did not answer."""

    event: Line
    status: Annotated[Whole, Field(ge=200, le=599)] | None = None
    message: Annotated[str, StringConstraints(pattern=WITHOUT_NUL, max_length=2000)] = ""


class NewTest(Body):
    """A suite that a test rig ran. `rig` is its name, which reviewers see beside the result."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rig": "Device lab",
                    "results": [{"event": "track", "status": 200}, {"event": "delete", "status": 202}],
                    "revision": 1,
                }
            ]
        }
    )

    rig: Name
    results: Annotated[list[TestResult], Field(min_length=1, max_length=200)]
    revision: Annotated[Whole, Field(ge=1, le=2_000_000_000)] | None = None


class TestAnswer(BaseModel):
    """One run of the tests of a Component, at one of its revisions.

    `source` says where its results come from: the `service` itself, a `rig` of the platform, named in `reporter`, or
    `reported` for those that partners recorded before, which no longer make a Component tested.
    """

    id: UUID
    component_id: UUID
    revision: int
    source: ResultSource
    reporter: Annotated[str | None, Field(examples=["Device lab"])]
    scope: RunScope
    status: str
    colour: TestColour | None
    results: list[dict[str, Any]]
    requested_at: datetime
    finished_at: datetime | None


@router.post("", status_code=201, tags=["service"], response_model=TestAnswer)
async def create_test(
    context: InContext, actor: Rig, slug: SlugPath, component_id: UUID, body: NewTest, key: Key = None
) -> dict[str, Any]:
    """Records a suite that a trusted test rig ran. The worst result decides the colour of the run.

    The run has every kind of event that the Component declares, and no other: a subscription's `event_types`, a
    stream's `events`, and `load` for a plugin.
    """

    def work(session: Session) -> Answer:
        test = report_test(
            session,
            slug,
            component_id,
            actor,
            now_of(session),
            reporter=body.rig,
            revision=body.revision,
            results=[result.model_dump() for result in body.results],
        )
        return 201, shown_test(test)

    asked = {"test": body.model_dump(), "component": component_id}
    _, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return answer


@router.get("", tags=["partner", "reviewer"])
async def list_all_tests(
    context: InContext, actor: Viewer, slug: SlugPath, component_id: UUID, wanted: Paged, content: Shown = None
) -> Page[TestAnswer]:
    """Lists the runs of a Component's tests, whoever ran them, oldest first: of what is published those of its
    revision, else all."""
    return await context.transact(
        lambda session: shown_page(
            list_tests(session, slug, component_id, actor, content, wanted),
            lambda test: TestAnswer.model_validate(shown_test(test)),
        )
    )


def shown_test(test: ComponentTest) -> dict[str, Any]:
    """Returns the fields of `TestAnswer`."""
    return {
        "id": str(test.id),
        "component_id": str(test.component_id),
        "revision": test.component_revision,
        "source": test.source,
        "reporter": test.reporter,
        "scope": test.scope,
        "status": test.status,
        "colour": test.colour,
        "results": test.results,
        "requested_at": test.requested_at.isoformat(),
        "finished_at": test.finished_at.isoformat() if test.finished_at else None,
    }
