"""The OpenAPI description: what the API is, the groups of its calls, and an example of every body and every answer.

An example is built from the examples of the fields. A field without one takes it from `EXAMPLES`.
"""

import json
from asyncio import Lock, to_thread
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.routing import APIRoute

from api.openapi_examples import EXAMPLES
from api.openapi_names import OPERATIONS, PARAMETERS
from web.problems import Problem
from workflow.profile.document import Profile, words_of

VERSION = "1"
_DESCRIPTION = """\
The review of partner Apps for {platform}: from a company's request for access to a public listing.

Send `Authorization: Bearer <token>`. A POST that creates something takes an `Idempotency-Key`: repeating the call with
the same key and body does nothing twice and returns the first answer. Lists are paged: pass `next` of one page as
`after` to get the next page; on the last page `next` is null. Errors are problem details (RFC 9457) with a stable
`code`, a `detail` and a `remedy`; a refused transition lists every `unmet` rule.

A customer's settings are sent to the endpoint of a subscription in the header `{settings_header}`, as base64-encoded
JSON.
"""
TAGS: tuple[tuple[str, str], ...] = (
    ("everyone", "The catalog, the guides and public pictures. No token is needed."),
    (
        "partner",
        "Request access, build and test an App, complete the launch checklist, submit the App, and follow its status.",
    ),
    ("reviewer", "Decide access requests, work the review queue, decide reviews, and read the statistics."),
    ("service", "For the platform's own services: report customers and installs, and request transitions."),
    ("admin", "Manage tokens, the policy, people and dead rows, and read the audit log."),
    ("operator", "Liveness, readiness and metrics of a process."),
)
_MAX_DEPTH = 12


def about(profile: Profile) -> dict[str, Any]:
    """Returns the title, the description and the contact of the API, with the platform's names."""
    contact = profile.contact
    return {
        "title": profile.platform.developer_center,
        "description": _DESCRIPTION.format(**words_of(profile)),
        "contact": {
            "name": profile.platform.developer_center,
            "url": contact.documentation_url,
            "email": contact.support_email,
        },
        "license_info": {"name": "As agreed with the platform", "url": contact.documentation_url},
    }


def operation_name(route: APIRoute) -> str:
    """Returns the name of a route's call, which generated clients use for their functions."""
    module = route.endpoint.__module__.rpartition(".")[2]
    return OPERATIONS.get((module, route.name), route.name)


class DescribedAPI(FastAPI):
    """An application whose OpenAPI description has summaries and examples.

    It is built when it is first asked for, in a thread: it takes seconds, in which other calls are answered.
    """

    def __init__(self, **options: Any) -> None:
        self._building = Lock()
        self._written = b""
        super().__init__(**options)

    def setup(self) -> None:
        """Adds the route of the description, in the place of FastAPI's, which builds and writes it between calls."""
        self.add_route("/openapi.json", self._described, include_in_schema=False)

    async def _described(self, _request: Request) -> Response:
        async with self._building:
            if not self._written:
                self._written = await to_thread(lambda: json.dumps(self.openapi(), ensure_ascii=False).encode())
        return Response(self._written, media_type="application/json")

    def openapi(self) -> dict[str, Any]:
        """Returns the description, which is built once."""
        if self.openapi_schema is None:
            self.openapi_schema = _completed(super().openapi())
        return self.openapi_schema


def _completed(described: dict[str, Any]) -> dict[str, Any]:
    schemas = described["components"]["schemas"] = _with_names_of_pages(described) | _schemas_of_problems()
    for path in described["paths"].values():
        for operation in path.values():
            _summarize(operation)
            _complete_parameters(operation)
            _complete_answers(operation)
            operation.setdefault("security", [])
            contents = [operation.get("requestBody", {})]
            contents += [answer for status, answer in operation["responses"].items() if status.startswith("2")]
            for content in contents:
                _add_example(content.get("content", {}).get("application/json"), schemas)
    return described


def _with_names_of_pages(described: dict[str, Any]) -> dict[str, Any]:
    """Returns the schemas with `AppPage` for `Page_AppAnswer_`, and changes the references to them."""
    names = {
        name: name.removeprefix("Page_").removesuffix("_").removesuffix("Answer") + "Page"
        for name in described["components"]["schemas"]
        if name.startswith("Page_")
    }
    for part in _parts(described):
        name = str(part.get("$ref", "")).rpartition("/")[2]
        if name in names:
            part["$ref"] = f"#/components/schemas/{names[name]}"
    renamed = {names.get(name, name): schema for name, schema in described["components"]["schemas"].items()}
    for name in names.values():
        renamed[name]["title"] = name
    return renamed


def _schemas_of_problems() -> dict[str, Any]:
    """Returns the schemas that the declarations of `web.problems.answers` refer to."""
    problem = Problem.model_json_schema(mode="serialization", ref_template="#/components/schemas/{model}")
    parts: dict[str, Any] = problem.pop("$defs")
    return parts | {"Problem": problem}


def _complete_parameters(operation: dict[str, Any]) -> None:
    for parameter in operation.get("parameters", []):
        if parameter["name"] in PARAMETERS:
            parameter.setdefault("description", PARAMETERS[parameter["name"]])


def _complete_answers(operation: dict[str, Any]) -> None:
    """Describes every answer by its schema, and by only the media types that it is sent with.

    A picture that is answered is described as bytes too, and one that is sent as bytes only (its Content-Type does not
    matter): generators of clients do not know the media types of pictures.
    """
    bodies = []
    sent = operation.get("requestBody", {}).get("content", {})
    if any(media_type.startswith("image/") for media_type in sent):
        operation["requestBody"]["content"] = {"application/octet-stream": {"schema": dict(_BYTES)}}
    for status, answer in operation["responses"].items():
        if "application/problem+json" in answer.get("content", {}):
            answer["content"].pop("application/json", None)
        if answer["description"] == "Successful Response":
            answer["description"] = operation["summary"] + "."
        bodies += [answer] if status.startswith("2") else []
    for content in (body.get("content", {}) for body in bodies):
        for media_type, media in list(content.items()):
            if not media.get("schema"):
                media["schema"] = {"type": "string"} if media_type.startswith("text/") else dict(_BYTES)
            if media_type.startswith("image/"):
                content["application/octet-stream"] = {"schema": dict(_BYTES)}


_BYTES = {"type": "string", "format": "binary"}


def _parts(part: Any) -> Iterator[dict[str, Any]]:
    if isinstance(part, dict):
        yield part
        for one in part.values():
            yield from _parts(one)
    elif isinstance(part, list):
        for one in part:
            yield from _parts(one)


def _summarize(operation: dict[str, Any]) -> None:
    """Makes the first sentence of the description the summary, which by default is the name of the function."""
    promise = " ".join(operation.get("description", "").split())
    first, _, rest = promise.partition(". ")
    if promise:
        operation["summary"] = first.rstrip(".").replace("`", "")
        operation["description"] = rest or promise


def _add_example(media: dict[str, Any] | None, schemas: Mapping[str, Any]) -> None:
    if media is None or "example" in media or "examples" in media:
        return
    schema = media["schema"]
    shapes = [one for one in schema.get("anyOf", schema.get("oneOf", [schema])) if one.get("type") != "null"]
    if len(shapes) == 1:
        media["example"] = _example(shapes[0], schemas, "", 0)
        return
    named = {_name_of(shape): {"value": _example(shape, schemas, "", 0)} for shape in shapes}
    media["examples"] = named


def _name_of(shape: Mapping[str, Any]) -> str:
    return str(shape["$ref"].rpartition("/")[2]) if "$ref" in shape else "many"


def _example(shape: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> Any:
    """Returns an example of the schema `shape`, which belongs to the field `name`."""
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
    known_example = EXAMPLES.get(name)
    if known_example is not None and _fits(known_example, shape):
        return known_example
    if "enum" in shape:
        return shape["enum"][0]
    if shape.get("default") is not None and shape.get("type") != "array":
        return shape["default"]
    return _example_of_type(shape, schemas, name, depth)


def _example_of_type(shape: Mapping[str, Any], schemas: Mapping[str, Any], name: str, depth: int) -> Any:
    kind = shape.get("type")
    if kind == "object":
        fields = shape.get("properties", {})
        return {field: _example(of, schemas, field, depth + 1) for field, of in fields.items()}
    if kind == "array":
        return [_example(shape["items"], schemas, name, depth + 1)] if depth < _MAX_DEPTH else []
    if kind == "string":
        return _FORMATS.get(shape.get("format", ""), "...")
    return {"integer": shape.get("minimum", 1), "number": 1.5, "boolean": True}.get(str(kind))


def _fits(example: Any, shape: Mapping[str, Any]) -> bool:
    """Returns whether `example`, found by the field's name alone, is valid for a shape that says only its type."""
    kinds: dict[type, str] = {str: "string", dict: "object", list: "array"}
    if shape.get("properties") or shape.get("format") or {"$ref", "anyOf", "oneOf"} & shape.get("items", {}).keys():
        return False
    return shape.get("type") in (None, kinds[type(example)]) and example in shape.get("enum", [example])


_FORMATS = {
    "uuid": "01a214e4-0807-70d4-81d1-d4e178774917",
    "date-time": "2026-11-02T09:30:00Z",
    "date": "2026-11-02",
    "email": "pat@acme.example",
}
