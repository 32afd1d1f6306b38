"""Requests that mappings make of events: real ones, wrong ones, and what no value of an event can do."""

import json
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from workflow.mapping.problems import MappingInvalid
from workflow.mapping.requests import AS_IT_IS, make_request, read_request_mapping

URL = "https://hooks.acme.example:8443/segment?source=events"
EVENT: dict[str, Any] = {
    "type": "identify",
    "messageId": "m-1",
    "userId": "user 1/ä",
    "traits": {"email": "Pat@Acme.Example", "plan": "pro", "address": {"city": "Köln"}},
    "properties": {"products": [{"sku": "A-1", "price": 3}, {"sku": "B-2", "price": 4.5}], "total": 7.5},
    "timestamp": "2026-11-02T09:30:00.000Z",
}


def _made(document: Any, event: Any = EVENT) -> tuple[str, str, dict[str, str], Any]:
    made = make_request(read_request_mapping(document), URL, event)
    return made.method, made.url, dict(made.headers), json.loads(made.body)


def test_without_a_mapping_the_event_goes_to_the_url_as_it_is() -> None:
    made = make_request(AS_IT_IS, URL, EVENT)
    assert (made.method, made.url, made.headers, json.loads(made.body)) == ("POST", URL, (), EVENT)
    assert _made({}) == ("POST", URL, {}, EVENT)


def test_a_contact_is_made_of_an_identify() -> None:
    document = {
        "method": "PUT",
        "path": "/v1/contacts/{{userId}}?source=segment&plan={{traits.plan}}&gone={{traits.gone}}",
        "headers": {
            "X-Request-Id": {"@path": "$.messageId"},
            "X-Region": {"@path": "$.traits.region"},
            "Prefer": "minimal",
        },
        "body": {
            "email": {"@case": {"operator": "lower", "value": {"@path": "$.traits.email"}}},
            "city": {"@path": "$.traits.address.city"},
            "phone": {"@path": "$.traits.phone"},
            "is_paying": {"@if": {"blank": {"@path": "$.traits.plan"}, "then": False, "else": True}},
        },
    }
    assert _made(document) == (
        "PUT",
        "https://hooks.acme.example:8443/v1/contacts/user%201%2F%C3%A4?source=segment&plan=pro&gone=",
        {"X-Request-Id": "m-1", "Prefer": "minimal"},
        {"email": "pat@acme.example", "city": "Köln", "is_paying": True},
    )


def test_an_order_is_made_of_a_track() -> None:
    line = {"sku": {"@path": "$.sku"}, "label": {"@template": "{{sku}} at {{price}}"}}
    document = {"path": "/orders", "body": {"data": {"lines": {"@arrayPath": ["$.properties.products", line]}}}}
    lines = [{"sku": "A-1", "label": "A-1 at 3"}, {"sku": "B-2", "label": "B-2 at 4.5"}]
    assert _made(document)[3] == {"data": {"lines": lines}}
    assert _made({"body": {"@path": "$.nothing"}})[3] is None


@pytest.mark.parametrize(
    ("document", "pointer"),
    [
        ([], ""),
        ({"url": "https://elsewhere.example"}, "/url"),
        ({"method": "CONNECT"}, "/method"),
        ({"method": "POST / HTTP/1.1\r\nHost: x"}, "/method"),
        ({"method": ["POST"]}, "/method"),
        ({"path": 7}, "/path"),
        ({"path": "https://elsewhere.example/"}, "/path"),
        ({"path": "//elsewhere.example/"}, "/path"),
        ({"path": "{{userId}}"}, "/path"),
        ({"path": "/{{userId"}, "/path"),
        ({"path": "/a#b"}, "/path"),
        ({"path": "/a b"}, "/path"),
        ({"path": "/a\r\nX: y"}, "/path"),
        ({"path": "/a\\b"}, "/path"),
        ({"path": "/ä"}, "/path"),
        ({"path": "/%2{{userId}}"}, "/path"),
        ({"path": "/%{{userId}}"}, "/path"),
        ({"path": "/%zz"}, "/path"),
        ({"path": "/a/../b"}, "/path"),
        ({"path": "/a/%2e%2E/{{userId}}"}, "/path"),
        ({"path": "/a%2f..%2fb"}, "/path"),
        ({"headers": []}, "/headers"),
        ({"headers": {"Host": "elsewhere.example"}}, "/headers/Host"),
        ({"headers": {"Authorization": "Bearer x"}}, "/headers/Authorization"),
        ({"headers": {"Content-Length": "1"}}, "/headers/Content-Length"),
        ({"headers": {"X-Forwarded-For": "127.0.0.1"}}, "/headers/X-Forwarded-For"),
        ({"headers": {"X-Region: a\r\nHost": "b"}}, "/headers/X-Region: a\r\nHost"),
        ({"headers": {"X-Region": 1, "x-region": 2}}, "/headers/x-region"),
        ({"headers": {"X-Region": {"@path": "$."}}}, "/headers/X-Region/@path"),
        ({"body": {"a": {"@path": "$."}}}, "/body/a/@path"),
    ],
)
def test_a_wrong_request_is_refused_at_its_place(document: Any, pointer: str) -> None:
    with pytest.raises(MappingInvalid) as refused:
        read_request_mapping(document)
    assert [one.pointer for one in refused.value.problems] == [pointer]


@pytest.mark.parametrize("value", ["..", ".", "../admin", "a/../..", "..\\a", "..;x", ".. ", "a\\..\\b"])
@pytest.mark.parametrize("path", ["/v1/{{v}}/delete", "/v1/{{v}}", "/{{v}}?a=1"])
def test_a_dot_segment_after_substitution_is_refused(path: str, value: str) -> None:
    with pytest.raises(MappingInvalid) as refused:
        _made({"path": path}, {"v": value})
    assert refused.value.problems[0].pointer == "/path"


def test_a_dot_segment_made_of_a_constant_and_a_value_is_refused() -> None:
    for path, value in (("/a/.{{v}}/b", "."), ("/a/%2e{{v}}", "."), ("/a/{{v}}{{v}}/b", ".")):
        with pytest.raises(MappingInvalid):
            _made({"path": path}, {"v": value})
    assert _made({"path": "/a/v{{v}}"}, {"v": ".."})[1].endswith("/a/v..")
    assert _made({"path": "/a?b={{v}}"}, {"v": "../.."})[1].endswith("/a?b=..%2F..")


@pytest.mark.parametrize("value", ["", None])
def test_an_empty_placeholder_of_the_path_is_refused_because_it_would_lead_elsewhere(value: str | None) -> None:
    with pytest.raises(MappingInvalid) as refused:
        _made({"method": "DELETE", "path": "/users/{{userId}}"}, {"userId": value})
    assert refused.value.problems[0].pointer == "/path"


@pytest.mark.parametrize("value", ["a\r\nHost: b", "a\nb", "a\rb", "a\x00b", "ä", "\u2028", "x" * 1001])
def test_no_header_is_made_of_what_no_header_can_say(value: str) -> None:
    with pytest.raises(MappingInvalid) as refused:
        _made({"headers": {"X-Region": {"@path": "$.v"}}}, {"v": value})
    assert refused.value.problems[0].pointer == "/headers/X-Region/@path"
    with pytest.raises(MappingInvalid):
        _made({"headers": {"X-Region": {"@path": "$"}}}, {"v": value})


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_value_of_an_event_can_leave_its_place(first: str, second: str) -> None:
    document = {
        "path": "/v1/{{first}}/x?q={{second}}&r=1",
        "headers": {"X-Source": {"@path": "$.second"}},
        "body": {"value": {"@path": "$.first"}},
    }
    event = {"first": first, "second": second}
    try:
        made = make_request(read_request_mapping(document), URL, event)
    except MappingInvalid:
        assume(False)
    assert all("!" <= one <= "~" for one in made.url)
    parts = urlsplit(made.url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "hooks.acme.example:8443", "")
    assert [unquote(one) for one in parts.path.split("/")] == ["", "v1", first, "x"]
    assert parse_qsl(parts.query, keep_blank_values=True) == [("q", second), ("r", "1")]
    assert all("\r" not in value and "\n" not in value for _, value in made.headers)
    assert dict(made.headers) == ({"X-Source": second.strip(" \t")} if second.strip(" \t") else {})
    assert json.loads(made.body) == {"value": first}


@given(st.text(alphabet="./\\%2eEfF;{}a?#&= \r\n", max_size=30), st.text(alphabet="./\\%2eEfF;", max_size=6))
def test_no_path_leads_to_another_host_or_upwards(path: str, value: str) -> None:
    try:
        made = make_request(read_request_mapping({"path": f"/{path}{{{{v}}}}"}), URL, {"v": value})
    except MappingInvalid:
        return
    parts = urlsplit(made.url)
    assert parts.netloc == "hooks.acme.example:8443"
    assert not {".", ".."} & set(unquote(parts.path).replace("\\", "/").split("/"))


def test_a_path_that_is_too_long_is_refused() -> None:
    for size in (2500, 10**6):
        with pytest.raises(MappingInvalid) as refused:
            _made({"path": "/a?b={{v}}", "body": {}}, {"v": "x" * size})
        assert refused.value.problems[0].pointer == "/path"
