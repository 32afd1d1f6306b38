"""How far each Component of an App is tested: since when, what its tests came to, and what it still lacks."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from models import Component, ComponentTest, ComponentTestSettings, SandboxDeclared
from models.component import ComponentKind
from models.component_test import ResultSource, RunScope, TestColour
from models.due import DueStatus
from workflow.apps import find_app
from workflow.building.components import components_of
from workflow.findings import Finding
from workflow.identity.actors import Actor

MAX_NAMED: Final = 5
"""Events that have not come which one finding names."""


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """A run of a Component's whole suite. `results` counts the cases that count, by their colour.

    `is_current` says that it tests the Component as it is now.
    """

    id: UUID
    source: str
    status: str
    colour: str | None
    is_current: bool
    results: Mapping[str, int]
    requested_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class ComponentState:
    """How far a Component is tested at its current revision. It `lacks` nothing exactly if it is tested.

    `tested_at` is when the suite that counts ended, or when the last event came that a stream needed.
    """

    component: Component
    colour: str | None
    tested_at: datetime | None
    latest_run: SuiteRun | None
    lacks: Sequence[Finding]


def component_states(session: Session, slug: str, actor: Actor, now: datetime) -> list[ComponentState]:
    """Returns how far each Component of the App's draft is tested, oldest first. Locks nothing. Raises NotFound.

    Four queries at most, however many Components there are.
    """
    app = find_app(session, slug, actor)
    found = components_of(session, [app.id])[app.id]
    ids = [component.id for component, _ in found]
    runs = _latest_suites(session, ids)
    settings = {
        row.component_id: row.ends_at
        for row in session.execute(
            select(ComponentTestSettings.component_id, ComponentTestSettings.ends_at).where(
                ComponentTestSettings.component_id.in_(ids)
            )
        )
    }
    came = _came(session, [component for component, _ in found if component.kind == ComponentKind.STREAM])
    return [
        _state(component, colour, runs.get(component.id), settings.get(component.id), came.get(component.id, {}), now)
        for component, colour in found
    ]


def _state(
    component: Component,
    colour: str | None,
    run: ComponentTest | None,
    key_ends_at: datetime | None,
    came: Mapping[str, datetime],
    now: datetime,
) -> ComponentState:
    latest = None if run is None else _shown(run, component)
    tested_at = None
    if colour in (TestColour.GREEN, TestColour.YELLOW):
        by_suite = latest.finished_at if latest is not None and latest.is_current else None
        has_all = bool(came) and all(event in came for event in component.settings.get("events", ()))
        tested_at = max(came.values()) if has_all else by_suite
    return ComponentState(
        component, colour, tested_at, latest, _lacks(component, colour, latest, key_ends_at, came, now)
    )


def _lacks(
    component: Component,
    colour: str | None,
    run: SuiteRun | None,
    key_ends_at: datetime | None,
    came: Mapping[str, datetime],
    now: datetime,
) -> list[Finding]:
    if colour in (TestColour.GREEN, TestColour.YELLOW):
        return []
    if component.kind == ComponentKind.STREAM:
        return [_missing_events(component.settings.get("events", ()), came)]
    lacks = []
    if component.kind == ComponentKind.SUBSCRIPTION and key_ends_at is None:
        detail = "It has no test key yet, without which its endpoint refuses us."
        lacks.append(Finding("component.no_test_key", detail, "Give the key of a test account."))
    elif key_ends_at is not None and key_ends_at <= now:
        detail = f"Its test key ended on {key_ends_at:%Y-%m-%d}."
        lacks.append(Finding("component.test_key_ended", detail, "Give it again."))
    if colour == TestColour.RED:
        red = run.results.get(TestColour.RED, 0) if run is not None and run.is_current else 0
        results = f"{red} red results" if red > 1 else "a red result"
        lacks.append(
            Finding("component.red", f"Its latest suite has {results}.", "Mend what is red, and run the suite again.")
        )
    elif run is not None and run.is_current and run.status == DueStatus.DUE:
        lacks.append(Finding("component.under_way", "Its suite is running.", "It takes some seconds."))
    else:
        detail = "It has not been tested yet." if run is None else "It has changed since it was tested."
        lacks.append(Finding("component.untested", detail, "Run its whole suite."))
    return lacks


def _missing_events(declared: Sequence[str], came: Mapping[str, datetime]) -> Finding:
    missing = [event for event in declared if event not in came]
    named = ", ".join(missing[:MAX_NAMED])
    more = f" and {len(missing) - MAX_NAMED} more" if len(missing) > MAX_NAMED else ""
    detail = f"{len(missing)} of its {len(declared)} declared events have not come, valid, since its latest change: "
    return Finding("component.events_missing", f"{detail}{named}{more}.", "Send each of them to the sandbox.")


def _shown(run: ComponentTest, component: Component) -> SuiteRun:
    return SuiteRun(
        id=run.id,
        source=run.source,
        status=run.status,
        colour=run.colour,
        is_current=run.component_revision == component.revision,
        results=Counter(str(one["colour"]) for one in run.results),
        requested_at=run.requested_at,
        finished_at=run.finished_at,
    )


def _latest_suites(session: Session, ids: Sequence[UUID]) -> dict[UUID, ComponentTest]:
    """Returns the newest suite of each Component, whether it has ended or not, that the service or a rig ran."""
    suite = aliased(ComponentTest)
    newest = (
        select(suite.id)
        .where(
            suite.component_id == Component.id,
            suite.scope == RunScope.SUITE,
            suite.source != ResultSource.REPORTED,
        )
        .order_by(suite.id.desc())
        .limit(1)
        .correlate(Component)
        .scalar_subquery()
    )
    wanted = select(ComponentTest).where(ComponentTest.id.in_(select(newest).where(Component.id.in_(ids))))
    runs = session.scalars(wanted.execution_options(populate_existing=True))
    return {run.component_id: run for run in runs}


def _came(session: Session, streams: Sequence[Component]) -> dict[UUID, dict[str, datetime]]:
    """Returns for each stream the events that came, valid, at its current revision, each with its newest time."""
    revisions = {stream.id: stream.revision for stream in streams}
    rows = session.execute(
        select(
            SandboxDeclared.component_id,
            SandboxDeclared.component_revision,
            SandboxDeclared.event,
            SandboxDeclared.latest_valid_at,
        ).where(SandboxDeclared.component_id.in_(revisions), SandboxDeclared.latest_valid_at.is_not(None))
    )
    came: dict[UUID, dict[str, datetime]] = {}
    for row in rows:
        if row.component_revision == revisions[row.component_id]:
            came.setdefault(row.component_id, {})[row.event] = row.latest_valid_at
    return came
