"""Trying the mapping of a function: what request it would send for an event. Nothing is sent and nothing is stored."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from models import Component
from workflow.apps import find_component
from workflow.component_tests.journey import STEPS
from workflow.component_tests.messages import MadeUpUser
from workflow.errors import Invalid
from workflow.identity.actors import Actor
from workflow.mapping.requests import MappedRequest
from workflow.mapping.subscriptions import mapping_for, request_of

_EXAMPLE_USER: Final = MadeUpUser(UUID(int=0), datetime(2026, 11, 2, 9, 30, tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class MappingTry:
    """An event, the name of the mapping that it was mapped by (None: it is sent as it is), and the request."""

    event: Mapping[str, Any]
    mapping: str | None
    request: MappedRequest


def try_mapping(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    *,
    event_type: str | None,
    event: Mapping[str, Any] | None,
    mapping: Mapping[str, Any] | None,
) -> MappingTry:
    """Returns the request that a function would send for `event`, or for the suite's first event of `event_type`.

    `mapping` takes the place of the stored one of the event's type. Locks nothing. Raises NotFound, and Invalid: not a
    function, a type that is not declared, or a mapping that cannot be read or makes nothing of the event.
    """
    component = find_component(session, slug, component_id, actor)
    if component.subkind != "function":
        detail = f"A {component.subkind} {component.kind}".replace("  ", " ")
        raise Invalid("component.no_mapping", f"{detail} has no mapping.", "Name a function.")
    settings = component.settings
    tried = event_to_try(component, event_type, event)
    wanted = str(tried["type"])
    if mapping is not None:
        settings = {**settings, "mapping": {wanted: mapping}}
    return MappingTry(tried, mapping_for(settings, wanted), request_of(settings, tried))


def event_to_try(component: Component, event_type: str | None, event: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """Returns `event`, or the suite's first event of `event_type`. Raises Invalid if its type is not declared."""
    wanted = str(event_type if event is None else event.get("type"))
    if wanted not in component.settings["event_types"]:
        declared = ", ".join(component.settings["event_types"])
        detail = f"The Component does not declare the event type {wanted[:60]}."
        raise Invalid("event.undeclared", detail, f"It declares: {declared}. An event names it in `type`.")
    return event if event is not None else _example_of(wanted)


def _example_of(event_type: str) -> dict[str, Any]:
    """Returns the first event of a type that the suite sends, always of the same user."""
    number, step = next((number, step) for number, step in enumerate(STEPS) if step.type == event_type)
    return _EXAMPLE_USER.message_of(step, number)
