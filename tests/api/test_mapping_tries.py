"""Trying the mapping of a function over HTTP: what would be sent is shown, and nothing is sent."""

from typing import Any

import pytest

from tests.api.running import Service
from tests.launch import STREAM, SUBSCRIPTION, WEBHOOK

TYPES = ["identify", "track", "page", "screen", "group", "alias", "delete"]
BODY = {"who": {"@path": "$.userId"}, "what": {"@template": "{{type}} {{event}}"}}
MAPPING = {
    "default": {"path": "/v2/{{userId}}", "body": BODY},
    "page": {"path": "/v2/{{anonymousId}}", "body": BODY},
    "delete": {"method": "DELETE", "body": {}},
}


@pytest.fixture(scope="module")
def tries(shared_service: Service) -> str:
    """The path of the tries of a function with MAPPING that declares every event type."""
    shared_service.partner("POST", "/v1/apps", {"slug": "mapped", "name": "Mapped"})
    settings = {"url": "https://acme.example/in?a=1", "event_types": TYPES, "mapping": MAPPING}
    return _component(shared_service, {"kind": "subscription", "subkind": "function", "settings": settings})


def _component(service: Service, component: dict[str, Any]) -> str:
    made = service.partner("POST", "/v1/apps/mapped/components", component | {"name": "Function"})
    assert made.status_code == 201, made.text
    return f"/v1/apps/mapped/components/{made.json()['id']}/mapping-tries"


@pytest.mark.parametrize("event_type", TYPES)
def test_the_example_of_every_event_type_is_mapped(shared_service: Service, tries: str, event_type: str) -> None:
    tried = shared_service.partner("POST", tries, {"event_type": event_type})
    assert tried.status_code == 200, tried.text
    answer = tried.json()
    assert (answer["event"]["type"], answer["steps"] > 0) == (event_type, True)
    if event_type == "delete":
        assert (answer["mapping"], answer["request"]["method"]) == ("delete", "DELETE")
        assert answer["request"]["url"] == "https://acme.example/in?a=1"
        return
    named, who = ("page", "anonymousId") if event_type == "page" else ("default", "userId")
    assert (answer["mapping"], answer["request"]["method"]) == (named, "POST")
    assert answer["request"]["url"] == f"https://acme.example/v2/{answer['event'][who]}"
    assert answer["request"]["body"].get("who") == answer["event"].get("userId")


def test_ones_own_event_and_a_mapping_that_is_not_stored_are_tried(shared_service: Service, tries: str) -> None:
    event = {"type": "track", "userId": "株", "properties": {"n": [1, 2]}}
    mapping = {"headers": {"Prefer": "minimal"}, "body": {"@path": "$.properties.n"}}
    answer = shared_service.partner("POST", tries, {"event": event, "mapping": mapping}).json()
    assert answer == {
        "event": event,
        "mapping": "track",
        "request": {
            "method": "POST",
            "url": "https://acme.example/in?a=1",
            "headers": {"Prefer": "minimal"},
            "body": [1, 2],
            "body_bytes": 5,
        },
        "steps": answer["steps"],
    }
    stored = shared_service.partner("POST", tries, {"event": event}).json()
    assert stored["request"]["url"] == "https://acme.example/v2/%E6%A0%AA"


def test_without_a_mapping_the_event_is_sent_as_it_is(shared_service: Service, tries: str) -> None:  # noqa: ARG001
    plain = _component(shared_service, {"kind": "subscription", "subkind": "function", "settings": SUBSCRIPTION})
    answer = shared_service.partner("POST", plain, {"event_type": "identify"}).json()
    assert (answer["mapping"], answer["request"]["body"]) == (None, answer["event"])


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"event": {"type": "track"}}, "mapping.failed", "/path: A placeholder of the path is missing"),
        ({"event": {"type": "track", "userId": {"a": 1}}}, "mapping.failed", "/path"),
        ({"event": {"type": "track", "userId": "../x"}}, "mapping.failed", "/path"),
        ({"event": {"userId": "x"}}, "event.undeclared", "None"),
        ({"event": {"type": ["track"]}}, "event.undeclared", "track"),
        ({"event_type": "track", "mapping": {"body": {"@what": 1}}}, "mapping.invalid", "/body/@what"),
        (
            {"event_type": "track", "mapping": {"headers": {"X-Region": "a\r\nb"}}},
            "mapping.failed",
            "/headers/X-Region",
        ),
        ({"event": {"type": "track", "userId": "a" * 60_000}}, "mapping.failed", "/path"),
        ({}, "request.invalid", "event"),
        ({"event_type": "track", "event": {}}, "request.invalid", "event"),
        ({"event_type": "purchase"}, "request.invalid", "event_type"),
    ],
)
def test_what_cannot_be_mapped_is_refused_with_its_place(
    shared_service: Service, tries: str, body: dict[str, Any], code: str, said: str
) -> None:
    answer = shared_service.partner("POST", tries, body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert said in answer.text
    if code.startswith("mapping."):
        assert said.split(":")[0] in answer.json()["errors"][0]["pointer"]
    assert answer.json()["remedy"]


def test_only_a_function_has_a_mapping(shared_service: Service, tries: str) -> None:  # noqa: ARG001
    for other in (WEBHOOK, {"kind": "stream", "settings": STREAM}):
        answer = shared_service.partner("POST", _component(shared_service, other), {"event_type": "track"})
        assert (answer.status_code, answer.json()["code"]) == (422, "component.no_mapping")
