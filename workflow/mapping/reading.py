"""Reads a mapping: a JSON document whose leaves are constants or directives. Names every problem with its place."""

import json
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final, Literal

from workflow.errors import below
from workflow.mapping.meter import MAX_DEPTH
from workflow.mapping.nodes import Case, Choice, Constant, Each, Items, Json, Lookup, Node, Shape, Template
from workflow.mapping.paths import PathInvalid, read_path, read_template
from workflow.mapping.problems import MappingInvalid, Problem, quoted

MAX_DOCUMENT_BYTES: Final = 32 * 1024
"""The largest mapping, as JSON in UTF-8."""


def read_mapping(document: Any) -> Node:
    """Returns the mapping. Raises MappingInvalid (`mapping.invalid`), which names every problem."""
    problems = problems_of_size(document)
    node = Reader(problems).read(document, "") if not problems else None
    if node is None or problems:
        raise MappingInvalid("mapping.invalid", problems)
    return node


def problems_of_size(document: Any) -> list[Problem]:
    """Returns the problem with a document that is too deep, too large or no JSON; none if it may be read."""
    level = [document] if isinstance(document, dict | list) else []
    for _ in range(MAX_DEPTH):
        inner = [part for one in level for part in (one.values() if isinstance(one, dict) else one)]
        level = [part for part in inner if isinstance(part, dict | list)]
    if level:
        return [Problem("", f"The mapping nests deeper than {MAX_DEPTH} levels.", "Nest less.")]
    try:
        size = len(json.dumps(document, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, TypeError):
        return [Problem("", "The mapping is not JSON in UTF-8.", "Write it as JSON.")]
    if size > MAX_DOCUMENT_BYTES:
        return [Problem("", f"The mapping is larger than {MAX_DOCUMENT_BYTES} bytes.", "Map fewer properties.")]
    return []


class Reader:
    """Reads the parts of a mapping that is small enough, and collects the problems."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = problems

    def read(self, document: Any, place: str) -> Node:
        """Returns the part at `place`. Of one that has a problem, which is noted, the result means nothing."""
        if isinstance(document, list):
            return Items(place, tuple(self.read(one, below(place, index)) for index, one in enumerate(document)))
        if isinstance(document, dict):
            return self._read_object(document, place)
        if isinstance(document, str) and "{{" in document:
            remedy = 'Write {"@template": ...} for a text with placeholders, or {"@literal": ...} for the braces.'
            return self._refuse(place, "A constant has double braces.", remedy)
        return Constant(place, document)

    def read_template(self, text: Any, place: str) -> Template:
        """Returns the template at `place`."""
        pieces: tuple[str | tuple[str, ...], ...] = ()
        if isinstance(text, str):
            pieces = self._noting(place, lambda: read_template(text)) or ()
        else:
            self._refuse(place, "A template is a string.", "Write it like Hello {{traits.name}}.")
        return Template(place, tuple(one if isinstance(one, str) else Lookup(place, one) for one in pieces))

    def _read_object(self, document: dict[str, Any], place: str) -> Node:
        named = [key for key in document if key.startswith("@")]
        if not named:
            return Shape(place, tuple((key, self.read(one, below(place, key))) for key, one in document.items()))
        name = named[0]
        inside = below(place, name)
        if len(document) > 1:
            remedy = 'Let it stand alone, or write a key that begins with @ inside of {"@literal": ...}.'
            return self._refuse(place, f"The directive {quoted(name)} stands beside other keys.", remedy)
        directive = self.DIRECTIVES.get(name)
        if directive is None:
            known = ", ".join(self.DIRECTIVES)
            return self._refuse(inside, f"{quoted(name)} is no directive.", f"Use one of: {known}.")
        return directive(self, document[name], inside)

    def _path(self, given: Any, place: str) -> Node:
        if not isinstance(given, str):
            return self._refuse(place, "A path is a string.", "Write it like $.properties.plan.")
        return Lookup(place, self._noting(place, lambda: read_path(given)) or ())

    def _template(self, given: Any, place: str) -> Node:
        return self.read_template(given, place)

    def _if(self, given: Any, place: str) -> Node:
        remedy = 'Write it like {"@if": {"exists": {"@path": "$.userId"}, "then": ..., "else": ...}}.'
        fields = self._fields(given, place, ("exists", "blank", "then", "else"), remedy)
        tests = [name for name in ("exists", "blank") if name in fields]
        if len(tests) != 1:
            return self._refuse(place, "@if has either exists or blank.", remedy)
        if "then" not in fields and "else" not in fields:
            return self._refuse(place, "@if has neither then nor else.", remedy)
        test: Literal["exists", "blank"] = "exists" if tests[0] == "exists" else "blank"
        tested, then, otherwise = (
            self.read(fields[name], below(place, name)) if name in fields else None for name in (test, "then", "else")
        )
        return Choice(place, test, tested or Constant(place, None), then, otherwise)

    def _array_path(self, given: Any, place: str) -> Node:
        remedy = 'Write it like {"@arrayPath": ["$.properties.products", {"name": {"@path": "$.name"}}]}.'
        if not isinstance(given, list) or len(given) not in (1, 2):
            return self._refuse(place, "@arrayPath has a list of a path and, for each item, a mapping.", remedy)
        first = below(place, 0)
        source = self._path(given[0], first) if isinstance(given[0], str) else self.read(given[0], first)
        return Each(place, source, self.read(given[1], below(place, 1)) if len(given) == 2 else None)

    def _case(self, given: Any, place: str) -> Node:
        remedy = 'Write it like {"@case": {"operator": "lower", "value": {"@path": "$.traits.email"}}}.'
        fields = self._fields(given, place, ("operator", "value"), remedy)
        operator = fields.get("operator")
        if operator not in ("upper", "lower") or "value" not in fields:
            return self._refuse(place, "@case has an operator, upper or lower, and a value.", remedy)
        return Case(place, operator == "upper", self.read(fields["value"], below(place, "value")))

    def _json(self, given: Any, place: str) -> Node:
        remedy = 'Write it like {"@json": {"mode": "encode", "value": {"@path": "$.properties"}}}.'
        fields = self._fields(given, place, ("mode", "value"), remedy)
        mode = fields.get("mode")
        if mode not in ("encode", "decode") or "value" not in fields:
            return self._refuse(place, "@json has a mode, encode or decode, and a value.", remedy)
        return Json(place, mode, self.read(fields["value"], below(place, "value")))

    def _literal(self, given: Any, place: str) -> Node:
        return Constant(place, given)

    def _fields(self, given: Any, place: str, known: tuple[str, ...], remedy: str) -> Mapping[str, Any]:
        if not isinstance(given, dict):
            return {}
        for name in given:
            if name not in known:
                self._refuse(below(place, name), f"{quoted(name)} is unknown here.", remedy)
        return given

    def _noting(self, place: str, read: Callable[[], tuple[Any, ...]]) -> tuple[Any, ...] | None:
        try:
            return read()
        except PathInvalid as error:
            self._refuse(place, error.detail, error.remedy)
            return None

    def _refuse(self, place: str, detail: str, remedy: str) -> Node:
        self.problems.append(Problem(place, detail, remedy))
        return Constant(place, None)

    DIRECTIVES: ClassVar[Mapping[str, Callable[["Reader", Any, str], Node]]] = {
        "@path": _path,
        "@template": _template,
        "@if": _if,
        "@arrayPath": _array_path,
        "@case": _case,
        "@json": _json,
        "@literal": _literal,
    }
