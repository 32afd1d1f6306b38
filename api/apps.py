"""Apps, their Components and their launch checklist: what a partner builds."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse, Response
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.auth import Anyone, InHouse, Partner, PartnerOrService
from api.errors import COMMON
from api.house import audit, now_of
from api.idempotency import Answer, once
from api.pages import Cursor, Limit, page
from api.shapes import ChangedApp, ChangedComponent, Evidence, Key, NewApp, NewComponent, NewTest, SlugPath
from models import App, Component, ComponentTest
from models.checklist import Requirement
from models.lifecycle import AppState, Role
from workflow.actors import Actor
from workflow.apply import create_app
from workflow.editing import (
    add_component,
    change_component,
    components_of,
    evidence_of,
    find_component,
    give_evidence,
    record_test,
    remove_component,
    shown,
)
from workflow.errors import Conflict
from workflow.loading import load_facts
from workflow.locking import find_app, lock_editable_app
from workflow.policy import load_policies

router = APIRouter(prefix="/v1/apps", responses=COMMON)


@router.post("", status_code=201, tags=["partner"])
async def create(house: InHouse, actor: Partner, body: NewApp, key: Key = None) -> JSONResponse:
    """Creates an App in `building`. Its slug never changes."""

    def work(session: Session) -> Answer:
        approved = session.scalar(
            text("SELECT EXISTS (SELECT FROM access_request WHERE organization_id = :id AND state = 'approved')"),
            {"id": actor.organization_id},
        )
        try:
            with session.begin_nested():
                app = create_app(
                    session,
                    slug=body.slug,
                    name=body.name,
                    actor=actor,
                    access_approved=bool(approved),
                    now=now_of(session),
                    writer=house.writer(session),
                )
        except IntegrityError as error:
            if "app_slug_key" not in str(error):
                raise
            raise Conflict("app.slug_taken", f"The slug {body.slug} is taken.", "Choose another.") from None
        audit(session, actor, "app.create", app.slug)
        return 201, _app(session, app)

    status, answer = await house.transact(lambda s: once(s, actor, key, {"create": body.model_dump()}, lambda: work(s)))
    return JSONResponse(answer, status)


@router.get("", tags=["partner", "reviewer", "service"])
async def list_apps(
    house: InHouse,
    actor: Anyone,
    state: Annotated[AppState | None, Query()] = None,
    after: Cursor = None,
    limit: Limit = 50,
) -> dict[str, Any]:
    """Lists the Apps that the caller may see, by slug."""

    def work(session: Session) -> dict[str, Any]:
        statement = select(App).order_by(App.slug)
        if actor.role is Role.PARTNER:
            statement = statement.where(App.organization_id == actor.organization_id)
        if state is not None:
            statement = statement.where(App.state == state.value)
        return page(session, statement, App.slug, after, limit, lambda apps: _apps(session, apps))

    return await house.transact(work)


@router.get("/{slug}", tags=["partner", "reviewer", "service"])
async def read(house: InHouse, actor: Anyone, slug: SlugPath) -> dict[str, Any]:
    """Gives an App with its Components and what is counted of it."""
    return await house.transact(lambda session: _app(session, find_app(session, slug, actor)))


@router.patch("/{slug}", tags=["partner"])
async def change(house: InHouse, actor: Partner, slug: SlugPath, body: ChangedApp) -> dict[str, Any]:
    """Renames an App, unless it is frozen."""

    def work(session: Session) -> dict[str, Any]:
        app = lock_editable_app(session, slug, actor)
        app.name = body.name
        audit(session, actor, "app.change", slug, name=body.name)
        session.flush()
        return _app(session, app)

    return await house.transact(work)


@router.post("/{slug}/components", status_code=201, tags=["partner"])
async def create_component(
    house: InHouse, actor: Partner, slug: SlugPath, body: NewComponent, key: Key = None
) -> JSONResponse:
    """Adds a Component."""

    def work(session: Session) -> Answer:
        component = add_component(
            session, slug, actor, kind=body.kind, subkind=body.subkind, name=body.name, settings=body.settings
        )
        audit(session, actor, "component.create", component.id, app=slug)
        return 201, _component(component, None)

    asked = {"component": body.model_dump(), "app": slug}
    status, answer = await house.transact(lambda s: once(s, actor, key, asked, lambda: work(s)))
    return JSONResponse(answer, status)


@router.patch("/{slug}/components/{component_id}", tags=["partner"])
async def edit_component(
    house: InHouse, actor: Partner, slug: SlugPath, component_id: UUID, body: ChangedComponent
) -> dict[str, Any]:
    """Changes a Component. It must be tested again."""

    def work(session: Session) -> dict[str, Any]:
        now = now_of(session)
        component = change_component(session, slug, component_id, actor, now, name=body.name, settings=body.settings)
        audit(session, actor, "component.change", component.id, app=slug)
        return _component(component, None)

    return await house.transact(work)


@router.delete("/{slug}/components/{component_id}", status_code=204, tags=["partner"])
async def delete_component(house: InHouse, actor: Partner, slug: SlugPath, component_id: UUID) -> Response:
    """Takes a Component off the App."""

    def work(session: Session) -> None:
        remove_component(session, slug, component_id, actor, now_of(session))
        audit(session, actor, "component.remove", component_id, app=slug)

    await house.transact(work)
    return Response(status_code=204)


@router.post("/{slug}/components/{component_id}/tests", status_code=201, tags=["partner", "service"])
async def create_test(
    house: InHouse, actor: PartnerOrService, slug: SlugPath, component_id: UUID, body: NewTest, key: Key = None
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


@router.get("/{slug}/components/{component_id}/tests", tags=["partner", "reviewer"])
async def list_tests(
    house: InHouse, actor: Anyone, slug: SlugPath, component_id: UUID, after: Cursor = None, limit: Limit = 50
) -> dict[str, Any]:
    """Lists the runs of a Component's tests, oldest first."""

    def work(session: Session) -> dict[str, Any]:
        find_component(session, slug, component_id, actor)
        statement = select(ComponentTest).where(ComponentTest.component_id == component_id).order_by(ComponentTest.id)
        return page(session, statement, ComponentTest.id, after, limit, lambda tests: [_test(test) for test in tests])

    return await house.transact(work)


@router.get("/{slug}/checklist", tags=["partner", "reviewer"])
async def read_checklist(house: InHouse, actor: Anyone, slug: SlugPath) -> dict[str, Any]:
    """Gives every requirement with its evidence and whether it is met, in the order in which to meet them."""
    return await house.transact(lambda session: _checklist(session, slug, actor))


@router.put("/{slug}/checklist/{code}", tags=["partner"])
async def put_evidence(
    house: InHouse, actor: Partner, slug: SlugPath, code: Requirement, body: Evidence
) -> dict[str, Any]:
    """Gives the evidence for a requirement, in place of what was there."""

    def work(session: Session) -> dict[str, Any]:
        evidence = give_evidence(session, slug, code.value, body.evidence, actor, now_of(session), house.seal)
        audit(session, actor, "checklist.give", slug, requirement=code.value)
        return {"code": code.value, "status": "given", "evidence": evidence}

    return await house.transact(work)


def _checklist(session: Session, slug: str, actor: Actor) -> dict[str, Any]:
    app = find_app(session, slug, actor)
    policies = load_policies(session)
    facts = load_facts(session, [app.id], policies)[app.id].facts
    given = evidence_of(session, app.id)
    required = {Requirement.WORKING_INTEGRATION.value, *policies.current.required_checklist}
    tested = bool(facts.components) and all(component.tested for component in facts.components)
    items = []
    for code in Requirement:
        item = given.get(code.value)
        met = tested if code is Requirement.WORKING_INTEGRATION else item is not None
        items.append(
            {
                "code": code.value,
                "required": code.value in required,
                "status": "given" if met else "missing",
                "evidence": shown(code.value, item.evidence) if item else None,
                "given_at": item.given_at if item else None,
            }
        )
    missing = [item["code"] for item in items if item["required"] and item["status"] == "missing"]
    return {"items": items, "missing": missing, "complete": not missing}


def _app(session: Session, app: App) -> dict[str, Any]:
    return _apps(session, [app])[0]


def _apps(session: Session, apps: Sequence[App]) -> list[dict[str, Any]]:
    components = components_of(session, [app.id for app in apps])
    return [
        {
            "slug": app.slug,
            "name": app.name,
            "state": app.state,
            "version": app.version,
            "onboarded_customers": app.onboarded_customers,
            "oauth_installed": app.oauth_installed,
            "components": [_component(component, colour) for component, colour in components[app.id]],
        }
        for app in apps
    ]


def _component(component: Component, colour: str | None) -> dict[str, Any]:
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
