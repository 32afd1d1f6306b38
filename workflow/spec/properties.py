"""The properties of the Spec's events: their types, which are necessary, and which are expected."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from workflow.spec.data import read_data
from workflow.spec.found import Findings
from workflow.spec.shapes import Shape, aliases_of, check_object, field_of, nested_field


def check_properties(event: str | None, given: Mapping[str, Any], findings: Findings) -> None:
    """Adds what does not fit the properties of an event of the Spec, or those that every track call may have."""
    shapes = event_shapes()
    check_object(shapes.get(event, shapes[None]), given, "/properties", findings)


@cache
def event_shapes() -> Mapping[str | None, Shape]:
    """Returns the shape of each event's properties by its name, and by None those of every track call."""
    data = read_data("events.json")
    common: Mapping[str, str] = read_data("message.json")["track"]
    named: dict[str, Shape] = {}
    for name, types in data["shapes"].items():
        named[name] = _shape(types, named)
    shapes: dict[str | None, Shape] = {None: _shape(common, named)}
    for name, event in data["events"].items():
        types = data["shapes"].get(event.get("with"), {}) | event.get("properties", {})
        shapes[name] = _shape({**common, **types}, named, event)
    return shapes


def _shape(types: Mapping[str, str], named: Mapping[str, Shape], event: Mapping[str, Any] | None = None) -> Shape:
    event = event or {}
    of_items: Mapping[str, Sequence[str]] = event.get("items_expected", {})
    fields = {}
    for name, kind in types.items():
        inner = named.get(kind.removesuffix("[]"))
        if inner is None:
            fields[name] = field_of(kind)
        else:
            inner = replace(inner, expected=[of_items[name]]) if name in of_items else inner
            fields[name] = nested_field(inner, is_list=kind.endswith("[]"))
    return Shape(fields, aliases_of(list(fields)), event.get("necessary", ()), event.get("expected", ()))
