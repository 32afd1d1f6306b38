"""The Components of an App and the runs of their tests."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.auth import EVERY_ROLE, InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Line, Name, Object, SlugPath, Whole
from models import Component, ComponentTest
from models.component import ComponentKind, TestColour
from models.lifecycle import Role
from models.token import Scope
from web.etags import EDITING, IfMatch, etag_of, expected_revisions
from web.problems import COMMON
from workflow.apps import find_app
from workflow.building.apps import Content, content_of, find_content, list_tests
from workflow.building.components import (
    add_component,
    change_component,
    colour_of_component,
    find_component,
    record_test,
    remove_component,
    renew_write_key,
)
from workflow.catalog.published import ComponentContent
from workflow.identity.actors import Actor
from workflow.sql.storable import WITHOUT_NUL

router = APIRouter(prefix="/v1/apps/{slug}/components", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]
Tester = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER, Role.SERVICE)]


class NewComponent(Body):
    """A new Component. Its `settings` depend on its kind.

    A subscription has `url`, `event_types` and more; a stream has `events`; a plugin has `bundle_url`, `package_url` or
    `package_name`, and `minimum_sdk_version`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "kind": "subscription",
                    "subkind": "webhook",
                    "name": "Acme webhook",
                    "settings": {
                        "url": "https://acme.example/webhook",
                        "api_key_name": "Acme API key",
                        "event_types": ["identify", "track", "delete"],
                        "settings": [{"name": "region", "label": "Region", "type": "choice", "choices": ["EU", "US"]}],
                    },
                },
                {"kind": "stream", "name": "Acme events", "settings": {"events": ["Email Opened"]}},
                {
                    "kind": "plugin",
                    "subkind": "web",
                    "name": "Acme for the web",
                    "settings": {"bundle_url": "https://acme.example/plugin.js", "minimum_sdk_version": "1.60"},
                },
            ]
        }
    )

    kind: ComponentKind
    subkind: Annotated[str, StringConstraints(max_length=16, pattern="^[a-z]*$")] = ""
    name: Name
    settings: Object = Field(default_factory=dict)


class ChangedComponent(Body):
    """What to change: at least one of the two. Either change makes the Component untested."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "examples": [{"name": "All events"}]})

    name: Name | None = None
    settings: Object | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.settings is None:
            raise ValueError("give a name, settings or both")
        return self


class TestResult(Body):
    """What the endpoint answered to one declared event. Without `status` it did not answer."""

    event: Line
    status: Annotated[Whole, Field(ge=200, le=599)] | None = None
    message: Annotated[str, StringConstraints(pattern=WITHOUT_NUL, max_length=2000)] = ""


class NewTest(Body):
    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"results": [{"event": "track", "status": 200}, {"event": "delete", "status": 202}], "revision": 1}
            ]
        }
    )

    results: Annotated[list[TestResult], Field(min_length=1, max_length=200)]
    revision: Annotated[Whole, Field(ge=1, le=2_000_000_000)] | None = None


class ComponentAnswer(BaseModel):
    """A Component. `colour` is the result of the latest test of its current revision, null if that was not tested."""

    id: UUID
    kind: ComponentKind
    subkind: str
    name: str
    settings: dict[str, Any]
    revision: int
    tested: bool
    colour: TestColour | None


class NewComponentAnswer(ComponentAnswer):
    """A Component. `write_key` is the write key of a stream, which is shown once, and null for other kinds."""

    write_key: str | None


Shown = Annotated[
    Content | None,
    Query(
        description="What is read: what is being built (`draft`), or what was approved (`published`). By default "
        "services read what is published, and all others the draft."
    ),
]


class TestAnswer(BaseModel):
    """One run of the tests of a Component, at one of its revisions."""

    id: UUID
    component_id: UUID
    revision: int
    status: str
    colour: TestColour | None
    results: list[dict[str, Any]]
    requested_at: datetime
    finished_at: datetime | None


@router.post("", status_code=201, tags=["partner"], response_model=NewComponentAnswer)
async def create_component(
    context: InContext, actor: Builder, slug: SlugPath, body: NewComponent, response: Response, key: Key = None
) -> dict[str, Any]:
    """Adds a Component to an App. For a stream this creates a write key, which is shown once.

    Repeating the call with its idempotency key within a few minutes returns the write key again.
    """

    def work(session: Session) -> Answer:
        component, write_key = add_component(
            session,
            slug,
            actor,
            kind=body.kind,
            subkind=body.subkind,
            name=body.name,
            settings=body.settings,
            loopback=context.allow_loopback_urls,
            guides=context.profile.guides,
        )
        return 201, shown_component(component, None) | {"write_key": write_key}

    asked = {"component": body.model_dump(), "app": slug}
    write_key = ShownOnce("write_key", context.envelope)
    _, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s), write_key))
    response.headers["ETag"] = etag_of(answer["revision"])
    return answer


@router.get("", tags=["partner", "reviewer", "service"])
async def list_components(
    context: InContext, actor: Viewer, slug: SlugPath, content: Shown = None
) -> Page[ComponentAnswer]:
    """Lists the App's Components, oldest first. All of them, at most 50, are on one page."""
    found = await context.transact(
        lambda session: content_of(session, [find_app(session, slug, actor)], actor, content)[0]
    )
    shown = [shown_component(component, component.colour) for component in found.components]
    return Page(items=[ComponentAnswer.model_validate(one) for one in shown])


@router.get("/{component_id}", tags=["partner", "reviewer", "service"], response_model=ComponentAnswer)
async def read_component(
    context: InContext,
    actor: Viewer,
    slug: SlugPath,
    component_id: UUID,
    response: Response,
    content: Shown = None,
) -> dict[str, Any]:
    """Returns a Component. The answer's ETag is for the `If-Match` of an edit."""

    def work(session: Session) -> dict[str, Any]:
        found = find_content(session, slug, component_id, actor, content)
        return shown_component(found, found.colour)

    answer = await context.transact(work)
    response.headers["ETag"] = etag_of(answer["revision"])
    return answer


@router.patch("/{component_id}", tags=["partner"], response_model=ComponentAnswer, responses=EDITING)
async def edit_component(
    context: InContext,
    actor: Builder,
    slug: SlugPath,
    component_id: UUID,
    body: ChangedComponent,
    response: Response,
    if_match: IfMatch = None,
) -> dict[str, Any]:
    """Changes a Component. If anything differs from before, the Component must be tested again."""

    def work(session: Session) -> dict[str, Any]:
        find_component(session, slug, component_id, actor)
        component = change_component(
            session,
            slug,
            component_id,
            actor,
            now_of(session),
            name=body.name,
            settings=body.settings,
            expected=expected_revisions(if_match),
            loopback=context.allow_loopback_urls,
        )
        return _shown(session, component)

    answer = await context.transact(work)
    response.headers["ETag"] = etag_of(answer["revision"])
    return answer


@router.post("/{component_id}/write-key", status_code=201, tags=["partner"], response_model=NewComponentAnswer)
async def create_write_key(
    context: InContext, actor: Builder, slug: SlugPath, component_id: UUID, key: Key = None
) -> dict[str, Any]:
    """Creates a new write key for a stream and shows it once. The old key stops working at once."""

    def work(session: Session) -> Answer:
        component, write_key = renew_write_key(session, slug, component_id, actor)
        return 201, _shown(session, component) | {"write_key": write_key}

    asked = {"write_key": component_id}
    write_key = ShownOnce("write_key", context.envelope)
    _, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s), write_key))
    return answer


@router.delete("/{component_id}", status_code=204, tags=["partner"], responses=EDITING)
async def delete_component(
    context: InContext, actor: Builder, slug: SlugPath, component_id: UUID, if_match: IfMatch = None
) -> Response:
    """Removes a Component from its App."""

    def work(session: Session) -> None:
        find_component(session, slug, component_id, actor)
        remove_component(
            session,
            slug,
            component_id,
            actor,
            now_of(session),
            expected=expected_revisions(if_match),
            guides=context.profile.guides,
        )

    await context.transact(work)
    return Response(status_code=204)


@router.post("/{component_id}/tests", status_code=201, tags=["partner", "service"], response_model=TestAnswer)
async def create_test(
    context: InContext, actor: Tester, slug: SlugPath, component_id: UUID, body: NewTest, key: Key = None
) -> dict[str, Any]:
    """Records a run of a Component's tests. The worst result decides the colour of the run.

    The run has every kind of event that the Component declares, and no other: a subscription's `event_types`, a
    stream's `events`, and `load` for a plugin.
    """

    def work(session: Session) -> Answer:
        results = [result.model_dump() for result in body.results]
        test = record_test(session, slug, component_id, actor, now_of(session), revision=body.revision, results=results)
        return 201, _test(test)

    asked = {"test": body.model_dump(), "component": component_id}
    _, answer = await context.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return answer


@router.get("/{component_id}/tests", tags=["partner", "reviewer"])
async def list_test_runs(
    context: InContext, actor: Viewer, slug: SlugPath, component_id: UUID, wanted: Paged, content: Shown = None
) -> Page[TestAnswer]:
    """Lists the runs of a Component's tests, oldest first: of what is published those of its revision, else all."""
    return await context.transact(
        lambda session: shown_page(
            list_tests(session, slug, component_id, actor, content, wanted),
            lambda test: TestAnswer.model_validate(_test(test)),
        )
    )


def shown_component(component: Component | ComponentContent, colour: str | None) -> dict[str, Any]:
    """Returns the fields of `ComponentAnswer`. `colour` is that of the latest test of the shown revision."""
    return {
        "id": str(component.id),
        "kind": component.kind,
        "subkind": component.subkind,
        "name": component.name,
        "settings": component.settings,
        "revision": component.revision,
        "tested": colour in ("green", "yellow"),
        "colour": colour,
    }


def _shown(session: Session, component: Component) -> dict[str, Any]:
    return shown_component(component, colour_of_component(session, component))


def _test(test: ComponentTest) -> dict[str, Any]:
    return {
        "id": str(test.id),
        "component_id": str(test.component_id),
        "revision": test.component_revision,
        "status": test.status,
        "colour": test.colour,
        "results": test.results,
        "requested_at": test.requested_at.isoformat(),
        "finished_at": test.finished_at.isoformat() if test.finished_at else None,
    }
