"""The request that a subscription makes of an event: by the mapping of the event's type, or of the event as it is."""

from collections.abc import Mapping
from typing import Any, Final

from workflow.mapping.requests import AS_IT_IS, MappedRequest, make_request, read_request_mapping

DEFAULT: Final = "default"
"""The name of the mapping of all event types that have none of their own."""


def mapping_for(settings: Mapping[str, Any], event_type: str) -> str | None:
    """Returns the name of the mapping for events of a type: the type, DEFAULT, or None if they are sent as they are."""
    mappings = settings.get("mapping") or {}
    return next((name for name in (event_type, DEFAULT) if name in mappings), None)


def request_of(settings: Mapping[str, Any], event: Mapping[str, Any]) -> MappedRequest:
    """Returns the request that a subscription with these settings makes of an event. Raises MappingInvalid."""
    name = mapping_for(settings, str(event.get("type")))
    mapping = AS_IT_IS if name is None else read_request_mapping(settings["mapping"][name])
    return make_request(mapping, settings["url"], event)
