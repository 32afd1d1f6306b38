"""Trying a subscription over HTTP: the whole request is shown as a customer's settings make it, and nothing is sent."""

import base64
import json
from typing import Any

import pytest

from tests.api.running import Service
from tests.launch import STREAM, WEBHOOK

DECLARED = [
    {"name": "region", "label": "Region", "type": "choice", "choices": ["eu", "us"], "required": True},
    {"name": "token", "label": "Token", "type": "text", "required": False},
]


@pytest.fixture(scope="module")
def tries(shared_service: Service) -> str:
    """The path of the tries of a webhook that declares settings."""
    shared_service.partner("POST", "/v1/apps", {"slug": "tried", "name": "Tried"})
    return _tries_of(shared_service, {**WEBHOOK, "settings": {**WEBHOOK["settings"], "settings": DECLARED}})


def _tries_of(service: Service, component: dict[str, Any]) -> str:
    made = service.partner("POST", "/v1/apps/tried/components", component | {"name": "Tried"})
    assert made.status_code == 201, made.text
    return f"/v1/apps/tried/components/{made.json()['id']}/request-tries"


def test_the_request_is_shown_as_a_customers_settings_make_it(shared_service: Service, tries: str) -> None:
    event = {"type": "track", "event": "Signed up", "userId": "株"}
    settings = {"region": "eu", "token": "of a customer"}
    tried = shared_service.partner("POST", tries, {"event": event, "settings": settings})
    assert tried.status_code == 200, tried.text
    answer = tried.json()
    assert (answer["method"], answer["event"], json.loads(answer["body"])) == ("POST", event, event)
    assert answer["body_bytes"] == len(answer["body"].encode())
    assert json.loads(base64.b64decode(answer["headers"][answer["settings_header"]])) == settings
    assert answer["headers"]["Authorization"] == "Basic (the test key)"
    assert answer["curl"].startswith(f"curl -i -X POST {answer['url']} ")
    assert "of a customer" not in answer["curl"]


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ({"event_type": "track"}, "test_settings.values", "settings.region: is required"),
        ({"event_type": "track", "settings": {"region": "moon"}}, "test_settings.values", "eu, us"),
        ({"event_type": "track", "settings": {"region": "eu", "x": 1}}, "test_settings.values", "no such setting"),
        ({"event": {"type": "purchase"}, "settings": {"region": "eu"}}, "event.undeclared", "purchase"),
        ({"settings": {"region": "eu"}}, "request.invalid", "event"),
    ],
)
def test_what_cannot_be_tried_is_refused_with_what_is_wrong(
    shared_service: Service, tries: str, body: dict[str, Any], code: str, said: str
) -> None:
    answer = shared_service.partner("POST", tries, body)
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert said in answer.text


@pytest.mark.usefixtures("tries")
def test_a_stream_is_sent_nothing(shared_service: Service) -> None:
    path = _tries_of(shared_service, {"kind": "stream", "settings": STREAM})
    answer = shared_service.partner("POST", path, {"event_type": "track"})
    assert (answer.status_code, answer.json()["code"]) == (422, "component.no_requests")
