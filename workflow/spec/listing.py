"""The events of the Spec as a list that can be read: their categories, and their properties with types."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from workflow.spec.data import read_data
from workflow.spec.names import LEGACY, judge_name, spec_names


@dataclass(frozen=True, slots=True)
class SpecProperty:
    """A property of an event: its types, and the properties of the object or of each item of the list that it is."""

    name: str
    types: Sequence[str]
    properties: Sequence["SpecProperty"] = ()


@dataclass(frozen=True, slots=True)
class SpecEvent:
    """An event of the Spec.

    `required`: properties without which it is not valid. `expected`: properties of which it should have one, of each
    list. `replaced_by`: the event to send instead of a legacy one.
    """

    name: str
    category: str
    properties: Sequence[SpecProperty]
    required: Sequence[str]
    expected: Sequence[Sequence[str]]
    replaced_by: str | None


@cache
def spec_events() -> Sequence[SpecEvent]:
    """Returns the events in the order of the Spec. Legacy ones are last."""
    data = read_data("events.json")
    return tuple(_event(name, data["events"][name], data["shapes"]) for name in spec_names())


def _event(name: str, event: Mapping[str, Any], shapes: Mapping[str, Mapping[str, str]]) -> SpecEvent:
    types = {**shapes.get(event.get("with", ""), {}), **event.get("properties", {})}
    return SpecEvent(
        name,
        event["category"],
        _properties(types, shapes),
        event.get("necessary", ()),
        event.get("expected", ()),
        judge_name(name).instead if event["category"] == LEGACY else None,
    )


def _properties(types: Mapping[str, str], shapes: Mapping[str, Mapping[str, str]]) -> tuple[SpecProperty, ...]:
    found = []
    for name, kind in types.items():
        inner = shapes.get(kind.removesuffix("[]"))
        if inner is None:
            found.append(SpecProperty(name, kind.split("|")))
        else:
            found.append(SpecProperty(name, ["array" if kind.endswith("[]") else "object"], _properties(inner, shapes)))
    return tuple(found)
