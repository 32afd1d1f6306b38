"""No value that a caller sends is answered with a 5xx: in any query parameter, path parameter or field of any body."""

import copy
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from jsonschema_rs import Validator, validator_for
from urllib3 import PoolManager, Retry

from models.lifecycle import Role
from tests.api.matrix import CALLS, Call
from tests.api.running import Service
from tests.api.world import World, world_in

TEXTS = (
    "",
    "\x00",
    "a\x00b",
    "-" * 33,
    "- " * 60,
    "-(" * 60,
    '"' * 33 + "-" * 33,
    "%",
    "\\",
    "\\" * 99,
    "'; --",
    "{}[]",
    "\ud800",
    "\uffff\U0010ffff",
    "\u202e\u200b",
    "e\u0301" * 200,
    "9" * 40,
    "-1",
    "1e400",
    "NaN",
    "infinity",
    "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999+00:00",
    "10000-01-01T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "0001-01-01T00:00:00+23:59",
    "00000000-0000-0000-0000-000000000000",
    "{" + "f" * 32 + "}",
    "a" * 10_000,
    "\U0001f600" * 300,
    "null",
    "WyJcdTAwMDAiXQ",
    "WzkyMjMzNzIwMzY4NTQ3NzU4MDgsICJ4Il0",
    "WyIwMDAxLTAxLTAxVDAwOjAwOjAwKzIzOjU5IiwgIjAiXQ",
)
"""The last three are cursors of pages: of NUL, of a number beyond bigint, and of a date before the first year."""
EVERYWHERE = ("\x00", "%", "-" * 33, "\ud800", "-1", "9" * 40, "{" + "f" * 32 + "}", "a" * 10_000)
"""Sent to every parameter, even if its schema refuses them and other routes have refused them by the same schema."""
IN_BODIES = TEXTS[1:7] + TEXTS[12:14] + TEXTS[16:25] + TEXTS[29:31]
OTHERS: tuple[Any, ...] = (
    None, True, 0, -1, 2**31, 2**63, -(2**63) - 1, 10**300, 1.5, 1e308, [], {}, [[]], [None], {"": ""}, {"\x00": 1},
    [["x"] * 50] * 50, {"a": {"b": {"c": {"d": {"e": {}}}}}}, ["x"] * 1500,
)  # fmt: skip


AGAIN = Retry(2, redirect=False, allowed_methods=None)
"""A call that fails has its connection closed, perhaps under the next call: that one is made again, on a new one."""

ABOUT = ("title", "description", "example", "examples", "default")
"""What a schema says beside what it admits."""

Texts = dict[str, dict[tuple[str, str], Sequence[str]]]
"""What to send to each parameter of each route, by where it is and its name."""


@pytest.fixture(scope="module")
def world(shared_service: Service) -> World:
    return world_in(shared_service.engine, shared_service.people)


@pytest.fixture(scope="module")
def texts(shared_service: Service) -> Texts:
    """The texts for the parameters of each route, by the API's own description."""
    described = shared_service.nobody("GET", "/openapi.json").json()["paths"]
    given: Texts = {}
    seen: set[str] = set()
    for call in CALLS:
        parameters = described[call.template][call.method.lower()].get("parameters", ())
        given[call.route] = {(one["in"], one["name"]): _texts_for(one["schema"], seen) for one in parameters}
    return given


def _texts_for(schema: dict[str, Any], seen: set[str]) -> Sequence[str]:
    """Returns the texts for a parameter. What its schema refuses is sent in full only to the first with that schema.

    Such a text reaches no code of the route, and the same declaration refuses it everywhere. Times are read in more
    forms than JSON Schema knows, and references are not followed: these get every text.
    """
    key = json.dumps({name: part for name, part in schema.items() if name not in ABOUT}, sort_keys=True)
    if key not in seen or "date-time" in key or "$ref" in key:
        seen.add(key)
        return TEXTS
    validator = validator_for(schema, validate_formats=True)
    return [text for text in TEXTS if text in EVERYWHERE or _is_valid(validator, text)]


def _is_valid(validator: Validator, text: str) -> bool:
    """Returns whether the schema admits the text. What is no Unicode is not for it to say."""
    try:
        return validator.is_valid(text)
    except ValueError:
        return True


def _places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yields the place of each value in a body, of lists only the first."""
    yield path
    for key in body if isinstance(body, dict) else range(min(1, len(body))) if isinstance(body, list) else ():
        yield from _places(body[key], (*path, key))


def _with(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    if not path:
        return value
    changed = copy.deepcopy(body)
    parent = changed
    for step in path[:-1]:
        parent = parent[step]
    parent[path[-1]] = value
    return changed


def _sent(call: Call, world: World, texts: Texts, role: Role) -> Iterator[tuple[str, Any]]:
    """Yields the path and the body of each call: one nasty value in one place."""
    actor = world.actor(role)
    parameters = {**world.parameters, **call.given(world, actor), **call.path}
    path = call.template.format_map(parameters)
    body = call.body_for(world, actor)
    for (where, name), values in texts[call.route].items():
        for value in (quote(text.encode(errors="surrogatepass"), safe="") for text in values):
            if where == "query":
                yield f"{path}?{name}={value}", body
            elif where == "path":
                yield call.template.format_map(parameters | {name: value}), body
    if not isinstance(body, bytes) and body is not None:
        for place in _places(body):
            for value in (*IN_BODIES, *OTHERS):
                yield path + call.query, _with(body, place, value)
    for name in ("Idempotency-Key",) if call.method != "GET" else ():
        yield f"{path}?{urlencode({name: 'x'})}", body


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.route)
def test_no_value_is_answered_with_a_server_error(
    call: Call, shared_service: Service, world: World, texts: Texts
) -> None:
    role = sorted(call.roles, key=lambda role: role is not Role.ADMIN)[0]
    token = world.token(world.actor(role), frozenset({call.scope}))
    headers = {"Authorization": f"Bearer {token}", "If-Match": "*"}

    def failure(sent: tuple[str, Any]) -> str | None:
        path, body = sent
        is_json = not isinstance(body, bytes) and body is not None
        answer = connections.request(
            call.method,
            shared_service.url + path,
            body=json.dumps(body) if is_json else body,
            headers=headers | {"Content-Type": "application/json"} if is_json else headers,
            timeout=40,
            retries=AGAIN,
        )
        return f"{sent!r:.300}: {answer.status} {answer.data!r:.200}" if answer.status >= 500 else None

    with PoolManager(maxsize=4) as connections, ThreadPoolExecutor(4) as pool:
        assert [found for found in pool.map(failure, _sent(call, world, texts, role)) if found] == []
