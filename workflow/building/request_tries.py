"""Trying a subscription: the whole request that an event would be sent with, for settings that a customer enters.

Nothing is sent and nothing is stored.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from models.component import ComponentKind
from workflow.apps import find_component
from workflow.building.mapping_tries import event_to_try
from workflow.component_tests.mapped import request_of_event
from workflow.component_tests.requests import EnteredValues, OutgoingRequest
from workflow.component_tests.run_settings import require_values
from workflow.errors import Invalid
from workflow.identity.actors import Actor

_KEY: Final = "the key"


@dataclass(frozen=True, slots=True)
class RequestTry:
    """An event, and the request that carries it. `settings_header` names the header with the customer's settings."""

    event: Mapping[str, Any]
    request: OutgoingRequest
    settings_header: str


def try_request(
    session: Session,
    slug: str,
    component_id: UUID,
    actor: Actor,
    *,
    event_type: str | None,
    event: Mapping[str, Any] | None,
    values: Mapping[str, Any],
    settings_header: str,
) -> RequestTry:
    """Returns the request that a subscription would be sent for `event`, or for the suite's first of `event_type`.

    `values` are what a customer enters as the Component's settings. Locks nothing. Raises NotFound, and Invalid: no
    subscription, a type that is not declared, values that do not fit, or a mapping that makes nothing of the event.
    """
    component = find_component(session, slug, component_id, actor)
    if component.kind != ComponentKind.SUBSCRIPTION:
        detail = f"A {component.kind} is sent no events."
        raise Invalid("component.no_requests", detail, "Name a subscription.")
    tried = event_to_try(component, event_type, event)
    require_values(component.settings, values)
    request = request_of_event(component.settings, tried, EnteredValues(_KEY, values), settings_header)
    return RequestTry(tried, request, settings_header)
