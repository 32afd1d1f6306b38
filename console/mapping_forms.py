"""The form of a function's mapping: its method, path and headers as fields, and its body as JSON text.

A header's value is typed as one reads it: `$.messageId` is a path, `Bought {{event}}` a template, and JSON in braces or
quotes is itself. Everything else is a constant.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from console.client import ApiAnswer
from console.forms import Form, refused_form
from console.json_text import NumberedLine, beside_lines, lines_of, pretty
from web.strict_json import UnreadableJsonError, read_json

METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")
MAX_HEADERS: Final = 30
EMPTY_ROWS: Final = 3


@dataclass(frozen=True, slots=True)
class TypedMapping:
    """What was typed. `document` is the API's mapping, `event` an event of one's own, each None if it is not there.

    `errors` are by the names of fields; `lines` are those of the body or the event with what is wrong beside them.
    """

    fields: Mapping[str, str]
    document: dict[str, Any] | None
    event: Any = None
    errors: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[str, list[NumberedLine]] = field(default_factory=dict)


def typed_of(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Returns the fields of the form as they show a mapping of the API's."""
    typed = {"method": str(mapping.get("method", METHODS[0])), "path": str(mapping.get("path", ""))}
    for number, (name, value) in enumerate(mapping.get("headers", {}).items()):
        typed |= {f"headers.{number}.name": name, f"headers.{number}.value": _typed_value(value)}
    return typed | ({"body": pretty(mapping["body"])} if "body" in mapping else {})


def read_form(fields: Mapping[str, str]) -> TypedMapping:
    """Returns what was typed, without its empty rows, and what of it cannot be read."""
    kept = {name: fields.get(name, "").strip() for name in ("method", "path", "event_type")}
    kept |= {name: fields.get(name, "").replace("\r\n", "\n") for name in ("body", "event")}
    rows = [
        (fields.get(f"headers.{number}.name", "").strip(), fields.get(f"headers.{number}.value", "").strip())
        for number in range(MAX_HEADERS)
    ]
    filled = [row for row in rows if any(row)]
    for number, (name, value) in enumerate(filled):
        kept |= {f"headers.{number}.name": name, f"headers.{number}.value": value}
    headers, errors = _headers(filled)
    read: dict[str, Any] = {}
    lines: dict[str, list[NumberedLine]] = {}
    for name in ("body", "event"):
        if kept[name].strip():
            try:
                read[name] = read_json(kept[name].encode())
            except UnreadableJsonError as error:
                errors[name] = str(error)
                lines[name] = beside_lines(kept[name], [(error.line or 1, str(error))])
    document: dict[str, Any] = {"method": kept["method"] or METHODS[0]}
    document |= {"path": kept["path"]} if kept["path"] else {}
    document |= {"headers": headers} if headers else {}
    document |= {"body": read["body"]} if "body" in read else {}
    return TypedMapping(kept, None if errors else document, read.get("event"), errors, lines)


def _headers(rows: Sequence[tuple[str, str]]) -> tuple[dict[str, Any], dict[str, str]]:
    """Returns the headers that were typed, and what is wrong with them by the names of fields."""
    headers: dict[str, Any] = {}
    errors: dict[str, str] = {}
    for number, (name, value) in enumerate(rows):
        if not name:
            errors[f"headers.{number}.name"] = "The header has a value and no name. Name it, or empty both."
        elif name in headers:
            errors[f"headers.{number}.name"] = f"The header {name} is there twice. Name it once."
        try:
            headers[name] = _stored_value(value)
        except UnreadableJsonError as error:
            errors[f"headers.{number}.value"] = str(error)
    return headers, errors


def rows_in(fields: Mapping[str, str]) -> int:
    """Returns how many rows of headers are filled."""
    numbers = [name.split(".")[1] for name in fields if name.startswith("headers.")]
    return max((int(number) + 1 for number in numbers if number.isdecimal()), default=0)


def refused(typed: TypedMapping, answer: ApiAnswer, within: Sequence[str]) -> TypedMapping:
    """Returns what was typed, with what the API says is wrong beside the field or the line that it is about.

    `within` are the steps that lead to the mapping in the body of the call.
    """
    names = list((typed.document or {}).get("headers", {}))
    of_body: list[tuple[str, str]] = []
    for flaw in answer.content.get("errors") or []:
        part = str(flaw["pointer"]).removeprefix("#" + "".join(f"/{step}" for step in (*within, "body")))
        if part != flaw["pointer"]:
            of_body.append((part, flaw["detail"]))
    form = refused_form(typed.fields, answer, place=partial(_field_of, names, within))
    errors = dict(form.errors) | ({"": " ".join(form.problems)} if form.problems else {})
    body = typed.fields["body"]
    lines: dict[str, list[NumberedLine]] = {}
    if of_body and body.strip():
        numbers = lines_of(body, [pointer for pointer, _ in of_body])
        lines["body"] = beside_lines(
            body, [(number, words) for number, (_, words) in zip(numbers, of_body, strict=True)]
        )
    return TypedMapping(typed.fields, typed.document, typed.event, errors, lines)


def _field_of(headers: Sequence[str], within: Sequence[str], steps: Sequence[str]) -> str | None:
    """Returns the field to which a pointer into the API's body leads, None if the form has none."""
    if steps[0] == "event":
        return "event"
    below = steps[len(within) :] if steps[: len(within)] == [*within] else ()
    if below[:1] == ["headers"] and below[1:2] and below[1] in headers:
        return f"headers.{headers.index(below[1])}.value"
    return below[0] if below and below[0] in ("method", "path", "headers", "body") else None


def form_of(typed: TypedMapping, key: str | None = None) -> Form:
    """Returns the form with what was typed. What belongs to no field is among its problems."""
    errors = {name: words for name, words in typed.errors.items() if name}
    problems = tuple(words for name, words in typed.errors.items() if not name)
    form = Form(dict(typed.fields), errors, problems)
    return form if key is None else Form(form.values, form.errors, form.problems, key)


def _typed_value(value: Any) -> str:
    """Returns a header's value as it is typed, on one line."""
    if isinstance(value, dict) and len(value) == 1:
        name, inner = next(iter(value.items()))
        typed = inner if isinstance(inner, str) else ""
        if name in ("@path", "@template") and typed == typed.strip() and typed and _meaning_of(typed) == name:
            return typed
    if isinstance(value, str) and value == value.strip() and value and _meaning_of(value) == "":
        return value
    shown = value if isinstance(value, str | dict | list) else {"@literal": value}
    return json.dumps(shown, ensure_ascii=False)


def _stored_value(text: str) -> Any:
    """Returns the value of a header that was typed. Raises UnreadableJsonError."""
    meant = _meaning_of(text)
    if meant == "json":
        return read_json(text.encode())
    return {meant: text} if meant else text


def _meaning_of(text: str) -> str:
    """Returns what a typed value is: the name of a directive, `json`, or "" for a constant."""
    if text.startswith("$"):
        return "@path"
    if text.startswith(('"', "{", "[")) and not text.startswith("{{"):
        return "json"
    return "@template" if "{{" in text else ""
