"""The description of the API: what it is, who its calls are for, and an example of every body and every answer.

An example is made from the examples of the fields; those that carry none take theirs from `WORDS`.
"""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI

from api.openapi_words import WORDS
from workflow.profile.document import Profile, words_of

VERSION = "1"
_DESCRIPTION = """\
The review of partner Apps for {platform}: from a company's request for access to a public listing.

Send `Authorization: Bearer <token>`. A POST that creates takes an `Idempotency-Key`: sent again with the same body it
is the same request. Lists have `next`, which is the `after` of the page that follows. Errors are problem details
(RFC 9457) with a `code` that stays the same, a `detail` and a `remedy`; a refusal lists every rule that is `unmet`.

A customer's settings reach the endpoint of a subscription as base64 of JSON in the header `{settings_header}`.
"""
TAGS: tuple[tuple[str, str], ...] = (
    ("everyone", "The catalog and what is handed out. No token is needed."),
    (
        "partner",
        "Asking for access, building and testing an App, the launch checklist, submitting, where it stands.",
    ),
    ("reviewer", "Who comes in, the queue, a review and its steps, decisions, saved reasons, statistics."),
    ("service", "The platform's own services: customers, installs, and asking for transitions."),
    ("admin", "Tokens, the policy, people, dead rows, the audit log."),
    ("operator", "Whether a process lives, is ready, and how it does."),
)
_DEEPEST = 12


def about(profile: Profile) -> dict[str, Any]:
    """Returns the title, the description and the contact of the API, in the platform's names."""
    contact = profile.contact
    return {
        "title": profile.platform.developer_center,
        "description": _DESCRIPTION.format(**words_of(profile)),
        "contact": {"url": contact.documentation_url, "email": contact.support_email},
    }


class DescribedAPI(FastAPI):
    """An application that describes itself in full."""

    def openapi(self) -> dict[str, Any]:
        """Returns the description, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _told(super().openapi())
        return self.openapi_schema


def _told(described: dict[str, Any]) -> dict[str, Any]:
    schemas = described["components"]["schemas"]
    for path in described["paths"].values():
        for operation in path.values():
            _summarize(operation)
            contents = [operation.get("requestBody", {})]
            contents += [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            for content in contents:
                _give_example(content.get("content", {}).get("application/json"), schemas)
    return described


def _summarize(operation: dict[str, Any]) -> None:
    """The first sentence of what a call promises says it better than the name of its function."""
    promise = " ".join(operation.get("description", "").split())
    first, _, rest = promise.partition(". ")
    if promise:
        operation["summary"] = first.rstrip(".").replace("`", "")
        operation["description"] = rest or promise


def _give_example(media: dict[str, Any] | None, schemas: Mapping[str, Any]) -> None:
    if media is None or "example" in media or "examples" in media:
        return
    shapes = [shape for shape in media["schema"].get("anyOf", [media["schema"]]) if shape.get("type") != "null"]
    if len(shapes) == 1:
        media["example"] = _example(shapes[0], schemas, "", 0)
        return
    named = {_name_of(shape): {"value": _example(shape, schemas, "", 0)} for shape in shapes}
    media["examples"] = named


def _name_of(shape: Mapping[str, Any]) -> str:
    return str(shape["$ref"].rpartition("/")[2]) if "$ref" in shape else "many"


def _example(shape: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> Any:
    """Returns a value of `shape`, which is that of the field `name`."""
    if "examples" in shape:
        return shape["examples"][0]
    if "example" in shape:
        return shape["example"]
    if "const" in shape:
        return shape["const"]
    if "$ref" in shape:
        return _example(schemas[shape["$ref"].rpartition("/")[2]], schemas, name, depth)
    for several in ("anyOf", "oneOf", "allOf"):
        if several in shape:
            known = [one for one in shape[several] if one.get("type") != "null"]
            return _example(known[0], schemas, name, depth)
    word = WORDS.get(name)
    if word is not None and _fits(word, shape):
        return word
    if "enum" in shape:
        return shape["enum"][0]
    if shape.get("default") is not None and shape.get("type") != "array":
        return shape["default"]
    return _made(shape, schemas, name, depth)


def _made(shape: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> Any:
    kind = shape.get("type")
    if kind == "object":
        fields = shape.get("properties", {})
        return {field: _example(of, schemas, field, depth + 1) for field, of in fields.items()}
    if kind == "array":
        return [_example(shape["items"], schemas, name, depth + 1)] if depth < _DEEPEST else []
    if kind == "string":
        return _FORMATS.get(shape.get("format", ""), "...")
    return {"integer": shape.get("minimum", 1), "number": 1.5, "boolean": True}.get(str(kind))


def _fits(word: Any, shape: Mapping[str, Any]) -> bool:
    """Returns whether `word`, known by the field's name alone, may stand where the shape says no more than a type."""
    kinds: dict[type, str] = {str: "string", dict: "object", list: "array"}
    if shape.get("properties") or shape.get("format") or {"$ref", "anyOf"} & shape.get("items", {}).keys():
        return False
    return shape.get("type") in (None, kinds[type(word)]) and word in shape.get("enum", [word])


_FORMATS = {
    "uuid": "01a214e4-0807-70d4-81d1-d4e178774917",
    "date-time": "2026-11-02T09:30:00Z",
    "date": "2026-11-02",
    "email": "pat@acme.example",
}
