"""Registering, renaming and listing Apps."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import App, Component
from models.lifecycle import AppState, Role
from workflow.apps import NAME, lock_editable_app, touch
from workflow.building.components import components_of
from workflow.building.revisions import ExpectedRevisions, require_revision
from workflow.building.slugs import refuse_unusable_slug, slug_conflict
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


@dataclass(frozen=True, slots=True)
class AppWithComponents:
    """An App and its Components, oldest first, each with the colour of its current revision's latest test."""

    app: App
    components: Sequence[tuple[Component, str | None]]


def with_components(session: Session, app: App) -> AppWithComponents:
    """Returns the App with its Components."""
    return _with_components(session, [app])[0]


def list_apps(session: Session, actor: Actor, state: AppState | None, wanted: PageRequest) -> PageOf[AppWithComponents]:
    """Returns a page of the Apps that the actor may see, ordered by slug."""
    statement = select(App)
    if actor.role is Role.PARTNER:
        statement = statement.where(App.organization_id == actor.organization_id)
    if state is not None:
        statement = statement.where(App.state == state.value)
    return read_page(session, statement, App.slug, wanted).map(lambda apps: _with_components(session, apps))


def _with_components(session: Session, apps: Sequence[App]) -> list[AppWithComponents]:
    components = components_of(session, [app.id for app in apps])
    return [AppWithComponents(app, components[app.id]) for app in apps]
