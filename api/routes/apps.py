"""Apps: creating, listing, reading and renaming them."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field

from api.auth import EVERY_ROLE, InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, once
from api.routes.components import ComponentAnswer, Shown, shown_component
from api.schemas.pages import Page, Paged, shown_page
from api.schemas.values import Body, Key, Name, Slug, SlugPath
from models.lifecycle import AppState, Role, has_own_submission
from models.token import Scope
from web.etags import EDITING, IfMatch, etag_of, expected_revisions
from web.problems import COMMON
from web.routers import Router
from workflow.apps import find_app, is_frozen
from workflow.building.apps import AppContent, Content, content_of, list_apps, register_app, rename_app
from workflow.identity.actors import Actor

router = Router(prefix="/v1/apps", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


class NewApp(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"slug": "acme-insights", "name": "Acme Insights"}]})

    slug: Slug
    name: Name


class ChangedApp(Body):
    model_config = ConfigDict(json_schema_extra={"examples": [{"name": "Acme Insights"}]})

    name: Name


class PublishedAnswer(BaseModel):
    """What is published of an App: the App's version that submitted it, and since when everybody gets it."""

    version: Annotated[int, Field(ge=1, examples=[4])]
    at: datetime


class AppAnswer(BaseModel):
    """An App. `version` counts its transitions; `revision` counts its edits, and the ETag is made from it.

    `editable` says whether the draft can be edited now: it cannot while it is under review.

    `name` and `components` are those of the draft or, for services, of what is `published`, without a `revision`. An
    App of which nothing is published has no name and no Components for services, and a removed one no Components.
    """

    slug: str
    name: str | None
    state: AppState
    version: int
    revision: int | None
    editable: bool
    onboarded_customers: int
    oauth_installed: bool
    frozen: Annotated[
        bool, Field(description="Whether the draft cannot be edited now, because it is under review or removed.")
    ]
    components: list[ComponentAnswer]
    published: PublishedAnswer | None


@router.post("", status_code=201, tags=["partner"], response_model=AppAnswer)
async def create(
    context: InContext, actor: Builder, body: NewApp, response: Response, key: Key = None
) -> dict[str, Any]:
    """Creates an App in the state `building`. Its slug never changes; it must not be reserved or resemble another."""

    def work(session: Session) -> Answer:
        app = register_app(
            session,
            slug=body.slug,
            name=body.name,
            actor=actor,
            now=now_of(session),
            writer=context.writer(session),
            reserved_slugs=context.profile.platform.reserved_slugs,
        )
        return 201, _shown(content_of(session, [app], actor, Content.DRAFT)[0])

    _, answer = await context.transact(lambda s: once(s, actor, key, {"create": body.model_dump()}, lambda: work(s)))
    response.headers["ETag"] = etag_of(answer["revision"])
    return answer


@router.get("", tags=["partner", "reviewer", "service"])
async def list_visible_apps(
    context: InContext,
    actor: Viewer,
    wanted: Paged,
    state: Annotated[AppState | None, Query()] = None,
    content: Shown = None,
    company: Annotated[UUID | None, Query(description="Only Apps of the company with this id.")] = None,
) -> Page[AppAnswer]:
    """Lists the Apps that the caller may see, by slug."""
    return await context.transact(
        lambda session: shown_page(
            list_apps(session, actor, state, content, wanted, company=company),
            lambda one: AppAnswer.model_validate(_shown(one)),
        )
    )


@router.get("/{slug}", tags=["partner", "reviewer", "service"], response_model=AppAnswer)
async def read(
    context: InContext, actor: Viewer, slug: SlugPath, response: Response, content: Shown = None
) -> dict[str, Any]:
    """Returns an App with its Components and its counters. A draft's ETag is for the `If-Match` of an edit."""

    def work(session: Session) -> dict[str, Any]:
        return _shown(content_of(session, [find_app(session, slug, actor)], actor, content)[0])

    answer = await context.transact(work)
    if answer["revision"] is not None:
        response.headers["ETag"] = etag_of(answer["revision"])
    return answer


@router.patch("/{slug}", tags=["partner"], response_model=AppAnswer, responses=EDITING)
async def change(
    context: InContext, actor: Builder, slug: SlugPath, body: ChangedApp, response: Response, if_match: IfMatch = None
) -> dict[str, Any]:
    """Renames an App. Refused if the App is frozen, or was edited since the ETag in `If-Match`."""

    def work(session: Session) -> dict[str, Any]:
        find_app(session, slug, actor)
        app = rename_app(session, slug, actor, name=body.name, expected=expected_revisions(if_match))
        return _shown(content_of(session, [app], actor, Content.DRAFT)[0])

    answer = await context.transact(work)
    response.headers["ETag"] = etag_of(answer["revision"])
    return answer


def _shown(found: AppContent) -> dict[str, Any]:
    app = found.app
    return {
        "slug": app.slug,
        "name": found.name,
        "state": app.state,
        "version": app.version,
        "revision": found.revision,
        "editable": app.state != AppState.REMOVED and not has_own_submission(app.open_kind, app.state),
        "onboarded_customers": app.onboarded_customers,
        "oauth_installed": app.oauth_installed,
        "frozen": is_frozen(app),
        "components": [shown_component(component, component.colour) for component in found.components],
        "published": (
            {"version": found.published.version, "at": found.published.at.isoformat()} if found.published else None
        ),
    }
