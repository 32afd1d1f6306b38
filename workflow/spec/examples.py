"""Examples of events that a stream declares: each has what the Spec requires and expects of it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from workflow.spec.names import spec_event
from workflow.spec.properties import event_shapes
from workflow.spec.shapes import Field, Shape

_OTHERS: Final = 3
"""How many properties an example has of an event of which none is required or expected."""
_VALUES: Final[Mapping[str, Any]] = {
    "string": "example",
    "number": 19.5,
    "integer": 1,
    "boolean": True,
    "object": {},
    "array": [],
    "date-time": "2026-11-02T09:30:00Z",
}
_NAMED: Final[Mapping[str, Any]] = {"currency": "USD", "quantity": 1}
"""Values of properties for which a value of the type alone would be odd."""


def example_event(name: str, app_slug: str) -> dict[str, Any]:
    """Returns a track call of the event, declared by this name, as the App's stream would send it. Pure.

    An event of the Spec has the properties that it requires, one of each list that it expects, or its first ones. The
    call has no `messageId`: whoever sends it gives it one.
    """
    meant = spec_event(name)
    properties = {} if meant is None else _object(event_shapes()[meant])
    return {
        "type": "track",
        "event": name,
        "userId": "user-1",
        "properties": properties,
        "context": {"integration": {"name": app_slug, "version": "1.0.0"}},
    }


def _object(shape: Shape) -> dict[str, Any]:
    wanted = [*shape.necessary, *(names[0] for names in shape.expected)] or list(shape.fields)[:_OTHERS]
    return {name: _value(name, shape.fields[name]) for name in _in_order(shape, wanted)}


def _in_order(shape: Shape, wanted: Sequence[str]) -> list[str]:
    return [name for name in shape.fields if name in wanted]


def _value(name: str, field: Field) -> Any:
    if field.shape is None:
        return _NAMED.get(name, _VALUES[field.types[0]])
    made = _object(field.shape)
    return [made] if field.is_list else made
