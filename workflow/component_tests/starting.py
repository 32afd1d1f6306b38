"""Starting a run of a Component's tests, and reading runs with their results as they come."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import App, Component, ComponentTest, ComponentTestResult
from models.component import ComponentKind
from models.component_test import ResultSource, RunScope
from models.due import DueStatus, Urgency
from workflow.access.domains import LOOPBACK_HOSTS, fetch_lane
from workflow.access.tried_hosts import may_be_tried
from workflow.apps import find_component, lock_kept_app
from workflow.component_tests.journey import SUITE_VERSION
from workflow.component_tests.planned import PlannedCase, cases_of
from workflow.component_tests.plugins import PLUGIN_SUITE_VERSION
from workflow.component_tests.reporting import declared_events
from workflow.component_tests.requests import EnteredValues
from workflow.component_tests.run_settings import require_test_settings, require_values, seal_values
from workflow.errors import Conflict, Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.identity.secrets import Seal, Unseal
from workflow.pages import PageOf, PageRequest, read_page
from workflow.work.bells import Bell, ring_after_commit

MAX_RUNS_A_DAY: Final = 200
"""How many runs of a Component may be started within a day."""
MAX_MESSAGE_BYTES: Final = 32 * 1024
"""The largest message of a try-out, as JSON: as much as the platform takes of one event."""
SUITE_VERSIONS: Final[Mapping[ComponentKind, int]] = {
    ComponentKind.SUBSCRIPTION: SUITE_VERSION,
    ComponentKind.PLUGIN: PLUGIN_SUITE_VERSION,
}
"""The kinds of Component that the service tests by runs of its own, with the version of their suite."""
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RunWithResults:
    """A run, its results so far, and the cases that are still to come while it is under way, both in order."""

    run: ComponentTest
    results: tuple[ComponentTestResult, ...]
    to_come: tuple[PlannedCase, ...] = ()


@dataclass(frozen=True, slots=True)
class EnteredOnce:
    """What a customer would enter, for one try-out alone. `seal` encrypts it, and it is deleted when the run ends."""

    values: EnteredValues
    seal: Seal


def start_run(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    scope: RunScope,
    event: str | None,
    message: Mapping[str, Any] | None,
    loopback: bool,
    unseal: Unseal,
    entered: EnteredOnce | None = None,
) -> ComponentTest:
    """Makes a run of the Component's current revision due, and returns it.

    `event` is the type of a run of one event, `message` that of a try-out, which sends what is `entered`, if anything
    is, in place of the test settings that are kept. `loopback` allows this machine as the company's own host. Locks the
    App; works while its draft is frozen. Does not commit. Raises NotFound; Conflict
    (removed, a run is under way, too many, a host that is not the company's, or test settings that are missing or
    ended); and Invalid.
    """
    app = lock_kept_app(session, slug, actor)
    component = find_component(session, slug, component_id, actor)
    kind = ComponentKind(component.kind)
    if kind not in SUITE_VERSIONS:
        detail = f"The service starts no test runs of a {kind}."
        raise Invalid("test_run.kind", detail, "Test it as the guide for its kind says.")
    wanted = _wanted(component, scope, event, message)
    if entered is not None:
        wanted = {**(wanted or {}), "sealed": _entered(component, scope, entered)}
    has_values = entered is not None
    for require in requirements_of(
        session, app, component, scope, now, loopback=loopback, unseal=unseal, has_values=has_values
    ):
        require()
    run = ComponentTest(
        component_id=component.id,
        component_revision=component.revision,
        source=ResultSource.SERVICE.value,
        scope=scope.value,
        suite_version=SUITE_VERSIONS[kind],
        subject=component.settings,
        wanted=wanted,
        results=[],
        requested_by=actor.id,
        requested_at=now,
        due_at=now,
        lane=fetch_lane(str(component.settings.get("url") or component.settings.get("bundle_url") or "")),
        urgency=Urgency.URGENT.value,
    )
    session.add(run)
    session.flush()
    log_action(session, actor, "component.test_run", component.id, app=slug, scope=scope.value)
    ring_after_commit(session, Bell.TESTS)
    return run


def requirements_of(
    session: Session,
    app: App,
    component: Component,
    scope: RunScope,
    now: datetime,
    *,
    loopback: bool,
    unseal: Unseal,
    has_values: bool = False,
) -> tuple[Callable[[], None], ...]:
    """Returns what a run of the scope needs. Each raises a WorkflowError that says what is missing, if it is.

    One that `has_values` of its own needs no test settings.
    """
    needed: list[Callable[[], None]] = []
    if component.kind == ComponentKind.SUBSCRIPTION:
        if scope is RunScope.TRY_OUT or component.settings.get("mapping"):
            needed.append(lambda: require_own_host(session, app.organization_id, component.settings, loopback=loopback))
        if not has_values:
            needed.append(lambda: require_test_settings(session, component.id, component.settings, now, unseal))
    needed.append(lambda: _bound_runs(session, component, app.slug, now))
    return tuple(needed)


def list_runs(
    session: Session, slug: str, component_id: UUID, actor: Actor, wanted: PageRequest
) -> PageOf[ComponentTest]:
    """Returns a page of the service's own runs of a Component, newest first. Raises NotFound."""
    find_component(session, slug, component_id, actor)
    statement = select(ComponentTest).where(
        ComponentTest.component_id == component_id, ComponentTest.source == ResultSource.SERVICE.value
    )
    return read_page(session, statement, ComponentTest.id, wanted, newest_first=True)


def find_run(session: Session, slug: str, component_id: UUID, run_id: UUID, actor: Actor) -> RunWithResults:
    """Returns one of the service's own runs with its results so far. Raises NotFound."""
    component = find_component(session, slug, component_id, actor)
    run = session.get(ComponentTest, run_id, populate_existing=True)
    if run is None or run.component_id != component_id or run.source != ResultSource.SERVICE:
        raise NotFound("test_run.not_found", f"The Component has no test run {run_id}.", "List its test runs.")
    rows = (
        select(ComponentTestResult).where(ComponentTestResult.test_id == run.id).order_by(ComponentTestResult.position)
    )
    results = tuple(session.scalars(rows).all())
    recorded = {result.code for result in results}
    planned = cases_of(component, run) if run.status == DueStatus.DUE else ()
    return RunWithResults(run, results, tuple(case for case in planned if case.code not in recorded))


def ended_runs(session: Session, ids: Sequence[UUID]) -> set[UUID]:
    """Returns which of the runs are no longer due."""
    ended = select(ComponentTest.id).where(ComponentTest.id.in_(ids), ComponentTest.status != DueStatus.DUE.value)
    return set(session.scalars(ended).all())


def host_of(url: str) -> str:
    """Returns the host of an endpoint's URL. Pure."""
    return urlsplit(url).hostname or ""


def _wanted(
    component: Component, scope: RunScope, event: str | None, message: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    """Returns what the run is asked to send, if not the suite. Raises Invalid."""
    if (event is not None) != (scope is RunScope.EVENT) or (message is not None) != (scope is RunScope.TRY_OUT):
        detail = f"A run of the scope {scope} was asked for with other parts."
        raise Invalid(
            "test_run.parts", detail, "Give event with the scope event, message with try_out, and neither with suite."
        )
    if scope is RunScope.SUITE:
        return None
    if component.kind == ComponentKind.PLUGIN:
        detail = f"A plugin has no test runs of the scope {scope}."
        raise Invalid("test_run.scope", detail, "Run its suite: nothing is sent to a plugin.")
    declared = declared_events(component)
    kind = event if message is None else message.get("type")
    if kind not in declared:
        named = f'"{str(kind)[:100]}"' if kind is not None else "nothing as its type"
        detail = f"The Component does not declare {named}."
        raise Invalid("test_run.event", detail, f"Name an event type that it declares: {', '.join(declared)}.")
    if message is None:
        return {"event": event}
    if len(json.dumps(message, ensure_ascii=False).encode()) > MAX_MESSAGE_BYTES:
        detail = f"The message is larger than {MAX_MESSAGE_BYTES // 1024} KB."
        raise Invalid("test_run.message", detail, "Send a smaller one: the platform takes no larger event.")
    return {"message": dict(message)}


def _entered(component: Component, scope: RunScope, entered: EnteredOnce) -> str:
    """Returns what is entered for a try-out, encrypted. Raises Invalid."""
    if component.kind != ComponentKind.SUBSCRIPTION or scope is not RunScope.TRY_OUT:
        detail = "A run of this kind sends what is kept as test settings, and nothing that is entered for it alone."
        raise Invalid("test_run.entered", detail, "Give entered with the scope try_out of a subscription.")
    require_values(component.settings, entered.values.settings, "/entered/settings")
    return seal_values(entered.values, entered.seal)


def require_own_host(session: Session, organization_id: UUID, settings: Mapping[str, Any], *, loopback: bool) -> None:
    """Raises Conflict unless the host is the company's own: a try-out and a mapping send what the partner has written.

    The suite of a webhook may go to any host, since it is always the same. `loopback`: this machine is everybody's.
    """
    host = host_of(str(settings["url"]))
    if (loopback and host in LOOPBACK_HOSTS) or may_be_tried(session, organization_id, host):
        return
    detail = f"{host} is not under a domain that your company has proved to be its own."
    path = f"POST /v1/organizations/{organization_id}/host-proofs"
    raise Conflict("test_run.host", detail, f"Prove that the host is yours first: {path}.")


def _bound_runs(session: Session, component: Component, slug: str, now: datetime) -> None:
    """Raises Conflict if a run is under way, or there were as many as there may be within a day.

    Reads the newest runs only, however many there have been.
    """
    newest = (
        select(ComponentTest.id, ComponentTest.status, ComponentTest.requested_at)
        .where(ComponentTest.component_id == component.id, ComponentTest.source == ResultSource.SERVICE.value)
        .order_by(ComponentTest.id.desc())
        .limit(MAX_RUNS_A_DAY)
        .subquery()
    )
    is_of_today = newest.c.requested_at > now - _DAY
    under_way, count, first = session.execute(
        select(
            func.array_agg(newest.c.id).filter(newest.c.status == DueStatus.DUE.value),
            func.count().filter(is_of_today),
            func.min(newest.c.requested_at).filter(is_of_today),
        )
    ).one()
    if under_way:
        detail = "A run of this Component's tests is under way."
        path = f"GET /v1/apps/{slug}/components/{component.id}/test-runs/{under_way[0]}"
        raise Conflict("test_run.under_way", detail, f"See {path}, and start another after that.")
    if count >= MAX_RUNS_A_DAY:
        detail = f"{MAX_RUNS_A_DAY} runs of this Component were started within a day, as many as may be."
        raise Conflict("test_run.too_many", detail, f"Wait until {first + _DAY:%Y-%m-%d %H:%M} UTC.")
