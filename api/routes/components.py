"""The Components of an App."""

from typing import Annotated, Any, Self
from uuid import UUID

from fastapi import Query, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from api.auth import EVERY_ROLE, InContext, allow
from api.context import Session, now_of
from api.idempotency import Answer, ShownOnce, once
from api.schemas.pages import Page
from api.schemas.values import Body, Key, Name, Object, SlugPath
from models import Component
from models.component import ComponentKind
from models.component_test import TestColour
from models.lifecycle import Role
from models.token import Scope
from web.etags import EDITING, IfMatch, etag_of, expected_revisions
from web.problems import COMMON
from web.routers import Router
from workflow.apps import find_app, find_component
from workflow.building.apps import Content, content_of, find_content
from workflow.building.components import (
    add_component,
    change_component,
    colour_of_component,
    remove_component,
    renew_write_key,
)
from workflow.catalog.published import ComponentContent
from workflow.identity.actors import Actor

router = Router(prefix="/v1/apps/{slug}/components", responses=COMMON)

Viewer = Annotated[Actor, allow(Scope.APPS_READ, *EVERY_ROLE)]
Builder = Annotated[Actor, allow(Scope.APPS_WRITE, Role.PARTNER)]


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
