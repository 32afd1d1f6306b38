"""Registering, renaming and listing Apps."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import App, Component, ComponentTest
from models.lifecycle import AppState, Role
from workflow.apps import NAME, find_app, find_component, lock_editable_app, touch
from workflow.building.components import colour_of_component, components_of
from workflow.building.revisions import ExpectedRevisions, require_revision
from workflow.building.slugs import refuse_unusable_slug, slug_conflict
from workflow.catalog.published import ComponentContent, PublishedVersion, published_components, published_versions
from workflow.errors import NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.lifecycle.apply import WriteContext, create_app
from workflow.pages import PageOf, PageRequest, read_page

_APPROVED = text("SELECT EXISTS (SELECT FROM access_request WHERE organization_id = :id AND state = 'approved')")


def register_app(
    session: Session,
    *,
    slug: str,
    name: str,
    actor: Actor,
    now: datetime,
    writer: WriteContext,
    reserved_slugs: Collection[str],
) -> App:
    """Stores and returns a new App of the actor's company. `reserved_slugs` are those that name the platform.

    Does not commit. Raises Refused (no access), Forbidden, and Conflict if the slug is reserved, taken or looks like
    another.
    """
    look_alike = refuse_unusable_slug(session, slug, reserved_slugs, actor.organization_id)
    approved = bool(session.scalar(_APPROVED, {"id": actor.organization_id}))
    try:
        with session.begin_nested():
            app = create_app(
                session,
                slug=slug,
                name=name,
                actor=actor,
                access_approved=approved,
                now=now,
                writer=writer,
                look_alike=look_alike,
            )
    except IntegrityError as error:
        conflict = slug_conflict(slug, error)
        if conflict is None:
            raise
        raise conflict from None
    log_action(session, actor, "app.create", app.slug)
    session.refresh(app)
    return app


def rename_app(session: Session, slug: str, actor: Actor, *, name: str, expected: ExpectedRevisions) -> App:
    """Renames the App and returns it, at a new revision unless it had that name already.

    Locks the App. Does not commit. Raises NotFound, and Conflict if the App is frozen, removed or not at an `expected`
    revision.
    """
    app = lock_editable_app(session, slug, actor)
    require_revision(slug, app.revision, expected)
    if app.name != name:
        app.name = name
        touch(app, NAME)
        app.revision += 1
        session.flush()
    log_action(session, actor, "app.change", slug, name=name)
    return app


class Content(StrEnum):
    """Which content of an App is read: what is being built, or what was approved and everybody gets."""

    DRAFT = "draft"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class AppContent:
    """An App and its name and Components, oldest first: those of the draft, or of what is published.

    `published` is what is published, if anything is. `name` is None if that was asked for and nothing is. `revision`
    is the draft's, and None for what is published. A removed App has no Components.
    """

    app: App
    name: str | None
    revision: int | None
    components: Sequence[ComponentContent]
    published: PublishedVersion | None


def content_of(session: Session, apps: Sequence[App], actor: Actor, content: Content | None) -> list[AppContent]:
    """Returns the content of Apps. By default (None) services read what is published, and all others the draft."""
    ids = [app.id for app in apps]
    published = published_versions(session, ids)
    if _reads(actor, content) is Content.PUBLISHED:
        shown = published_components(session, published)
        return [_published(app, published.get(app.id), shown.get(app.id, ())) for app in apps]
    drafts = components_of(session, ids)
    return [
        AppContent(
            app,
            app.name,
            app.revision,
            [_draft(component, colour) for component, colour in drafts[app.id]],
            published.get(app.id),
        )
        for app in apps
    ]


def find_content(
    session: Session, slug: str, component_id: UUID, actor: Actor, content: Content | None
) -> ComponentContent:
    """Returns one Component of an App, as `content_of` would. Raises NotFound.

    While nothing was published of the App ever, services read the draft's by default: they test what is being built.
    """
    app = find_app(session, slug, actor)
    if _reads_draft_of(app, actor, content):
        component = find_component(session, slug, component_id, actor)
        return _draft(component, colour_of_component(session, component))
    found = content_of(session, [app], actor, Content.PUBLISHED)[0]
    for one in found.components:
        if one.id == component_id:
            return one
    detail = f"{slug} has no Component {component_id} that is published."
    raise NotFound("component.not_found", detail, "List its Components.")


def list_tests(
    session: Session, slug: str, component_id: UUID, actor: Actor, content: Content | None, wanted: PageRequest
) -> PageOf[ComponentTest]:
    """Returns a page of a Component's test runs, oldest first: all, or those of the revision that is published.

    Which of the two is read is chosen as by `find_content`. Raises NotFound.
    """
    found = find_content(session, slug, component_id, actor, content)
    statement = select(ComponentTest).where(ComponentTest.component_id == component_id)
    if not _reads_draft_of(find_app(session, slug, actor), actor, content):
        statement = statement.where(ComponentTest.component_revision == found.revision)
    return read_page(session, statement, ComponentTest.id, wanted)


def _reads_draft_of(app: App, actor: Actor, content: Content | None) -> bool:
    return _reads(actor, content) is Content.DRAFT or (content is None and app.published == 0)


def _reads(actor: Actor, content: Content | None) -> Content:
    return content or (Content.PUBLISHED if actor.role is Role.SERVICE else Content.DRAFT)


def _draft(one: Component, colour: str | None) -> ComponentContent:
    return ComponentContent(one.id, one.kind, one.subkind, one.name, one.settings, one.revision, colour)


def _published(app: App, version: PublishedVersion | None, components: Sequence[ComponentContent]) -> AppContent:
    if version is None:
        return AppContent(app, None, None, (), None)
    return AppContent(app, version.name, None, () if app.state == AppState.REMOVED else components, version)


def list_apps(
    session: Session,
    actor: Actor,
    state: AppState | None,
    content: Content | None,
    wanted: PageRequest,
    *,
    company: UUID | None = None,
) -> PageOf[AppContent]:
    """Returns a page of the Apps that the actor may see, ordered by slug, each with the content that is wanted.

    Only those of a company, by its id, and in a state, where these are given.
    """
    statement = select(App)
    if actor.role is Role.PARTNER:
        statement = statement.where(App.organization_id == actor.organization_id)
    if company is not None:
        statement = statement.where(App.organization_id == company)
    if state is not None:
        statement = statement.where(App.state == state.value)
    return read_page(session, statement, App.slug, wanted).map(lambda apps: content_of(session, apps, actor, content))
