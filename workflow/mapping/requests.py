"""Mappings of an event to a request: its method, path, headers and body. Where it goes is no part of them.

The scheme and the host are those of a fixed URL. No value of an event can be more than a part of the path or of the
query, a header's value, or a value in the body.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from string import hexdigits
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from workflow.errors import below
from workflow.mapping.meter import Meter
from workflow.mapping.nodes import MISSING, Node, Template, json_of, scalar_text
from workflow.mapping.problems import MappingInvalid, Problem, failed, quoted
from workflow.mapping.reading import Reader, problems_of_size

METHODS: Final = ("POST", "PUT", "PATCH", "DELETE")
HEADERS: Final = frozenset(
    {
        "accept",
        "accept-language",
        "api-version",
        "content-language",
        "idempotency-key",
        "if-match",
        "if-none-match",
        "prefer",
        "x-account-id",
        "x-api-version",
        "x-correlation-id",
        "x-event-id",
        "x-event-type",
        "x-idempotency-key",
        "x-message-id",
        "x-organization-id",
        "x-project-id",
        "x-region",
        "x-request-id",
        "x-source",
        "x-tenant-id",
        "x-workspace-id",
    }
)
"""The headers that a mapping may set, in lower case. None says whose request it is, how long it is or where it goes."""
MAX_HEADER: Final = 1000
MAX_URL: Final = 2000
"""The longest value of a header, and the longest URL, in characters."""
_FIELDS: Final = ("method", "path", "headers", "body")
_IN_PATHS: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~!$&'()*+,;=:@/%")
_DOTS: Final = (".", "..")


@dataclass(frozen=True, slots=True)
class RequestMapping:
    """A mapping that was read. Without a `path` it goes to the fixed URL; without a `body` it has the event."""

    method: str
    path: Template | None
    headers: tuple[tuple[str, Node], ...]
    body: Node | None


@dataclass(frozen=True, slots=True)
class MappedRequest:
    """A request that was made of an event. `body` is JSON in UTF-8; `headers` are those that the mapping sets."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    steps: int


AS_IT_IS: Final = RequestMapping("POST", None, (), None)
"""The mapping of those that have none: the event, as it is, to the fixed URL."""


def read_request_mapping(document: Any) -> RequestMapping:
    """Returns the mapping of an event to a request. Raises MappingInvalid, which names every problem.

    It has `method`, a `path` with placeholders that may have a query, `headers` by their names, and the mapping of the
    `body`; each may be left out.
    """
    problems = problems_of_size(document)
    if not isinstance(document, dict):
        problems = [Problem("", "A mapping is an object.", f"Give it the fields: {', '.join(_FIELDS)}.")]
    if problems:
        raise MappingInvalid("mapping.invalid", problems)
    reader = Reader(problems)
    for name in sorted(document.keys() - set(_FIELDS)):
        known = f"The fields of a mapping are: {', '.join(_FIELDS)}."
        problems.append(Problem(below("", name), f"{quoted(name)} is unknown.", known))
    method = document.get("method", "POST")
    if method not in METHODS:
        problems.append(Problem("/method", f"{quoted(method)} is not allowed.", f"Use one of: {', '.join(METHODS)}."))
    mapping = RequestMapping(
        method=str(method),
        path=_read_path(document["path"], reader) if "path" in document else None,
        headers=_read_headers(document.get("headers", {}), reader),
        body=reader.read(document["body"], "/body") if "body" in document else None,
    )
    if problems:
        raise MappingInvalid("mapping.invalid", problems)
    return mapping


def make_request(mapping: RequestMapping, url: str, event: Mapping[str, Any]) -> MappedRequest:
    """Returns the request that the mapping makes of `event`, to the scheme and the host of `url`.

    It costs at most what `Meter` allows. Raises MappingInvalid (`mapping.failed`), which names the place.
    """
    meter = Meter()
    if mapping.body is None:
        meter.copy("/body", event, 0)
        body: Any = event
    else:
        body = mapping.body.evaluate(event, meter, 0)
    named = [(name, _header(node, event, meter)) for name, node in mapping.headers]
    return MappedRequest(
        method=mapping.method,
        url=url if mapping.path is None else _origin_of(url) + _path(mapping.path, event, meter),
        headers=tuple((name, value) for name, value in named if value),
        body=json_of(None if body is MISSING else body).encode(),
        steps=meter.steps,
    )


def _read_path(given: Any, reader: Reader) -> Template:
    before = len(reader.problems)
    template = reader.read_template(given, "/path")
    problem = _problem_with_path(template)
    if problem and len(reader.problems) == before:
        reader.problems.append(Problem("/path", *problem))
    return template


def _problem_with_path(template: Template) -> tuple[str, str] | None:
    """Returns what is wrong with the constant parts of a path, and what to do; None if nothing is."""
    constants = [one for one in template.pieces if isinstance(one, str)]
    text = "".join(one if isinstance(one, str) else "{}" for one in template.pieces)
    if not text.startswith("/") or text.startswith("//"):
        return "A path begins with one slash.", "Write it like /v1/users/{{userId}}; the host is that of `url`."
    before, _, behind = "".join(constants).partition("?")
    odd = next((one for one in before + behind.replace("?", "") if one not in _IN_PATHS), None)
    if odd is not None:
        return f"A path cannot have {odd!r}.", "Percent-encode it, or leave it out."
    if any(not _is_encoded(one) for one in constants):
        return "A percent sign is not followed by two hexadecimal digits.", "Write %25 for the sign itself."
    if _has_dot_segment(text.partition("?")[0]):
        return "The path has a dot segment.", "Write the path that it leads to."
    return None


def _read_headers(given: Any, reader: Reader) -> tuple[tuple[str, Node], ...]:
    if not isinstance(given, dict):
        reader.problems.append(Problem("/headers", "Headers are an object.", "Write them by their names."))
        return ()
    seen: set[str] = set()
    made = []
    for name, value in given.items():
        place = below("/headers", name)
        if name.lower() not in HEADERS:
            remedy = f"Use one of: {', '.join(sorted(HEADERS))}."
            reader.problems.append(Problem(place, f"A mapping may not set the header {quoted(name)}.", remedy))
        if name.lower() in seen:
            reader.problems.append(Problem(place, f"The header {quoted(name)} is there twice.", "Name it once."))
        seen.add(name.lower())
        made.append((name, reader.read(value, place)))
    return tuple(made)


def _header(node: Node, event: Any, meter: Meter) -> str:
    text = scalar_text(node, event, meter, 0).strip(" \t")
    meter.write_text(node.place, text)
    if len(text) > MAX_HEADER:
        raise failed(node.place, f"The header has more than {MAX_HEADER} characters.", "Send it in the body.")
    if not all(" " <= one <= "~" for one in text):
        detail = "The header's value has a character that is no printable ASCII, such as the end of a line."
        raise failed(node.place, detail, "Send it in the body, or in the path, where it is percent-encoded.")
    return text


def _path(template: Template, event: Any, meter: Meter) -> str:
    made: list[str] = []
    is_query = False
    for piece in template.pieces:
        if isinstance(piece, str):
            text = piece
            is_query = is_query or "?" in piece
        else:
            value = scalar_text(piece, event, meter, 0)
            meter.write_text(template.place, value)
            if not value and not is_query:
                detail = "A placeholder of the path is missing in the event, or empty."
                raise failed(template.place, detail, "Use a path that every event of the type fills in.")
            text = quote(value, safe="")
        meter.write_text(template.place, text)
        made.append(text)
    path = "".join(made)
    if len(path) > MAX_URL:
        raise failed(template.place, f"The path has more than {MAX_URL} characters.", "Send less of it in the path.")
    if _has_dot_segment(path.partition("?")[0]):
        remedy = "Put a constant before the placeholder, or send the value in the body."
        raise failed(template.place, "With this event, the path has a dot segment, which leads elsewhere.", remedy)
    return path


def _origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _is_encoded(text: str) -> bool:
    """Returns whether each percent sign begins a complete sequence, so that nothing behind it changes its meaning."""
    return all(len(one[:2]) == 2 and set(one[:2]) <= set(hexdigits) for one in text.split("%")[1:])


def _has_dot_segment(path: str) -> bool:
    """Returns whether a server may read a dot segment in the path, decoded or not, with parameters or without."""
    segments = unquote(path).replace("\\", "/").split("/")
    return any(segment.partition(";")[0].strip() in _DOTS for segment in segments)
