"""Shapes of objects: fields with their types, and how the values of an object fit them. Misfits are warnings.

Only the fields that a shape has are looked at, so judging neither recurses further than the shape does nor reads what
the Spec does not describe.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import isfinite
from typing import Any, Final

from workflow.spec.found import Findings, kind_of, shown

MAX_NAME: Final = 64
"""Characters of a field's name that is compared with those of a shape."""
MAX_TIME: Final = 40
"""Characters of a time in ISO 8601."""

_IN_WORDS: Final = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "object": "an object",
    "array": "a list",
    "date-time": "a time in ISO 8601, such as 2026-11-02T09:30:00Z",
}
_EXACT: Final[Mapping[str, frozenset[type]]] = {
    "string": frozenset({str}),
    "number": frozenset({int}),
    "integer": frozenset({int}),
    "boolean": frozenset({bool}),
    "object": frozenset({dict}),
    "array": frozenset({list}),
    "date-time": frozenset(),
}
"""Python's types of values that fit whatever they are."""
_NUMERIC: Final = re.compile(r"-?[0-9]{1,20}(?:\.[0-9]{1,20})?(?:[eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a shape: its types, and the shape of the object or of the items of the list that it holds.

    `fits`: Python's types of values that fit whatever they are. `wanted`: the types in words.
    """

    types: tuple[str, ...]
    fits: frozenset[type]
    wanted: str
    shape: "Shape | None" = None
    is_list: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields of an object by name, and further names of them.

    `necessary`: fields without which the object is not valid. `expected`: lists of fields, one of each of which should
    be there.
    """

    fields: Mapping[str, Field]
    aliases: Mapping[str, str] = field(default_factory=dict)
    necessary: Sequence[str] = ()
    expected: Sequence[Sequence[str]] = ()


def field_of(types: str) -> Field:
    """Returns the field with these types, such as `string|number`."""
    names = tuple(types.split("|"))
    fits = frozenset().union(*(_EXACT[name] for name in names))
    return Field(names, fits, " or ".join(_IN_WORDS[name] for name in names))


def nested_field(shape: Shape, *, is_list: bool = False) -> Field:
    """Returns the field that holds an object of `shape`, or a list of them."""
    kind = "array" if is_list else "object"
    return Field((kind,), _EXACT[kind], _IN_WORDS[kind], shape, is_list)


def folded(name: str) -> str:
    """Returns a field's name without case and separators, as `order_id`, `orderId` and `Order ID` have it in common."""
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def aliases_of(names: Sequence[str]) -> dict[str, str]:
    """Returns the names by what they are when folded."""
    return {folded(name): name for name in names}


def is_time(value: str) -> bool:
    """Returns whether `value` is a time or a day in ISO 8601."""
    if len(value) > MAX_TIME:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def check_object(shape: Shape, given: Mapping[str, Any], pointer: str, findings: Findings) -> None:
    """Adds what does not fit the shape. `pointer` is where the object is in the event."""
    fields = shape.fields
    respelled: dict[str, Any] = {}
    for name, value in given.items():
        known = fields.get(name)
        if known is None:
            meant = shape.aliases.get(folded(name)) if len(name) <= MAX_NAME else None
            if meant is None or given.get(meant) is not None:
                continue
            respelled[meant] = value
            known = fields[meant]
            _warn_of_spelling(name, meant, pointer, findings)
        if value is not None and (type(value) not in known.fits or known.shape is not None):
            _check_value(known, value, f"{pointer}/{name}", findings)
    if shape.necessary or shape.expected:
        _check_presence(shape, {**given, **respelled} if respelled else given, pointer, findings)


def _check_value(known: Field, value: object, pointer: str, findings: Findings) -> None:
    if findings.is_full:
        return
    if known.shape is not None and isinstance(value, dict) and not known.is_list:
        check_object(known.shape, value, pointer, findings)
    elif known.shape is not None and isinstance(value, list) and known.is_list:
        _check_list(known.shape, value, pointer, findings)
    elif not any(_is(kind, value) for kind in known.types):
        _warn_of_type(known, value, pointer, findings)


def _check_list(shape: Shape, items: Sequence[Any], pointer: str, findings: Findings) -> None:
    for place, item in enumerate(items):
        if findings.is_full:
            return
        if isinstance(item, dict):
            check_object(shape, item, f"{pointer}/{place}", findings)
        else:
            _warn_of_type(_OBJECT, item, f"{pointer}/{place}", findings)


def _is(kind: str, value: object) -> bool:
    """Returns whether a value that is not null has the type."""
    if kind == "date-time":
        return isinstance(value, str) and is_time(value)
    if isinstance(value, bool):
        return kind == "boolean"
    if isinstance(value, float):
        return value.is_integer() if kind == "integer" else kind == "number" and isfinite(value)
    return isinstance(value, _INSTANCES[kind])


def _warn_of_type(known: Field, value: object, pointer: str, findings: Findings) -> None:
    wanted = known.wanted
    where = _in_words(pointer)
    if isinstance(value, str) and _is_number_as_text(known, value):
        detail = f"{where} is a number in quotes. It should be {wanted}."
        findings.warning("field.number_as_text", pointer, detail, "Send the number without quotes.")
    elif "string" in known.types and isinstance(value, (int, float)) and not isinstance(value, bool):
        detail = f"{where} is a number. It should be {wanted}."
        findings.warning("field.text_as_number", pointer, detail, "Send it in quotes.")
    elif isinstance(value, str) and "date-time" in known.types:
        detail = f"{where} is {shown(value)}. It should be {wanted}."
        findings.warning("field.not_a_time", pointer, detail, "Send the time in ISO 8601, with its zone.")
    else:
        detail = f"{where} is {kind_of(value)}. It should be {wanted}."
        findings.warning("field.wrong_type", pointer, detail, f"Send {wanted}, or leave it out.")


def _is_number_as_text(known: Field, value: str) -> bool:
    return ("number" in known.types or "integer" in known.types) and _NUMERIC.fullmatch(value) is not None


def _warn_of_spelling(name: str, meant: str, pointer: str, findings: Findings) -> None:
    if not findings.is_full:
        detail = f"{shown(name)} is spelled {shown(meant)} in the Spec."
        findings.warning("field.other_spelling", f"{pointer}/{name}", detail, f"Rename it to {meant}.")


def _check_presence(shape: Shape, given: Mapping[str, Any], pointer: str, findings: Findings) -> None:
    for name in shape.necessary:
        value = given.get(name)
        if value == "" or isinstance(value, bool) or not isinstance(value, (str, int, float)):
            said = "is missing" if value is None else "is empty" if value == "" else f"is {kind_of(value)}"
            detail = f"{name} {said}. The event cannot be used without it."
            findings.error("field.necessary", f"{pointer}/{name}", detail, f"Send {name} as a text that is not empty.")
    for names in shape.expected:
        if all(given.get(name) is None for name in names):
            detail = f"{_in_words(pointer)} has no {_one_of(names)}."
            remedy = f"Send {_one_of(names)}, so that the event says what it is about."
            findings.warning("field.expected", f"{pointer}/{names[0]}", detail, remedy)


def _in_words(pointer: str) -> str:
    return pointer[1:].replace("/", ".")


def _one_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


_INSTANCES: Final[Mapping[str, type | tuple[type, ...]]] = {
    "string": str,
    "number": int,
    "integer": int,
    "boolean": bool,
    "object": dict,
    "array": list,
}
_OBJECT: Final = field_of("object")
