"""No value that a caller sends is answered with a 5xx: in any query parameter, path parameter or field of any body."""

import copy
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from urllib3 import PoolManager

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
IN_PATHS = ("\x00", "%", "-" * 33, "\ud800", "9" * 40, "a" * 10_000)
IN_BODIES = TEXTS[1:7] + TEXTS[12:14] + TEXTS[16:25] + TEXTS[29:31]
OTHERS: tuple[Any, ...] = (
    None, True, 0, -1, 2**31, 2**63, -(2**63) - 1, 10**300, 1.5, 1e308, [], {}, [[]], [None], {"": ""}, {"\x00": 1},
    [["x"] * 50] * 50, {"a": {"b": {"c": {"d": {"e": {}}}}}}, ["x"] * 1500,
)  # fmt: skip


@pytest.fixture(scope="module")
def world(shared_service: Service) -> World:
    return world_in(shared_service.engine, shared_service.people)


@pytest.fixture(scope="module")
def queries(shared_service: Service) -> dict[str, list[str]]:
    """The names of the query parameters of each route, by the API's own description."""
    described = shared_service.nobody("GET", "/openapi.json").json()
    return {
        f"{method.upper()} {path}": [one["name"] for one in route.get("parameters", ()) if one["in"] == "query"]
        for path, routes in described["paths"].items()
        for method, route in routes.items()
        if isinstance(route, dict)
    }


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


def _sent(call: Call, world: World, queries: dict[str, list[str]], role: Role) -> Iterator[tuple[str, Any]]:
    """Yields the path and the body of each call: one nasty value in one place."""
    actor = world.actor(role)
    parameters = {**world.parameters, **call.given(world, actor), **call.path}
    path = call.template.format_map(parameters)
    body = call.body_for(world, actor)
    for text in TEXTS:
        encoded = text.encode(errors="surrogatepass")
        for name in queries.get(call.route, ()):
            yield f"{path}?{name}={quote(encoded, safe='')}", body
    for name in parameters:
        if "{" + name + "}" in call.template:
            for text in TEXTS:
                yield (
                    call.template.format_map(parameters | {name: quote(text.encode(errors="surrogatepass"), safe="")}),
                    body,
                )
    if not isinstance(body, bytes) and body is not None:
        for place in _places(body):
            for value in (*IN_BODIES, *OTHERS):
                yield path + call.query, _with(body, place, value)
    for name in ("Idempotency-Key",) if call.method != "GET" else ():
        yield f"{path}?{urlencode({name: 'x'})}", body


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.route)
def test_no_value_is_answered_with_a_server_error(
    call: Call, shared_service: Service, world: World, queries: dict[str, list[str]]
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
            retries=False,
        )
        return f"{sent!r:.300}: {answer.status} {answer.data!r:.200}" if answer.status >= 500 else None

    with PoolManager(maxsize=4) as connections, ThreadPoolExecutor(4) as pool:
        assert [found for found in pool.map(failure, _sent(call, world, queries, role)) if found] == []
