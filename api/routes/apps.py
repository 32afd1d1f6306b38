"""Apps: creating one, changing it, and seeing where it stands."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from api.auth import EVERY_ROLE, InHouse, allow
from api.errors import COMMON
from api.house import audit, now_of
from api.idempotency import Answer, once
from api.pages import Cursor, Limit, page
from api.routes.components import shown_component
from api.shapes import Body, Key, Line, Slug, SlugPath
from models import App
from models.lifecycle import AppState, Role
from models.token import Scope
from workflow.actors import Actor
from workflow.apply import create_app
from workflow.building.components import components_of
from workflow.errors import Conflict
from workflow.locking import find_app, lock_editable_app

router = APIRouter(prefix="/v1/apps", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class NewApp(Body):
    slug: Slug
    name: Line


class ChangedApp(Body):
    name: Line


@router.post("", status_code=201, tags=["partner"])
async def create(house: InHouse, actor: Builder, body: NewApp, key: Key = None) -> JSONResponse:
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
    actor: Viewer,
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
async def read(house: InHouse, actor: Viewer, slug: SlugPath) -> dict[str, Any]:
    """Gives an App with its Components and what is counted of it."""
    return await house.transact(lambda session: _app(session, find_app(session, slug, actor)))


@router.patch("/{slug}", tags=["partner"])
async def change(house: InHouse, actor: Builder, slug: SlugPath, body: ChangedApp) -> dict[str, Any]:
    """Renames an App, unless it is frozen."""

    def work(session: Session) -> dict[str, Any]:
        app = lock_editable_app(session, slug, actor)
        app.name = body.name
        audit(session, actor, "app.change", slug, name=body.name)
        session.flush()
        return _app(session, app)

    return await house.transact(work)


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
            "components": [shown_component(component, colour) for component, colour in components[app.id]],
        }
        for app in apps
    ]
