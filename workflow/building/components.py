"""The Components of an App. Each change makes a new revision, to be tested again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnClause, literal_column, select
from sqlalchemy.orm import Session

from models import Component
from models.checklist import Requirement
from models.component import SUBKINDS, ComponentKind
from workflow.apps import find_component, lock_editable_app, lock_kept_app, touch
from workflow.building.checklist import rejudge_documentation
from workflow.building.revisions import ExpectedRevisions, require_revision
from workflow.building.settings import validate_settings
from workflow.errors import Conflict, Invalid
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import WRITE_KEY, make_secret
from workflow.profile.guides import Guide
from workflow.tested import component_colour

MAX_COMPONENTS = 50
"""The number of Components that an App may have at a time."""


def add_component(
    session: Session,
    slug: str,
    actor: Actor,
    *,
    kind: str,
    subkind: str,
    name: str,
    settings: Mapping[str, Any],
    loopback: bool,
    guides: Sequence[Guide],
) -> tuple[Component, str | None]:
    """Adds a Component and returns it with, for a stream, its write key, which cannot be shown again.

    Locks the App. Does not commit. Raises NotFound, Conflict (frozen, or too many) and Invalid (an unknown subkind, or
    invalid settings).
    """
    app = lock_editable_app(session, slug, actor)
    known = SUBKINDS[ComponentKind(kind)]
    if subkind not in known:
        wanted = ", ".join(one or "none" for one in known)
        detail = f"A {kind} cannot have the subkind {subkind or 'none'}."
        raise Invalid("component.subkind", detail, f"Choose one of: {wanted}.")
    taken = validate_settings(kind, subkind, settings, loopback=loopback)
    if len(components_of(session, [app.id])[app.id]) >= MAX_COMPONENTS:
        detail = f"An App may have at most {MAX_COMPONENTS} Components."
        raise Conflict("component.too_many", detail, "Remove one first.")
    component = Component(app_id=app.id, kind=kind, subkind=subkind, name=name, settings=taken)
    write_key = _new_write_key(component) if kind == ComponentKind.STREAM else None
    session.add(component)
    touch(app, Requirement.WORKING_INTEGRATION)
    session.flush()
    rejudge_documentation(session, app.id, guides)
    log_action(session, actor, "component.create", component.id, app=slug)
    return component, write_key


def change_component(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    name: str | None,
    settings: Mapping[str, Any] | None,
    expected: ExpectedRevisions,
    loopback: bool,
) -> Component:
    """Changes a Component and returns it. Unless nothing differs, it has a new revision, which must be tested again.

    Locks the App. Does not commit. Raises NotFound, Conflict (frozen, or not at an `expected` revision) and Invalid.
    """
    app = lock_editable_app(session, slug, actor)
    component = find_component(session, slug, component_id, actor)
    require_revision("The Component", component.revision, expected)
    wanted_name = name or component.name
    wanted = component.settings
    if settings is not None:
        wanted = validate_settings(component.kind, component.subkind, settings, loopback=loopback)
    if (wanted_name, wanted) != (component.name, component.settings):
        component.name, component.settings = wanted_name, wanted
        component.revision += 1
        component.changed_at = now
        touch(app, Requirement.WORKING_INTEGRATION)
        session.flush()
    log_action(session, actor, "component.change", component.id, app=slug)
    return component


def renew_write_key(session: Session, slug: str, component_id: UUID, actor: Actor) -> tuple[Component, str]:
    """Replaces a stream's write key, and returns the stream with the new key, which cannot be shown again.

    Works while the App is frozen: a leaked key must be replaced at once, and the key is no part of what is reviewed.
    Locks the App. Does not commit. Raises NotFound, Conflict (removed) and Invalid (not a stream).
    """
    lock_kept_app(session, slug, actor)
    component = find_component(session, slug, component_id, actor)
    if component.kind != ComponentKind.STREAM:
        raise Invalid("component.no_write_key", f"A {component.kind} has no write key.", "Name a stream.")
    write_key = _new_write_key(component)
    session.flush()
    log_action(session, actor, "component.write_key", component.id, app=slug)
    return component, write_key


def remove_component(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    expected: ExpectedRevisions,
    guides: Sequence[Guide],
) -> None:
    """Removes a Component from the App; its tests are kept. Locks the App. Does not commit.

    Raises NotFound, and Conflict (frozen, or not at an `expected` revision).
    """
    app = lock_editable_app(session, slug, actor)
    component = find_component(session, slug, component_id, actor)
    require_revision("The Component", component.revision, expected)
    component.removed_at = now
    touch(app, Requirement.WORKING_INTEGRATION)
    session.flush()
    rejudge_documentation(session, app.id, guides)
    log_action(session, actor, "component.remove", component_id, app=slug)


def components_of(session: Session, app_ids: Sequence[UUID]) -> dict[UUID, list[tuple[Component, str | None]]]:
    """Returns each App's Components, oldest first, each with the colour of its current revision's latest test.

    One query, so that Components and colours are consistent with each other.
    """
    colour: ColumnClause[str | None] = literal_column(component_colour(Component.__tablename__))
    statement = (
        select(Component, colour)
        .where(Component.app_id.in_(app_ids), Component.removed_at.is_(None))
        .order_by(Component.id)
        .execution_options(populate_existing=True)
    )
    found: dict[UUID, list[tuple[Component, str | None]]] = {app_id: [] for app_id in app_ids}
    for component, shade in session.execute(statement):
        found[component.app_id].append((component, shade))
    return found


def colour_of_component(session: Session, component: Component) -> str | None:
    """Returns the colour of the latest test of the Component's current revision, None if that has not been tested."""
    return dict(components_of(session, [component.app_id])[component.app_id]).get(component)


def _new_write_key(component: Component) -> str:
    write_key = make_secret(WRITE_KEY)
    component.write_key_hash = write_key.hash
    return write_key.text
