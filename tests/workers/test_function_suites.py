"""Runs of a function's tests by the service: an endpoint over real sockets gets what the mapping makes."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.journeys import People
from tests.workers.endpoints import KEY, Endpoint, Received, good
from tests.workers.suites import subscription
from workers.context import WorkerContext
from workflow.component_tests.starting import RunWithResults

TYPES = ["identify", "track", "delete"]
MAPPING = {
    "default": {
        "method": "PUT",
        "path": "/users/{{anonymousId}}?type={{type}}",
        "headers": {"X-Message-Id": {"@path": "$.messageId"}},
        "body": {"event": {"@path": "$.event"}, "plan": {"@path": "$.traits.plan"}},
    },
    "delete": {"method": "DELETE", "path": "/users/{{userId}}", "body": {}},
}


@pytest.fixture
def people(builders: People) -> People:
    """The people of a company that builds the App `acme`."""
    return builders


def _tested(
    context: WorkerContext, people: People, mapping: Mapping[str, Any]
) -> tuple[RunWithResults, list[Received]]:
    """Adds a function with the mapping, and has its suite run.

    Returns the run, and the requests with the key and a JSON body that its endpoint got.
    """
    with Endpoint(good).running() as server:
        url = server.url("/in")
        function = subscription(context, people, url, subkind="function", event_types=TYPES, mapping=mapping)
        found = function.run()
    return found, [one for one in server.received if one.key == KEY and one.message is not None]


def test_the_suite_of_a_function_sends_what_its_mapping_makes(context: WorkerContext, people: People) -> None:
    found, received = _tested(context, people, MAPPING)
    assert (found.run.status, found.run.colour) == ("done", "green"), [one.findings for one in found.results]
    methods = {(one.method, one.path.partition("?")[2]) for one in received}
    assert methods == {("PUT", "type=identify"), ("PUT", "type=track"), ("DELETE", "")}
    bodies = [one.message for one in received]
    assert {"plan": "Premium"} in bodies
    assert {"event": "Signed up"} in bodies
    assert received[-1].method == "DELETE"
    by_code = {one.code: one for one in found.results}
    assert (by_code["identify"].method, by_code["delete"].method) == ("PUT", "DELETE")
    assert by_code["malformed"].colour == "green"
    assert by_code["identify"].headers is not None
    assert "X-Message-Id" in by_code["identify"].headers


def test_an_event_of_which_the_mapping_makes_nothing_makes_the_suite_red(
    context: WorkerContext, people: People
) -> None:
    broken = MAPPING | {"track": {"path": "/orders/{{properties.order_id}}"}}
    found, received = _tested(context, people, broken)
    assert found.run.colour == "red"
    red = [one for one in found.results if one.colour == "red"]
    assert {one.event for one in red} == {"track"}
    assert {finding["code"] for one in red for finding in one.findings} == {"mapping.failed"}
    assert not any("/orders/" in one.path for one in received)
