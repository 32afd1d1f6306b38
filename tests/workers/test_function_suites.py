"""Runs of a function's tests by the service: an endpoint over real sockets gets what the mapping makes."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from models import Component
from models.component_test import RunScope
from runtime.guarded_http import FetchLimits, GuardedHttp
from tests.journeys import People, app_building, now_of, people_in
from tests.workers.leased import work_off
from workers.actors.component_tests import COMPONENT_TESTS
from workers.context import WorkerContext
from workflow.apps import find_app
from workflow.component_tests.run_settings import give_test_settings
from workflow.component_tests.starting import RunWithResults, find_run, start_run

KEY = "acme-test-key"
MAPPING = {
    "default": {
        "method": "PUT",
        "path": "/users/{{anonymousId}}?type={{type}}",
        "headers": {"X-Message-Id": {"@path": "$.messageId"}},
        "body": {"event": {"@path": "$.event"}, "plan": {"@path": "$.traits.plan"}},
    },
    "delete": {"method": "DELETE", "path": "/users/{{userId}}", "body": {}},
}


class _Contacts(ThreadingHTTPServer):
    """The API of a partner, which knows contacts and no events. `got` has each request's method, path and body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.got: list[tuple[str, str, Any]] = []


class _Handler(BaseHTTPRequestHandler):
    server: _Contacts

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 200
        try:
            read = json.loads(body)
        except ValueError:
            read, status = None, 400
        if self.headers["Authorization"] != f"Basic {base64.b64encode(f'{KEY}:'.encode()).decode()}":
            status = 401
        elif status == 200:
            self.server.got.append((self.command, self.path, read))
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_DELETE = do_POST = do_PUT

    def log_message(self, *_words: object) -> None:
        """Says nothing."""


@contextmanager
def _contacts() -> Iterator[_Contacts]:
    with _Contacts() as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()


@pytest.fixture
def people(context: WorkerContext) -> People:
    made = people_in(context.engine)
    app_building(context.engine, made, "acme")
    return made


def _tested(context: WorkerContext, people: People, server: _Contacts, mapping: dict[str, Any]) -> RunWithResults:
    """Adds a function with the mapping, has its suite run, and returns the run."""
    types = ["identify", "track", "delete"]
    settings = {"url": f"http://127.0.0.1:{server.server_port}/in", "event_types": types, "mapping": mapping}
    with Session(context.engine) as session, session.begin():
        app_id = find_app(session, "acme", people.partner).id
        component = Component(app_id=app_id, kind="subscription", subkind="function", name="F", settings=settings)
        session.add(component)
        session.flush()
        _give_key(context, session, component.id, people)
        run_id = _start(context, session, component.id, people)
        component_id = component.id
    client = GuardedHttp(FetchLimits(), user_agent="test", allow_loopback=True)
    work_off(replace(context, endpoints=client), COMPONENT_TESTS)
    with Session(context.engine, expire_on_commit=False) as session:
        return find_run(session, "acme", component_id, run_id, people.partner)


def _give_key(context: WorkerContext, session: Session, component_id: UUID, people: People) -> None:
    now, actor = now_of(session), people.partner
    give_test_settings(session, "acme", component_id, actor, now, key=KEY, values={}, ends_at=None, seal=context.seal)


def _start(context: WorkerContext, session: Session, component_id: UUID, people: People) -> UUID:
    now, actor = now_of(session), people.partner
    return start_run(
        session,
        "acme",
        component_id,
        actor,
        now,
        scope=RunScope.SUITE,
        event=None,
        message=None,
        loopback=True,
        unseal=context.unseal,
    ).id


def test_the_suite_of_a_function_sends_what_its_mapping_makes(context: WorkerContext, people: People) -> None:
    with _contacts() as server:
        found = _tested(context, people, server, MAPPING)
    assert (found.run.status, found.run.colour) == ("done", "green"), [one.findings for one in found.results]
    methods = {(method, path.partition("?")[2]) for method, path, _body in server.got}
    assert methods == {("PUT", "type=identify"), ("PUT", "type=track"), ("DELETE", "")}
    bodies = [body for _method, _path, body in server.got]
    assert {"plan": "Premium"} in bodies
    assert {"event": "Signed up"} in bodies
    assert server.got[-1][0] == "DELETE"
    by_code = {one.code: one for one in found.results}
    assert (by_code["identify"].method, by_code["delete"].method) == ("PUT", "DELETE")
    assert by_code["malformed"].colour == "green"
    assert by_code["identify"].headers is not None
    assert "X-Message-Id" in by_code["identify"].headers


def test_an_event_of_which_the_mapping_makes_nothing_makes_the_suite_red(
    context: WorkerContext, people: People
) -> None:
    broken = MAPPING | {"track": {"path": "/orders/{{properties.order_id}}"}}
    with _contacts() as server:
        found = _tested(context, people, server, broken)
    assert found.run.colour == "red"
    red = [one for one in found.results if one.colour == "red"]
    assert {one.event for one in red} == {"track"}
    assert {finding["code"] for one in red for finding in one.findings} == {"mapping.failed"}
    assert not any("/orders/" in path for _method, path, _body in server.got)
