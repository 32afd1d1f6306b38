"""What a customer would enter for the settings of a subscription: as it is typed, and as the API takes it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

VALUE: Final = "value."
"""What the names of the fields begin with."""

Declared = Sequence[Mapping[str, Any]]


def values_of(declared: Declared, fields: Mapping[str, str]) -> dict[str, Any]:
    """Returns the values of the declared settings as the API takes them. Those that are empty are left out."""
    values: dict[str, Any] = {}
    for one in declared:
        text = fields.get(f"{VALUE}{one['name']}", "")
        if not text.strip():
            continue
        if one["type"] == "boolean":
            values[one["name"]] = text == "yes"
        else:
            values[one["name"]] = _number(text.strip()) if one["type"] == "number" else text
    return values


def field_of(steps: Sequence[str]) -> str | None:
    """Returns the field of the value to which a pointer into a call's body leads, None if it leads to no value."""
    return f"{VALUE}{steps[1]}" if steps[0] == "settings" and len(steps) > 1 else None


def options_of(declared: Declared) -> dict[str, list[tuple[str, str]]]:
    """Returns what can be chosen for each setting that is chosen, with an empty choice first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for one in declared:
        none = ("", "Choose" if one.get("required") else "None")
        if one["type"] == "boolean":
            found[one["name"]] = [none, ("yes", "Yes"), ("no", "No")]
        elif one["type"] == "choice":
            found[one["name"]] = [none, *((choice, choice) for choice in one["choices"] or ())]
    return found


def _number(text: str) -> int | float | str:
    """Returns the number that a text is; the text itself, for the API to refuse, if it is none."""
    digits = text.removeprefix("-")
    if not digits.replace(".", "", 1).isdecimal() or not digits.isascii() or len(digits) > 18:
        return text
    return int(text) if digits.isdecimal() else float(text)
