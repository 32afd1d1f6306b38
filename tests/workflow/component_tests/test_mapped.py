"""What a run sends to a function: the requests that its mapping makes, and results where it makes none."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from models.component_test import RunScope
from workflow.component_tests.cases import Dispatch, dispatches_of
from workflow.component_tests.mapped import outgoing_request, result_of_unmapped
from workflow.component_tests.messages import MadeUpUser
from workflow.component_tests.requests import EnteredValues, OutgoingRequest
from workflow.component_tests.runs import DueRun
from workflow.mapping.problems import MappingInvalid

TYPES = ("identify", "track", "page", "screen", "group", "alias", "delete")
BEGAN = datetime(2026, 11, 2, tzinfo=UTC)
VALUES = EnteredValues("acme-test-key", {"region": "EU"})
HEADER = "X-Segment-Settings"
MAPPING = {
    "default": {
        "method": "PUT",
        "path": "/users/{{messageId}}",
        "headers": {"X-Event-Type": {"@path": "$.type"}, "Accept": "application/json"},
        "body": {"who": {"@path": "$.userId"}, "what": {"@template": "{{type}} {{event}}"}},
    },
    "delete": {"method": "DELETE", "path": "/users/{{userId}}", "body": {}},
}


def _run(mapping: dict[str, Any] | None) -> DueRun:
    subject = {"url": "https://acme.example/in", "event_types": list(TYPES)}
    return DueRun(
        id=UUID(int=1),
        organization_id=UUID(int=4),
        slug="acme",
        component_id=UUID(int=3),
        kind="subscription",
        subkind="function",
        scope=RunScope.SUITE,
        subject=subject if mapping is None else subject | {"mapping": mapping},
        wanted={},
        requested_at=BEGAN,
        sealed=None,
        recorded={},
    )


def _dispatches() -> dict[str, Dispatch]:
    found = dispatches_of(RunScope.SUITE, TYPES, {}, MadeUpUser(UUID(int=1), BEGAN))
    return {one.question.code: one for one in found}


def _request(code: str, mapping: dict[str, Any] | None = None, *, key: str | None = None) -> OutgoingRequest:
    return outgoing_request(_run(mapping), _dispatches()[code], VALUES, HEADER, key=key)


def test_a_mapped_event_is_sent_as_its_mapping_says_with_the_documented_headers() -> None:
    mapped, plain = _request("track_signed_up", MAPPING), _request("track_signed_up")
    message = _dispatches()["track_signed_up"].message
    assert (mapped.method, mapped.url) == ("PUT", f"https://acme.example/users/{message['messageId']}")
    assert json.loads(mapped.body) == {"who": message["userId"], "what": "track Signed up"}
    assert mapped.headers == {**plain.headers, "Accept": "application/json", "X-Event-Type": "track"}
    assert mapped.shown_headers == {**plain.shown_headers, "Accept": "application/json", "X-Event-Type": "track"}
    assert (plain.method, plain.url, json.loads(plain.body)) == ("POST", "https://acme.example/in", message)
    assert mapped.curl.startswith(f"curl -i -X PUT {mapped.url} ")
    assert "-H 'Accept: application/json'" in mapped.curl
    assert "-H 'X-Event-Type: track'" in mapped.curl
    assert mapped.curl.count(HEADER) == plain.curl.count(HEADER) == 1
    assert "Accept" not in plain.curl


def test_each_event_type_is_sent_by_its_own_mapping() -> None:
    deleted = _request("delete", MAPPING)
    assert (deleted.method, deleted.body) == ("DELETE", b"{}")
    assert deleted.url == f"https://acme.example/users/{_dispatches()['delete'].message['userId']}"
    assert _request("identify", {"track": {"method": "PATCH"}}).method == "POST"


def test_the_wrong_key_and_the_malformed_body_are_sent_in_the_mapped_form() -> None:
    assert "acme-test-key" not in str(_request("wrong_key", MAPPING, key="another").headers)
    malformed = _request("malformed", MAPPING)
    assert (malformed.method, malformed.body[:7]) == ("PUT", b'{"who":')
    with pytest.raises(json.JSONDecodeError):
        json.loads(malformed.body)


@pytest.mark.parametrize(("code", "colour"), [("page_home", "red"), ("nulls", "yellow")])
def test_an_event_of_which_the_mapping_makes_nothing_is_a_finding(code: str, colour: str) -> None:
    with pytest.raises(MappingInvalid) as refused:
        _request(code, {"default": {"path": "/{{properties.nobody.knows}}"}})
    dispatch = _dispatches()[code]
    result = result_of_unmapped(dispatch, refused.value)
    assert (result.colour, result.observed, result.status) == (colour, colour == "yellow", None)
    assert json.loads(result.body or "") == dispatch.message
    finding = result.findings[0]
    assert finding.code == "mapping.failed"
    assert "/path: A placeholder of the path is missing" in finding.detail
    assert finding.remedy


def test_no_header_of_a_mapping_takes_the_place_of_a_documented_one() -> None:
    subject = {"default": {"headers": {"X-Source": "b"}}}
    sent = outgoing_request(_run(subject), _dispatches()["identify"], VALUES, "x-source", key=None).headers
    assert [name for name in sent if name.lower() == "x-source"] == ["x-source"]
    assert sent["x-source"] != "b"
