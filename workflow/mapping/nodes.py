"""The parts of a mapping that was read, and their evaluation, which always ends: `Meter` counts every step."""

import json
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from workflow.mapping.meter import Meter, text_of
from workflow.mapping.problems import failed


class Missing(Enum):
    """What a path leads to that is not in the event. An object leaves it out, a list has null for it."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True)
class Node(ABC):
    """A part of a mapping. `place` is its JSON pointer."""

    place: str

    @abstractmethod
    def evaluate(self, scope: Any, meter: Meter, depth: int) -> Any:
        """Returns the JSON value that the part makes of `scope`, or MISSING. `depth`: how many values it stands in.

        `scope` is the event or, below `@arrayPath`, an item. What is made is counted by `meter`. Raises MappingInvalid.
        """

    def look(self, scope: Any, meter: Meter, depth: int) -> Any:
        """Returns what `evaluate` returns, where it is only looked at and not copied."""
        return self.evaluate(scope, meter, depth)


@dataclass(frozen=True, slots=True)
class Constant(Node):
    """A value that stands in the mapping itself."""

    value: Any

    def evaluate(self, _scope: Any, meter: Meter, depth: int) -> Any:
        meter.copy(self.place, self.value, depth)
        return self.value


@dataclass(frozen=True, slots=True)
class Shape(Node):
    """An object, each of whose values is mapped."""

    entries: tuple[tuple[str, Node], ...]

    def evaluate(self, scope: Any, meter: Meter, depth: int) -> Any:
        meter.step(self.place)
        meter.open(self.place, depth)
        made = {}
        for key, node in self.entries:
            value = node.evaluate(scope, meter, depth + 1)
            if value is not MISSING:
                meter.write_text(node.place, key)
                meter.write(node.place, 2)
                made[key] = value
        return made


@dataclass(frozen=True, slots=True)
class Items(Node):
    """A list, each of whose items is mapped."""

    nodes: tuple[Node, ...]

    def evaluate(self, scope: Any, meter: Meter, depth: int) -> Any:
        meter.step(self.place)
        meter.open(self.place, depth)
        return [_in_list(node, scope, meter, depth) for node in self.nodes]


@dataclass(frozen=True, slots=True)
class Lookup(Node):
    """`@path`: what the event has there."""

    parts: tuple[str, ...]

    def evaluate(self, scope: Any, meter: Meter, depth: int) -> Any:
        found = self.look(scope, meter, depth)
        if found is not MISSING:
            meter.copy(self.place, found, depth)
        return found

    def look(self, scope: Any, meter: Meter, _depth: int) -> Any:
        meter.step(self.place)
        found = scope
        for part in self.parts:
            meter.step(self.place)
            if isinstance(found, dict):
                found = found.get(part, MISSING)
            elif isinstance(found, list) and part.isascii() and part.isdigit() and len(part) < 10:
                found = found[int(part)] if int(part) < len(found) else MISSING
            else:
                return MISSING
        return found


@dataclass(frozen=True, slots=True)
class Template(Node):
    """`@template`: texts, and scalars of the event between them. What is missing or null is empty."""

    pieces: tuple[str | Lookup, ...]

    def evaluate(self, scope: Any, meter: Meter, depth: int) -> str:
        meter.step(self.place)
        texts = []
        for piece in self.pieces:
            texts.append(piece if isinstance(piece, str) else scalar_text(piece, scope, meter, depth))
            meter.write_text(self.place, texts[-1])
        meter.write(self.place, 2)
        return "".join(texts)


@dataclass(frozen=True, slots=True)
class Choice(Node):
    """`@if`: `then` if the tested value exists (or is blank), `otherwise` if not."""

    test: Literal["exists", "blank"]
    tested: Node
    then: Node | None
    otherwise: Node | None

    def evaluate(self, scope: Any, meter: Meter, depth: int) -> Any:
        meter.step(self.place)
        found = self.tested.look(scope, meter, depth)
        is_none = found is MISSING or found is None
        is_met = not is_none if self.test == "exists" else is_none or found == ""
        chosen = self.then if is_met else self.otherwise
        return MISSING if chosen is None else chosen.evaluate(scope, meter, depth)


@dataclass(frozen=True, slots=True)
class Each(Node):
    """`@arrayPath`: a list of the event, with each item mapped if that is wanted. An object is a list of one."""

    source: Node
    item: Node | None

    def evaluate(self, scope: Any, meter: Meter, depth: int) -> Any:
        meter.step(self.place)
        if self.item is None:
            return self.source.evaluate(scope, meter, depth)
        found = self.source.look(scope, meter, depth)
        if isinstance(found, dict):
            found = [found]
        if not isinstance(found, list):
            if found is not MISSING:
                meter.copy(self.place, found, depth)
            return found
        meter.open(self.place, depth)
        return [_in_list(self.item, one, meter, depth) for one in found]


@dataclass(frozen=True, slots=True)
class Case(Node):
    """`@case`: a string in capitals or small letters; any other value as it is."""

    is_upper: bool
    value: Node

    def evaluate(self, scope: Any, meter: Meter, depth: int) -> Any:
        meter.step(self.place)
        found = self.value.evaluate(scope, meter, depth)
        if not isinstance(found, str):
            return found
        made = found.upper() if self.is_upper else found.lower()
        meter.write_text(self.place, made)
        return made


@dataclass(frozen=True, slots=True)
class Json(Node):
    """`@json`: a value as a string of JSON (`encode`), or the value that such a string has (`decode`)."""

    mode: Literal["encode", "decode"]
    value: Node

    def evaluate(self, scope: Any, meter: Meter, depth: int) -> Any:
        meter.step(self.place)
        found = self.value.evaluate(scope, meter, depth)
        if found is MISSING or (self.mode == "decode" and not isinstance(found, str)):
            return found
        made = json_of(found) if self.mode == "encode" else self._decode(found)
        meter.copy(self.place, made, depth)
        return made

    def _decode(self, text: str) -> Any:
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            remedy = 'Decode only strings of JSON, such as "{\\"plan\\": 1}".'
            raise failed(self.place, "The string is no JSON that can be read.", remedy) from None


def json_of(value: Any) -> str:
    """Returns a value of an evaluation as JSON, without blanks."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def scalar_text(node: Node, scope: Any, meter: Meter, depth: int) -> str:
    """Returns the text of a scalar, "" for null and for what is missing. Counts no bytes. Raises MappingInvalid."""
    found = node.look(scope, meter, depth)
    if found is MISSING or found is None:
        return ""
    if isinstance(found, dict | list):
        kind = "an object" if isinstance(found, dict) else "a list"
        raise failed(node.place, f"The value is {kind}; only scalars can stand in a text.", "Name one of its parts.")
    return text_of(found, node.place)


def _in_list(node: Node, scope: Any, meter: Meter, depth: int) -> Any:
    meter.write(node.place, 1)
    value = node.evaluate(scope, meter, depth + 1)
    if value is MISSING:
        meter.write(node.place, 4)
        return None
    return value
