"""The tests of Components that review steps have run: starting them, and reading how they ended.

The service runs what it can: subscriptions with a test key, and plugins. Streams are judged by what came.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnClause, literal_column, select
from sqlalchemy.orm import Session

from models import App, Component, ComponentTest, ComponentTestResult
from models.base import new_id
from models.component import ComponentKind
from models.component_test import ResultSource, RunScope, TestColour
from models.due import DueStatus, Urgency
from workflow.access.domains import fetch_lane
from workflow.component_tests.run_settings import require_test_settings
from workflow.component_tests.starting import SUITE_VERSIONS, require_own_host
from workflow.component_tests.volume import BurstPlan
from workflow.errors import WorkflowError
from workflow.findings import Finding
from workflow.identity.secrets import Unseal
from workflow.sandbox.reading import list_declared
from workflow.tested import component_colour


class Occasion(StrEnum):
    """What a step looks at: what is submitted, a draft, or what is public."""

    REVIEW = "review"
    DRAFT = "draft"
    LOOK = "look"


class RunState(StrEnum):
    """How far the test of a Component is.

    `unstarted`: it could not begin. `cut_off`: it could not go on, and `failed`: the service could not end it.
    `by_events`: a stream, which is judged by the events that came.
    """

    UNDER_WAY = "under_way"
    ENDED = "ended"
    CUT_OFF = "cut_off"
    FAILED = "failed"
    UNSTARTED = "unstarted"
    BY_EVENTS = "by_events"


@dataclass(frozen=True, slots=True)
class ReviewedResult:
    """A case of a run, as a step judges it."""

    code: str
    status: int | None
    colour: str
    observed: bool
    shown: str
    findings: tuple[Finding, ...]
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReviewedComponent:
    """A Component of what is looked at, and its test. `colour` is that of the run, or of the events that came.

    `why` says what kept a run from beginning, or from going on. `is_changed`: the partner has edited the Component
    since. `lacks`: what each declared event of a stream still lacks.
    """

    id: UUID
    name: str
    kind: str
    state: RunState
    run_id: UUID | None = None
    colour: str | None = None
    results: tuple[ReviewedResult, ...] = ()
    why: Finding | None = None
    is_changed: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WantedRuns:
    """The runs that a step wants: of which Components, as a snapshot has them, and on whose behalf.

    `burst`: bursts with these numbers instead of suites.
    """

    occasion: Occasion
    components: Sequence[Mapping[str, Any]]
    requested_by: UUID
    review_id: UUID | None = None
    burst: BurstPlan | None = None

    @property
    def scope(self) -> RunScope:
        if self.burst is not None:
            return RunScope.BURST
        return RunScope.LOOK if self.occasion is Occasion.LOOK else RunScope.SUITE


@dataclass(frozen=True, slots=True)
class Means:
    """What starting runs takes: the time, opening sealed test settings, and whether this machine may be an endpoint."""

    now: datetime
    unseal: Unseal
    loopback: bool


def start_runs(session: Session, wanted: WantedRuns, started: Mapping[str, str], means: Means) -> dict[str, str]:
    """Makes the runs due that are wanted and were not `started`. Returns the ids of all runs by that of the Component.

    A run is of the Component as the snapshot has it, whatever its draft is now. One that cannot begin is left out:
    `review_components` says why. Does not commit.
    """
    present = _present(session, wanted.components)
    runs = dict(started)
    for one in wanted.components:
        kind, known = ComponentKind(one["kind"]), present.get(UUID(one["id"]))
        if one["id"] in runs or kind not in SUITE_VERSIONS or known is None:
            continue
        if _why_unstarted(session, wanted, one, known, means) is not None:
            continue
        run = _run_of(one, kind, wanted, means.now)
        session.add(run)
        runs[one["id"]] = str(run.id)
    session.flush()
    return runs


def review_components(
    session: Session, wanted: WantedRuns, started: Mapping[str, str], means: Means
) -> tuple[ReviewedComponent, ...]:
    """Returns each Component of the snapshot with its test. Locks nothing."""
    present = _present(session, wanted.components)
    runs = _runs(session, map(UUID, started.values()))
    reviewed = []
    for one in wanted.components:
        known = present.get(UUID(one["id"]))
        run = runs.get(UUID(started[one["id"]])) if one["id"] in started else None
        if run is not None:
            found = _with_run(one, *run)
        elif ComponentKind(one["kind"]) in SUITE_VERSIONS or known is None:
            why = _REMOVED if known is None else _why_unstarted(session, wanted, one, known, means)
            found = _reviewed(one, RunState.UNSTARTED, why=why or _NOT_YET)
        else:
            lacks = {each.event: each.lacks for each in list_declared(session, known.component) if each.lacks}
            found = _reviewed(one, RunState.BY_EVENTS, colour=known.colour, lacks=lacks)
        is_changed = known is not None and known.component.revision != one["revision"]
        reviewed.append(replace(found, is_changed=is_changed and wanted.occasion is not Occasion.LOOK))
    return tuple(reviewed)


@dataclass(frozen=True, slots=True)
class _Present:
    """A Component as it is now, with its colour and its company."""

    component: Component
    colour: str | None
    organization_id: UUID


def _present(session: Session, components: Sequence[Mapping[str, Any]]) -> dict[UUID, _Present]:
    colour: ColumnClause[str | None] = literal_column(component_colour(Component.__tablename__))
    rows = session.execute(
        select(Component, colour, App.organization_id)
        .join(App, App.id == Component.app_id)
        .where(Component.id.in_([UUID(one["id"]) for one in components]), Component.removed_at.is_(None))
        .execution_options(populate_existing=True)
    )
    return {row[0].id: _Present(*row) for row in rows}


def _why_unstarted(
    session: Session, wanted: WantedRuns, one: Mapping[str, Any], known: _Present, means: Means
) -> Finding | None:
    """Returns what keeps a run of the Component from beginning; None if nothing does."""
    if one["kind"] != ComponentKind.SUBSCRIPTION:
        return None
    settings = one["settings"]
    if wanted.burst is not None and (known.colour not in _PASSED or known.component.revision != one["revision"]):
        return _NOT_PASSED
    try:
        if settings.get("mapping") or wanted.burst is not None:
            require_own_host(session, known.organization_id, settings, loopback=means.loopback)
        require_test_settings(session, known.component.id, settings, means.now, means.unseal)
    except WorkflowError as refused:
        return Finding(refused.code, refused.detail, refused.remedy)
    return None


def _run_of(one: Mapping[str, Any], kind: ComponentKind, wanted: WantedRuns, now: datetime) -> ComponentTest:
    settings = one["settings"]
    is_look = wanted.occasion is Occasion.LOOK
    return ComponentTest(
        id=new_id(),
        component_id=UUID(one["id"]),
        component_revision=one["revision"],
        source=ResultSource.SERVICE.value,
        scope=wanted.scope.value,
        suite_version=SUITE_VERSIONS[kind],
        subject=settings,
        wanted=None if wanted.burst is None else {"rate": wanted.burst.rate, "seconds": wanted.burst.seconds},
        results=[],
        requested_by=wanted.requested_by,
        requested_at=now,
        review_id=wanted.review_id,
        due_at=now,
        lane=fetch_lane(str(settings.get("url") or settings.get("bundle_url") or "")),
        urgency=(Urgency.BULK if is_look else Urgency.URGENT).value,
    )


def _runs(session: Session, ids: Iterable[UUID]) -> dict[UUID, tuple[ComponentTest, list[ComponentTestResult]]]:
    wanted = list(ids)
    tests = session.scalars(
        select(ComponentTest).where(ComponentTest.id.in_(wanted)).execution_options(populate_existing=True)
    )
    found: dict[UUID, tuple[ComponentTest, list[ComponentTestResult]]] = {test.id: (test, []) for test in tests}
    ended = [test.id for test, _ in found.values() if test.status == DueStatus.DONE]
    results = (
        select(ComponentTestResult)
        .where(ComponentTestResult.test_id.in_(ended))
        .order_by(ComponentTestResult.test_id, ComponentTestResult.position)
    )
    for result in session.scalars(results):
        found[result.test_id][1].append(result)
    return found


def _with_run(one: Mapping[str, Any], run: ComponentTest, results: Sequence[ComponentTestResult]) -> ReviewedComponent:
    state, why = _STATES[DueStatus(run.status)], None
    if state is RunState.CUT_OFF:
        remedy = "Mend that, and have it checked again."
        why = Finding("test_run.cut_off", run.last_error or "The run could not go on.", remedy)
    reviewed = [
        ReviewedResult(
            code=each.code,
            status=each.status,
            colour=each.colour,
            observed=each.observed,
            shown=_shown(run, each),
            findings=tuple(Finding(**found) for found in each.findings),
            facts=each.facts or {},
        )
        for each in results
    ]
    return _reviewed(one, state, run_id=run.id, colour=run.colour, results=tuple(reviewed), why=why)


def _shown(run: ComponentTest, result: ComponentTestResult) -> str:
    """Returns what shows a result: the run and the case, and what came back."""
    came = "no answer" if result.status is None else str(result.status)
    said = result.answer or result.message or ""
    return f"test run {run.id}, {result.code}: {came} {said[:_MAX_SHOWN]}".strip()


def _reviewed(one: Mapping[str, Any], state: RunState, **more: Any) -> ReviewedComponent:
    return ReviewedComponent(UUID(one["id"]), str(one["name"]), str(one["kind"]), state, **more)


_MAX_SHOWN: Final = 500
_STATES: Final[Mapping[DueStatus, RunState]] = {
    DueStatus.DUE: RunState.UNDER_WAY,
    DueStatus.DONE: RunState.ENDED,
    DueStatus.VOID: RunState.CUT_OFF,
    DueStatus.DEAD: RunState.FAILED,
}
_REMOVED: Final = Finding(
    "component.removed", "It was taken off the draft, and is tested no more.", "Submit the revision that removes it."
)
_PASSED: Final = (TestColour.GREEN, TestColour.YELLOW)
_NOT_PASSED: Final = Finding(
    "volume.untested", "its latest suite has not passed, so no burst is sent.", "Mend what the suite found first."
)
_NOT_YET: Final = Finding("test_run.not_begun", "Its test did not begin.", "Have it checked again.")
