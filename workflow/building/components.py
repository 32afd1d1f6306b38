"""The Components of an App and the results of their tests. Each change makes a new revision, to be tested again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Component, ComponentTest
from models.checklist import Requirement
from models.component import SUBKINDS, ComponentKind, TestColour
from workflow.apps import find_app, lock_editable_app, lock_kept_app, touch
from workflow.building.checklist import rejudge_documentation
from workflow.building.revisions import ExpectedRevisions, require_revision
from workflow.building.settings import validate_settings
from workflow.errors import Conflict, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import WRITE_KEY, make_secret
from workflow.pages import PageOf, PageRequest, read_page
from workflow.profile.guides import Guide
from workflow.sandbox.storing import delete_events

PLUGIN_EVENT = "load"
"""The one thing that a test run of a plugin has: that it was fetched and started."""
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
    """Removes a Component from the App; its tests are kept, and what its stream sent is deleted. Locks the App.

    Does not commit.

    Raises NotFound, and Conflict (frozen, or not at an `expected` revision).
    """
    app = lock_editable_app(session, slug, actor)
    component = find_component(session, slug, component_id, actor)
    require_revision("The Component", component.revision, expected)
    component.removed_at = now
    delete_events(session, component_id)
    touch(app, Requirement.WORKING_INTEGRATION)
    session.flush()
    rejudge_documentation(session, app.id, guides)
    log_action(session, actor, "component.remove", component_id, app=slug)


def components_of(session: Session, app_ids: Sequence[UUID]) -> dict[UUID, list[tuple[Component, str | None]]]:
    """Returns each App's Components, oldest first, each with the colour of its current revision's latest test.

    One query, so that Components and colours are consistent with each other.
    """
    colour = (
        select(ComponentTest.colour)
        .where(
            ComponentTest.component_id == Component.id,
            ComponentTest.component_revision == Component.revision,
            ComponentTest.status == "done",
        )
        .order_by(ComponentTest.position.desc())
        .limit(1)
        .correlate(Component)
        .scalar_subquery()
    )
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


def find_component(session: Session, slug: str, component_id: UUID, actor: Actor) -> Component:
    """Returns a Component of the App. Raises NotFound."""
    app = find_app(session, slug, actor)
    component = session.get(Component, component_id, populate_existing=True)
    if component is None or component.app_id != app.id or component.removed_at is not None:
        raise NotFound("component.not_found", f"{slug} has no Component {component_id}.", "List its Components.")
    return component


def record_test(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    revision: int | None,
    results: Sequence[Mapping[str, Any]],
) -> ComponentTest:
    """Records a run of a Component's tests and returns it. Its colour is the worst of its results.

    Each result has an `event` and the HTTP `status` of the endpoint's answer, None if there was none. A run of the
    current revision has every declared kind of event, and no other. `revision` is the one that was tested, by default
    the current one. Locks the App. Does not commit. Raises NotFound, Conflict and Invalid, which names every problem.
    """
    lock_editable_app(session, slug, actor)
    component = find_component(session, slug, component_id, actor)
    if not results:
        raise Invalid("test.empty", "A test run needs at least one result.", "Send a result for each event.")
    if revision is not None and revision > component.revision:
        raise Invalid(
            "test.revision",
            f"There is no revision {revision} yet; the Component is at {component.revision}.",
            "Name the revision that was tested.",
        )
    problems = _problems_with_results(results)
    if revision in (None, component.revision):  # what an earlier one declared is not known, and its runs count nothing
        problems += _problems_with_events(declared_events(component), [str(result["event"]) for result in results])
    if problems:
        remedy = "Send every declared kind of event in one run, and record each answer."
        raise Invalid("test.results", " ".join(problems)[:4000], remedy)
    coloured = [{**result, "colour": colour_of(str(result["event"]), result.get("status"))} for result in results]
    worst = max((TestColour(result["colour"]) for result in coloured), key=list(TestColour).index)
    test = ComponentTest(
        component_id=component.id,
        component_revision=revision or component.revision,
        colour=worst.value,
        results=coloured,
        requested_by=actor.id,
        requested_at=now,
        finished_at=now,
        status="done",
        due_at=now,
    )
    session.add(test)
    session.flush()
    log_action(session, actor, "component.test", component_id, app=slug, colour=test.colour)
    return test


def declared_events(component: Component) -> tuple[str, ...]:
    """Returns the kinds of event that a test run of the Component must have.

    They are what a subscription receives, what a stream sends, and PLUGIN_EVENT for a plugin.
    """
    settings = component.settings
    if component.kind == ComponentKind.PLUGIN:
        return (PLUGIN_EVENT,)
    return tuple(settings.get("event_types" if component.kind == ComponentKind.SUBSCRIPTION else "events", ()))


def _problems_with_results(results: Sequence[Mapping[str, Any]]) -> list[str]:
    return [
        f"results[{index}].status: {result['status']} ends no answer; it is 200 to 599, or null for no answer."
        for index, result in enumerate(results)
        if result.get("status") is not None and not 200 <= result["status"] <= 599
    ]


def _problems_with_events(declared: Sequence[str], sent: Sequence[str]) -> list[str]:
    names = ", ".join(declared)
    problems = [
        f"results[{index}].event: the Component does not declare {event[:100]}; it declares: {names}."
        for index, event in enumerate(sent)
        if event not in declared
    ]
    missing = [event for event in declared if event not in sent]
    return [*problems, f"The run lacks: {', '.join(missing)}."] if missing else problems


def list_tests(
    session: Session, slug: str, component_id: UUID, actor: Actor, wanted: PageRequest
) -> PageOf[ComponentTest]:
    """Returns a page of a Component's test runs, oldest first. Raises NotFound."""
    find_component(session, slug, component_id, actor)
    statement = select(ComponentTest).where(ComponentTest.component_id == component_id)
    return read_page(session, statement, ComponentTest.id, wanted)


def colour_of(event: str, status: int | None) -> str:
    """Returns the colour of one result: green for 200 and 202, yellow for 501 except to `delete`, red for all else."""
    if status in (200, 202):
        return TestColour.GREEN.value
    return TestColour.YELLOW.value if status == 501 and event != "delete" else TestColour.RED.value


def _new_write_key(component: Component) -> str:
    write_key = make_secret(WRITE_KEY)
    component.write_key_hash = write_key.hash
    return write_key.text
