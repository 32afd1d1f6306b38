"""The Components of an App and the runs of their tests."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import JSONResponse, Response
from pydantic import ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.auth import EVERY_ROLE, InHouse, allow
from api.errors import COMMON
from api.house import audit, now_of
from api.idempotency import Answer, once
from api.pages import Cursor, Limit, page
from api.shapes import Body, Key, Line, Object, SlugPath, Whole
from models import Component, ComponentTest
from models.component import ComponentKind
from models.lifecycle import Role
from models.token import Scope
from workflow.actors import Actor
from workflow.building.components import (
    add_component,
    change_component,
    find_component,
    record_test,
    remove_component,
)

router = APIRouter(prefix="/v1/apps/{slug}/components", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]
Tester = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER, Role.SERVICE)]


class NewComponent(Body):
    kind: ComponentKind
    subkind: Annotated[str, StringConstraints(max_length=16, pattern="^[a-z]*$")] = ""
    name: Line
    settings: Object = Field(default_factory=dict)


class ChangedComponent(Body):
    """What is to change; at least one of them."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    name: Line | None = None
    settings: Object | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.name is None and self.settings is None:
            raise ValueError("give a name, settings or both: a change makes the Component untested")
        return self


class TestResult(Body):
    """What the endpoint answered to one event; no status when it did not answer."""

    event: Line
    status: Annotated[Whole, Field(ge=100, le=599)] | None = None
    message: Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", max_length=2000)] = ""


class NewTest(Body):
    results: Annotated[list[TestResult], Field(min_length=1, max_length=200)]
    revision: Annotated[Whole, Field(ge=1, le=2_000_000_000)] | None = None


@router.post("", status_code=201, tags=["partner"])
async def create_component(
    house: InHouse, actor: Builder, slug: SlugPath, body: NewComponent, key: Key = None
) -> JSONResponse:
    """Adds a Component."""

    def work(session: Session) -> Answer:
        component = add_component(
            session, slug, actor, kind=body.kind, subkind=body.subkind, name=body.name, settings=body.settings
        )
        audit(session, actor, "component.create", component.id, app=slug)
        return 201, shown_component(component, None)

    asked = {"component": body.model_dump(), "app": slug}
    status, answer = await house.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.patch("/{component_id}", tags=["partner"])
async def edit_component(
    house: InHouse, actor: Builder, slug: SlugPath, component_id: UUID, body: ChangedComponent
) -> dict[str, Any]:
    """Changes a Component. It must be tested again."""

    def work(session: Session) -> dict[str, Any]:
        now = now_of(session)
        component = change_component(session, slug, component_id, actor, now, name=body.name, settings=body.settings)
        audit(session, actor, "component.change", component.id, app=slug)
        return shown_component(component, None)

    return await house.transact(work)


@router.delete("/{component_id}", status_code=204, tags=["partner"])
async def delete_component(house: InHouse, actor: Builder, slug: SlugPath, component_id: UUID) -> Response:
    """Takes a Component off the App."""

    def work(session: Session) -> None:
        remove_component(session, slug, component_id, actor, now_of(session))
        audit(session, actor, "component.remove", component_id, app=slug)

    await house.transact(work)
    return Response(status_code=204)


@router.post("/{component_id}/tests", status_code=201, tags=["partner", "service"])
async def create_test(
    house: InHouse, actor: Tester, slug: SlugPath, component_id: UUID, body: NewTest, key: Key = None
) -> JSONResponse:
    """Records a run of a Component's tests; the worst answer gives its colour."""

    def work(session: Session) -> Answer:
        results = [result.model_dump() for result in body.results]
        test = record_test(session, slug, component_id, actor, now_of(session), revision=body.revision, results=results)
        audit(session, actor, "component.test", component_id, app=slug, colour=test.colour)
        return 201, _test(test)

    asked = {"test": body.model_dump(), "component": component_id}
    status, answer = await house.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.get("/{component_id}/tests", tags=["partner", "reviewer"])
async def list_tests(
    house: InHouse, actor: Viewer, slug: SlugPath, component_id: UUID, after: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """Lists the runs of a Component's tests, oldest first."""

    def work(session: Session) -> dict[str, Any]:
        find_component(session, slug, component_id, actor)
        statement = select(ComponentTest).where(ComponentTest.component_id == component_id).order_by(ComponentTest.id)
        return page(session, statement, ComponentTest.id, after, limit, lambda tests: [_test(test) for test in tests])

    return await house.transact(work)


def shown_component(component: Component, colour: str | None) -> dict[str, Any]:
    """Gives a Component as it is answered; `colour` is that of its present revision's latest test."""
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


def _test(test: ComponentTest) -> dict[str, Any]:
    return {
        "id": str(test.id),
        "component_id": str(test.component_id),
        "revision": test.component_revision,
        "status": test.status,
        "colour": test.colour,
        "results": test.results,
    }
