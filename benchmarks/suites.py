"""Suites of subscriptions: how many a worker process runs in a minute against endpoints that answer at once, nearly.

The reference posts as many messages to the same endpoints from as many threads, without a database.
"""

import http.client
import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from cryptography.fernet import Fernet

from benchmarks.figure import Figure, Scale
from benchmarks.filling import put, settle
from benchmarks.leased.page_server import NETWORK, host
from benchmarks.processes import THREADS, environment, ring, running, starting_workers, until
from benchmarks.stage import Stage, stage
from models.base import new_id
from models.component_test import RunScope
from runtime.embedded.processes import free_port
from workflow.component_tests.cases import dispatches_of
from workflow.component_tests.messages import MadeUpUser
from workflow.work.bells import Bell

ANSWER_SECONDS = 0.005
GOAL_A_MINUTE = 200.0
EVENT_TYPES = ["identify", "track", "page", "screen", "group", "alias", "delete"]


def measure(scale: Scale) -> Iterator[Figure]:
    """Returns the suites in a minute of one worker process, beside bare posts and beside the goal."""
    many = scale.of(240, 60)
    with stage(apps=many, state="building") as on:
        port = free_port()
        command = [sys.executable, "-m", "benchmarks.leased.endpoint_server", str(port), str(many), str(ANSWER_SECONDS)]
        with running(command, {}, on.folder / "endpoints.log"):
            until(lambda: _answers(port), "the endpoints")
            suites = _suites_a_minute(on, many, port)
            bare = _bare_a_minute(many, port)
    name = f"suites: {many} of endpoints that answer in {ANSWER_SECONDS * 1000:g} ms, by one worker process"
    yield Figure(name, suites, "suites/min", f"bare posts from {THREADS} threads", bare)
    yield Figure(name, suites, "suites/min", "the goal", GOAL_A_MINUTE)


def _suites_a_minute(on: Stage, many: int, port: int) -> float:
    with starting_workers(on, processes=1, queues=[Bell.TESTS.value], DEVCENTER_ALLOW_LOOPBACK_URLS="true") as worker:
        until(lambda: worker.processes_connected_to(on.url) >= 1, "the worker")
        _put_runs(on, many, port)
        began = time.monotonic()
        ring(on, Bell.TESTS)
        until(
            lambda: on.number("SELECT count(*) FROM component_test WHERE status = 'due'") == 0,
            "the suites",
            seconds=600,
        )
        took = time.monotonic() - began
    assert on.number("SELECT count(*) FROM component_test WHERE colour = 'green'") == many, "a suite is not green"
    return many * 60 / took


def _put_runs(on: Stage, many: int, port: int) -> None:
    key = Fernet(environment(on)["DEVCENTER_SECRET_KEYS"])
    put(
        on.engine, _COMPONENTS, _SETTINGS, _RUNS,
        many=many, network=NETWORK, path=f":{port}/hook", types=json.dumps(EVENT_TYPES),
        sealed=key.encrypt(b'{"key": "bench-key", "settings": {}}').decode(),
    )  # fmt: skip
    settle(on.engine, "component", "component_test", "component_test_settings")


def _bare_a_minute(many: int, port: int) -> float:
    with ThreadPoolExecutor(THREADS) as threads:
        began = time.monotonic()
        list(threads.map(partial(_post_suite, port), range(1, many + 1)))
        return many * 60 / (time.monotonic() - began)


def _post_suite(port: int, number: int) -> None:
    """Posts the messages of one suite, each on a connection of its own, as a run does."""
    user = MadeUpUser(new_id(), datetime.now(UTC))
    for one in dispatches_of(RunScope.SUITE, EVENT_TYPES, {}, user):
        connection = http.client.HTTPConnection(host(number), port)
        connection.request("POST", "/hook", one.sent_body, {"Content-Type": "application/json"})
        connection.getresponse().read()
        connection.close()


def _answers(port: int) -> bool:
    try:
        _post_suite(port, 1)
    except OSError:
        return False
    return True


_COMPONENTS = """
    INSERT INTO component (id, app_id, kind, subkind, name, settings)
    SELECT uuidv7(), id, 'subscription', 'webhook', 'Webhook',
           jsonb_build_object('url', 'http://' || :network || substr(slug, 5) || :path,
                              'event_types', CAST(:types AS jsonb))
      FROM app ORDER BY id LIMIT :many
"""
_SETTINGS = """
    INSERT INTO component_test_settings (component_id, sealed, names, ends_at, given_by)
    SELECT id, :sealed, '[]', now() + interval '1 day', id FROM component
"""
_RUNS = """
    INSERT INTO component_test (id, component_id, component_revision, source, scope, suite_version, subject, results,
                                requested_by, due_at, lane, urgency)
    SELECT uuidv7(), id, 1, 'service', 'suite', 1, settings, '[]', id, now(), settings ->> 'url', 0 FROM component
"""
