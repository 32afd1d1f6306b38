"""The example partner answers as a partner's endpoint must."""

import base64
from collections.abc import Iterator

import pytest
import requests

from examples.partner.server import ExamplePartner


@pytest.fixture
def partner() -> Iterator[ExamplePartner]:
    with ExamplePartner() as running:
        yield running


def _post(partner: ExamplePartner, event: object, key: str | None = "acme-key", **headers: str) -> requests.Response:
    auth = (key, "") if key is not None else None
    return requests.post(f"{partner.url}/webhook", json=event, auth=auth, headers=headers, timeout=5)


def _event(kind: str = "track", message_id: str = "1", user: str = "u") -> dict[str, str]:
    return {"type": kind, "messageId": message_id, "userId": user}


@pytest.mark.parametrize(
    ("event", "key", "status"),
    [
        (_event(), "acme-key", 200),
        (_event("delete"), "acme-key", 200),
        (_event("screen"), "acme-key", 501),
        (_event("no_such_type"), "acme-key", 400),
        ([], "acme-key", 400),
        ({"type": "track"}, "acme-key", 400),
        (_event(), "wrong", 401),
        (_event(), None, 401),
        (_event(), "read-only", 403),
    ],
)
def test_the_webhook_answers_each_case_with_its_status(
    partner: ExamplePartner, event: object, key: str | None, status: int
) -> None:
    answer = _post(partner, event, key)
    assert answer.status_code == status
    assert answer.json()["message"]


def test_a_repeated_message_is_taken_once_and_delete_forgets_the_user(partner: ExamplePartner) -> None:
    for _ in range(2):
        _post(partner, _event(message_id="1", user="a"))
    _post(partner, _event(message_id="2", user="b"))
    events = requests.get(f"{partner.url}/events", timeout=5).json()
    assert [event["messageId"] for event in events] == ["1", "2"]
    _post(partner, _event("delete", message_id="3", user="a"))
    events = requests.get(f"{partner.url}/events", timeout=5).json()
    assert [event["messageId"] for event in events] == ["2", "3"]


def test_settings_that_are_not_json_are_malformed(partner: ExamplePartner) -> None:
    settings = base64.b64encode(b"{no").decode()
    assert _post(partner, _event(), **{"X-Segment-Settings": settings}).status_code == 400


def test_an_event_that_is_too_large_is_refused(partner: ExamplePartner) -> None:
    assert _post(partner, {**_event(), "properties": "x" * 40_000}).status_code == 400


@pytest.mark.parametrize("path", ["/docs", "/partners", "/blog/segment"])
def test_every_page_names_the_platform_and_the_app(partner: ExamplePartner, path: str) -> None:
    page = requests.get(partner.url + path, timeout=5)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Segment" in page.text
    assert "Acme Insights" in page.text
