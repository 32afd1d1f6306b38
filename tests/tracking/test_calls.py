"""The calls of the tracking API: what official SDKs send is taken, everything else is refused in their terms."""

import base64
import gzip
import json
from typing import Any

import pytest
import requests

from tests.api.service import operators_of
from tests.tracking.sandbox import Sandbox, SendingStream
from tracking.reading import MAX_BATCH_EVENTS, MAX_BODY_BYTES, TYPE_OF_CALL
from workflow.sandbox.messages import MAX_EVENT_BYTES

SUCCESS = {"success": True}


@pytest.fixture(scope="module")
def stream(sandbox: Sandbox) -> SendingStream:
    return sandbox.stream("calling")


def _ids(sandbox: Sandbox, stream: SendingStream) -> list[str]:
    return [event.message_id for event in sandbox.events(stream)]


def test_the_sandbox_tells_only_its_operators_how_it_is(sandbox: Sandbox) -> None:
    operators = operators_of(sandbox.url)
    for path in ("/readyz", "/metrics"):
        assert operators("GET", path).status_code == 200
        assert requests.get(f"{sandbox.url}{path}", timeout=20).status_code == 404
    assert operators("POST", "/v1/batch", {"batch": []}).status_code == 404
    assert requests.get(f"{sandbox.url}/healthz", timeout=20).status_code == 200


@pytest.mark.parametrize("call", ["batch", "batch/", "import", "import/", "b"])
def test_a_batch_is_stored_in_its_order_and_judged(sandbox: Sandbox, call: str) -> None:
    stream = sandbox.stream(f"batch-{call.replace('/', '-slash')}")
    events = [stream.event(1), stream.event(2, "Order Completed", properties={"order_id": "o-1"}), stream.event(3)]
    answer = sandbox.post(f"/v1/{call}", {"batch": events}, stream.write_key)
    assert (answer.status_code, answer.json()) == (200, SUCCESS)
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    stored = sandbox.events(stream)
    assert [(one.message_id, one.type, one.event, one.valid) for one in stored] == [
        ("m-1", "track", "Email Opened", True),
        ("m-2", "track", "Order Completed", True),
        ("m-3", "track", "Email Opened", True),
    ]
    assert stored[0].body == events[0]
    counts = sandbox.declared(stream)
    assert {name: (one.valid, one.invalid) for name, one in counts.items()} == {
        "Email Opened": (2, 0),
        "Order Completed": (1, 0),
    }


@pytest.mark.parametrize(("call", "kind"), TYPE_OF_CALL.items())
def test_a_single_event_has_the_type_of_its_path(sandbox: Sandbox, stream: SendingStream, call: str, kind: str) -> None:
    event = stream.event(f"single-{call}") | {"type": "nonsense", "name": "Home", "groupId": "g", "previousId": "p"}
    assert sandbox.post(f"/v1/{call}", event, stream.write_key).json() == SUCCESS
    (stored,) = [one for one in sandbox.events(stream) if one.message_id == f"m-single-{call}"]
    name = {"track": "Email Opened", "page": "Home", "screen": "Home"}.get(kind)
    assert (stored.type, stored.event, stored.body["type"]) == (kind, name, kind)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(lambda key, event: {"batch": [event], "writeKey": key}, id="of the batch"),
        pytest.param(lambda key, event: {"batch": [event | {"writeKey": key}]}, id="of the first event"),
    ],
)
def test_a_key_in_the_body_is_taken_and_not_stored(sandbox: Sandbox, request: pytest.FixtureRequest, body: Any) -> None:
    stream = sandbox.stream(f"inside-{'batch' if 'batch' in request.node.name else 'event'}")
    assert sandbox.post("/v1/b", body(stream.write_key, stream.event(1))).json() == SUCCESS
    (stored,) = sandbox.events(stream)
    assert stream.write_key not in json.dumps(stored.body)


def test_gzip_and_chunks_are_read_whatever_the_content_type(sandbox: Sandbox) -> None:
    stream = sandbox.stream("zipped")
    body = gzip.compress(json.dumps({"batch": [stream.event(1)], "writeKey": stream.write_key}).encode())

    def sent() -> Any:
        yield body[:10]
        yield body[10:]

    headers = {"Content-Encoding": "gzip", "Content-Type": "text/plain; charset=utf-8"}
    answer = requests.post(f"{sandbox.url}/v1/b", data=sent(), headers=headers, timeout=10)
    assert (answer.status_code, answer.json()) == (200, SUCCESS)
    assert _ids(sandbox, stream) == ["m-1"]


def test_what_a_batch_says_of_all_its_events_is_said_of_each(sandbox: Sandbox) -> None:
    stream = sandbox.stream("merged")
    own = stream.event(1)
    bare = stream.event(2) | {"context": None}
    body = {"batch": [own, bare], "context": {"library": {"name": "analytics-go"}}, "sentAt": "2026-11-02T09:31:00Z"}
    assert sandbox.post("/v1/batch", body, stream.write_key).json() == SUCCESS
    first, second = (one.body for one in sandbox.events(stream))
    assert first["context"] == {"library": {"name": "analytics-go"}, **own["context"]}
    assert second["context"] == {"library": {"name": "analytics-go"}}
    assert first["sentAt"] == "2026-11-02T09:31:00Z"


def test_an_event_that_comes_again_is_dropped_and_counted_once(sandbox: Sandbox) -> None:
    stream = sandbox.stream("again")
    for _ in range(2):
        batch = [stream.event(1), stream.event(1), stream.event(2)]
        assert sandbox.post("/v1/batch", {"batch": batch}, stream.write_key).json() == SUCCESS
    assert _ids(sandbox, stream) == ["m-1", "m-2"]
    assert sandbox.declared(stream)["Email Opened"].valid == 2


def test_events_without_an_id_are_all_kept(sandbox: Sandbox) -> None:
    stream = sandbox.stream("nameless")
    ids: list[Any] = [None, "", 7, [], "x" * 5000, "\ud800", "a\x00b"]
    batch = [stream.event(1) | {"messageId": one} for one in ids]
    assert sandbox.post("/v1/batch", {"batch": batch}, stream.write_key).json() == SUCCESS
    assert len(set(_ids(sandbox, stream))) == len(batch)


def test_an_event_that_is_not_valid_is_stored_with_its_findings(sandbox: Sandbox) -> None:
    stream = sandbox.stream("wrong")
    batch = [stream.event(1) | {"userId": None}, {}, {"type": {"no": "type"}, "event": ["x"]}]
    assert sandbox.post("/v1/batch", {"batch": batch}, stream.write_key).json() == SUCCESS
    stored = sandbox.events(stream)
    assert [one.valid for one in stored] == [False, False, False]
    assert all(one.findings for one in stored)
    counted = sandbox.declared(stream)["Email Opened"]
    assert (counted.valid, counted.invalid, counted.latest_valid_at) == (0, 1, None)
    assert counted.latest_findings == stored[0].findings


UNREADABLE = {
    "nothing": b"",
    "no JSON": b"{",
    "a list": b"[]",
    "no batch": b"{}",
    "a batch that is none": b'{"batch":{}}',
    "an event that is none": b'{"batch":[{},1]}',
    "a name twice": b'{"batch":[],"batch":[]}',
    "NaN": b'{"batch":[{"x":NaN}]}',
    "a number without end": b'{"batch":[{"x":1e999}]}',
    "a long number": b'{"batch":[{"x":' + b"9" * 10_000 + b"}]}",
    "depth": b'{"batch":[' + b"[" * 100 + b"]" * 100 + b"]}",
    "no UTF-8": b'{"batch":["\xff"]}',
    "too many events": b'{"batch":[' + b"{}," * MAX_BATCH_EVENTS + b"{}]}",
    "too many bytes": b'{"batch":[],"x":"' + b"x" * MAX_BODY_BYTES + b'"}',
    "too large an event": b'{"batch":[{"x":"' + b"x" * MAX_EVENT_BYTES + b'"}]}',
    "too large a context": b'{"context":{"x":"' + b"x" * 30_000 + b'"},"batch":[' + b"{}," * 200 + b"{}]}",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_taken_is_refused_with_400_and_a_reason(
    sandbox: Sandbox, stream: SendingStream, body: bytes
) -> None:
    for zipped in (False, True):
        sent, headers = (gzip.compress(body), {"Content_Encoding": "gzip"}) if zipped else (body, {})
        answer = sandbox.post("/v1/batch", sent, stream.write_key, **headers)
        assert answer.status_code == 400, answer.text
        assert set(answer.json()) == {"success", "code", "message", "remedy"}
        assert answer.json()["success"] is False


def test_a_body_that_inflates_without_end_is_refused(sandbox: Sandbox, stream: SendingStream) -> None:
    bomb = gzip.compress(b"[" * 20_000_000, 1)
    assert len(bomb) < MAX_BODY_BYTES
    answer = sandbox.post("/v1/b", bomb, stream.write_key, Content_Encoding="gzip")
    assert (answer.status_code, answer.json()["code"]) == (400, "body.too_large")


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate"])
def test_another_coding_is_refused(sandbox: Sandbox, stream: SendingStream, encoding: str) -> None:
    answer = sandbox.post("/v1/b", b"x", stream.write_key, Content_Encoding=encoding)
    assert (answer.status_code, answer.json()["code"]) == (400, "body.encoded")
    assert sandbox.post("/v1/b", b"no gzip", stream.write_key, Content_Encoding="gzip").status_code == 400


@pytest.mark.parametrize("key", ["wk_unknown", "x" * 5000, "\xe4"])
def test_an_unknown_key_is_refused_with_400_before_and_after_the_body(sandbox: Sandbox, key: str) -> None:
    for answer in (
        sandbox.post("/v1/batch", {"batch": []}, key),
        sandbox.post("/v1/batch", {"batch": [], "writeKey": key}),
        sandbox.post("/v1/batch", {"batch": [], "writeKey": key}, Authorization="Bearer x"),
        sandbox.post("/v1/batch", {"batch": []}, Authorization="Basic ***"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (400, "key.unknown")


def test_a_key_that_was_replaced_or_whose_stream_was_removed_is_unknown(sandbox: Sandbox) -> None:
    stream = sandbox.stream("replaced")
    assert sandbox.post("/v1/t", stream.event(1), stream.write_key).status_code == 200
    with sandbox.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE component SET removed_at = now() WHERE id = '{stream.component_id}'")
    assert sandbox.post("/v1/t", stream.event(2), stream.write_key).json()["code"] == "key.unknown"


def test_a_page_of_any_origin_may_send(sandbox: Sandbox) -> None:
    asked = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    answer = requests.options(f"{sandbox.url}/v1/t", headers=asked, timeout=10)
    assert (answer.status_code, answer.headers["Access-Control-Allow-Origin"]) == (200, "*")
    allowed = answer.headers["Access-Control-Allow-Headers"].replace(" ", "").split(",")
    assert set(allowed) == {"authorization", "content-type", "x-retry-count"}


def test_the_browser_is_told_where_to_send(sandbox: Sandbox, stream: SendingStream) -> None:
    answer = requests.get(f"{sandbox.url}/v1/projects/{stream.write_key}/settings", timeout=10)
    host = sandbox.url.removeprefix("http://")
    assert answer.json() == {
        "integrations": {"Segment.io": {"apiKey": stream.write_key, "apiHost": f"{host}/v1", "protocol": "http"}}
    }
    unknown = requests.get(f"{sandbox.url}/v1/projects/nobody/settings", timeout=10)
    assert (unknown.status_code, unknown.headers["Content-Type"]) == (404, "text/plain; charset=utf-8")
    assert sandbox.post("/v1/m", {"series": [{"metric": "x"}]}).json() == SUCCESS


def test_the_pixel_is_always_a_picture(sandbox: Sandbox) -> None:
    stream = sandbox.stream("pictured")
    event = base64.b64encode(json.dumps(stream.event(1) | {"writeKey": stream.write_key}).encode()).decode()
    for path in (f"track?data={event}", "track?data=%%%", "nonsense?data=x", "track", f"page?data={event[:-9]}"):
        answer = requests.get(f"{sandbox.url}/v1/pixel/{path}", timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"], answer.content[:3]) == (200, "image/gif", b"GIF")
    assert _ids(sandbox, stream) == ["m-1"]


def test_nothing_of_an_event_and_no_key_is_in_the_log(sandbox: Sandbox) -> None:
    stream, mark = sandbox.stream("unlogged"), "only-in-events"
    marked = stream.event(1, mark, userId=mark, messageId=mark, properties={mark: mark})
    for body in (
        {"batch": [marked]},
        {"batch": [marked, 1]},
        {"batch": [marked | {"x": "y" * MAX_EVENT_BYTES}]},
        [mark],
    ):
        sandbox.post("/v1/batch", body, stream.write_key)
        sandbox.post(f"/v1/{mark}", body, stream.write_key)
        sandbox.post("/v1/b", body, mark)
    requests.get(f"{sandbox.url}/v1/pixel/track?data={mark}", timeout=10)
    requests.get(f"{sandbox.url}/v1/projects/{stream.write_key}/settings", timeout=10)
    said = sandbox.log.read_text()
    assert "/v1/projects/{key}/settings" in said
    assert mark not in said
    assert stream.write_key not in said


def test_other_paths_and_methods_are_refused_in_json(sandbox: Sandbox) -> None:
    assert sandbox.post("/v1/nothing", {}).json()["code"] == "call.unknown"
    assert requests.get(f"{sandbox.url}/elsewhere", timeout=10).json()["code"] == "call.unknown"
    answer = requests.get(f"{sandbox.url}/v1/batch", timeout=10)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST, OPTIONS")
