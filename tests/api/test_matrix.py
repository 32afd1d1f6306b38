"""Every call by every role, for things of its own company, of another company, and for things that do not exist."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests
from fastapi import FastAPI
from fastapi.routing import APIRoute, RouteContext, iter_route_contexts

from api.auth import Access
from api.main import create_api
from models.lifecycle import Role
from models.token import Scope
from runtime.settings import load_settings
from tests.api.described import Described
from tests.api.matrix import ALL, CALLS, PUBLIC, Call
from tests.api.running import Service
from tests.api.service import Caller
from tests.api.world import MARK, UNKNOWN, World, world_in
from workflow.identity.actors import Actor

EVERY_SCOPE = frozenset(Scope)


@pytest.fixture(scope="module")
def application() -> FastAPI:
    """The application as it is served. It connects to nothing."""
    return create_api(
        load_settings(
            database_url="postgresql://nobody@127.0.0.1:1/none",
            redis_url="redis://127.0.0.1:1/0",
            history_key="x" * 32,
            secret_keys="cw_0x689RpI-jtRR7oE8h_eQsKImvJapLeSbXpwF4e4=",
        )
    )


@pytest.fixture(scope="module")
def world(shared_service: Service) -> World:
    """The world of the module. Each call makes what it uses up."""
    return world_in(shared_service.engine, shared_service.people)


@pytest.fixture(scope="module")
def described(application: FastAPI) -> Described:
    """What the application says of its answers."""
    return Described(application.openapi())


def _routes(application: FastAPI) -> Iterator[tuple[str, RouteContext]]:
    for route in iter_route_contexts(application.routes):
        for method in (route.methods or set()) - {"HEAD"}:
            yield f"{method} {route.path_format}", route


def _accesses(route: RouteContext) -> list[Access]:
    original = route.original_route
    if not isinstance(original, APIRoute):
        return []
    found, waiting = [], [original.dependant]
    while waiting:
        dependant = waiting.pop()
        waiting += dependant.dependencies
        if isinstance(dependant.call, Access):
            found.append(dependant.call)
    return found


def _said(of: Access | Call) -> tuple[Any, ...]:
    return of.scope, of.roles, of.or_nobody, of.other_scopes, of.recent


def _line(name: str, accesses: list[Access]) -> str:
    if not accesses:
        return f'"{name}" in PUBLIC, if everyone may call it; else `actor: Annotated[Actor, allow(...)]` at the route'
    access = accesses[0]
    roles = ", ".join(f"Role.{role.name}" for role in sorted(access.roles))
    nobody = ", or_nobody=True" if access.or_nobody else ""
    nobody += ", recent=True" if access.recent else ""
    sent = "" if name.startswith("GET ") else ", THE BODY, THE STATUS"
    return f'Call("{name}", Scope.{access.scope.name}, frozenset({{{roles}}}){sent}{nobody}) in CALLS'


def test_every_route_is_in_the_matrix_with_its_scope_and_roles(application: FastAPI) -> None:
    known = {call.route: call for call in CALLS}
    assert len(known) == len(CALLS), "tests/api/matrix.py names a route twice"
    served = {name: _accesses(route) for name, route in _routes(application)}
    missing = [_line(name, found) for name, found in served.items() if name not in known and name not in PUBLIC]
    assert missing == [], "tests/api/matrix.py lacks:\n" + "\n".join(missing)
    gone = sorted((known.keys() | PUBLIC) - served.keys())
    assert gone == [], "tests/api/matrix.py names routes that are not served"
    for name, accesses in served.items():
        said = [_said(known[name])] if name in known else []
        declared = [_said(one) for one in accesses]
        assert declared == said, f"{name}: the route and tests/api/matrix.py differ"


def test_every_route_that_creates_takes_an_idempotency_key(application: FastAPI) -> None:
    described = application.openapi()["paths"]
    for call in CALLS:
        if call.method == "POST" and call.status in (201, 202):
            parameters = described[call.template]["post"].get("parameters", [])
            assert "Idempotency-Key" in {one["name"] for one in parameters}, call.route


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.route)
def test_a_call_is_refused_outside_its_roles_its_scope_and_its_company(
    shared_service: Service, world: World, described: Described, call: Call
) -> None:
    cases = _Cases(shared_service.url, world, described, call)
    cases.refused_without_a_token()
    for role in sorted(ALL - call.roles):
        cases.refused_by_role(world.actor(role))
    for role in sorted(call.roles):
        cases.refused_without_the_scope(world.actor(role))
        cases.done_with_the_scope_alone(world.actor(role))
        cases.not_found_when_nothing_is_there(world.actor(role))
    if Role.PARTNER in call.roles:
        cases.closed_to_another_company(world.others.partner)


class _Cases:
    """The cases of one call. A refused call leaves no entry in the audit log, and a successful one leaves one.

    Each answer is as the API describes it.
    """

    def __init__(self, url: str, world: World, described: Described, call: Call) -> None:
        self._url = url
        self._world = world
        self._described = described
        self._call = call

    def refused_without_a_token(self) -> None:
        actor = self._world.actor(min(self._call.roles))
        if self._call.or_nobody:
            assert self._send(None, actor, self._call.given(self._world, actor)).status_code == 404
            return
        answer = self._send(None, actor, {})
        assert (answer.status_code, _code(answer)) == (401, "token.missing")
        assert answer.headers["WWW-Authenticate"] == "Bearer"

    def refused_by_role(self, actor: Actor) -> None:
        answer = self._untraced(actor, EVERY_SCOPE)
        assert (answer.status_code, _code(answer)) == (403, "role.forbidden"), actor.role

    def refused_without_the_scope(self, actor: Actor) -> None:
        answer = self._untraced(actor, EVERY_SCOPE - {self._call.scope_of(actor.role)})
        assert (answer.status_code, _code(answer)) == (403, "scope.missing"), actor.role

    def done_with_the_scope_alone(self, actor: Actor) -> None:
        given = self._call.given(self._world, actor)
        before = self._world.noted(actor)
        answer = self._send(frozenset({self._call.scope_of(actor.role)}), actor, given)
        assert answer.status_code == self._call.status, (actor.role, answer.text)
        if self._call.is_audited:
            assert self._world.noted(actor) > before, f"{actor.role}: it is not in the audit log"

    def not_found_when_nothing_is_there(self, actor: Actor) -> None:
        for name in UNKNOWN.keys() & _placeholders(self._call):
            answer = self._untraced(actor, EVERY_SCOPE, {name: UNKNOWN[name]})
            assert answer.status_code == 404, (actor.role, name, answer.text)

    def closed_to_another_company(self, actor: Actor) -> None:
        if not self._call.hides_from_others:
            answer = self._send(EVERY_SCOPE, actor, self._call.given(self._world, actor))
            assert answer.status_code == self._call.status, answer.text
            for secret in (MARK, str(self._world.people.partner.organization_id)):
                assert self._call.method != "GET" or secret not in answer.text, "something of another company was shown"
            return
        assert self._untraced(actor, EVERY_SCOPE).status_code == 404, (
            "the answer differs from that for something that does not exist"
        )
        own = {"slug": "elsewhere", "organization_id": str(actor.organization_id)}
        for name in own.keys() & _placeholders(self._call):
            if {name} < _placeholders(self._call) & UNKNOWN.keys():
                mixed = self._untraced(actor, EVERY_SCOPE, {name: own[name]})
                assert mixed.status_code == 404, "something of another company was found under the caller's own App"

    def _untraced(
        self, actor: Actor, scopes: frozenset[Scope], parameters: dict[str, str] | None = None
    ) -> requests.Response:
        before = self._world.noted(actor)
        answer = self._send(scopes, actor, parameters or {})
        assert self._world.noted(actor) == before, f"{actor.role}: refused, and yet in the audit log"
        return answer

    def _send(self, scopes: frozenset[Scope] | None, actor: Actor, parameters: dict[str, str]) -> requests.Response:
        token = None if scopes is None else self._world.token(actor, scopes)
        path = self._call.template.format(**self._world.parameters | self._call.path | parameters)
        body = self._call.body_for(self._world, actor)
        answer = Caller(self._url, token)(self._call.method, path + self._call.query, body, If_Match="*")
        self._described.check(self._call.route, answer)
        return answer


def _placeholders(call: Call) -> set[str]:
    return {part.split("}")[0] for part in call.template.split("{")[1:]}


def _code(answer: requests.Response) -> Any:
    return answer.json()["code"]
