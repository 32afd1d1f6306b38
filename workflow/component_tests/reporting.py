"""Suites that a trusted test rig of the platform ran: recording their results."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models import Component, ComponentTest
from models.component import ComponentKind
from models.component_test import ResultSource, TestColour
from models.due import DueStatus
from workflow.apps import find_component, lock_editable_app
from workflow.component_tests.colours import colour_of, worst_of
from workflow.errors import Invalid
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action

PLUGIN_EVENT = "load"
"""The one thing that a test run of a plugin has: that it was fetched and started."""


def report_test(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    now: datetime,
    *,
    reporter: str,
    revision: int | None,
    results: Sequence[Mapping[str, Any]],
) -> ComponentTest:
    """Records a suite that the rig `reporter` ran, and returns it. Its colour is the worst of its results.

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
    coloured = [{**result, "colour": colour_of(str(result["event"]), result.get("status")).value} for result in results]
    test = ComponentTest(
        component_id=component.id,
        component_revision=revision or component.revision,
        source=ResultSource.RIG.value,
        reporter=reporter,
        colour=worst_of(TestColour(result["colour"]) for result in coloured).value,
        results=coloured,
        requested_by=actor.id,
        requested_at=now,
        finished_at=now,
        status=DueStatus.DONE.value,
        due_at=now,
    )
    session.add(test)
    session.flush()
    log_action(session, actor, "component.test", component_id, app=slug, colour=test.colour, rig=reporter)
    return test


def declared_events(component: Component) -> tuple[str, ...]:
    """Returns the kinds of event that a suite of the Component must have.

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
