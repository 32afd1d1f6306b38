"""What SDKs that cannot run here put on the wire: each form is taken as it is, and each event is valid.

The forms are written by hand after public sources: paths, credentials, codings, content types and envelopes.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from tests.tracking.sandbox import Sandbox, SendingStream

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class WireForm:
    """How an SDK sends a batch. `envelope` makes the body of two events."""

    path: str
    envelope: Callable[[SendingStream, list[Body]], Body]
    is_basic: bool = True
    is_zipped: bool = False
    is_chunked: bool = False
    content_type: str | None = "application/json"
    agent: str = ""


def _library(name: str, version: str) -> Body:
    return {"library": {"name": name, "version": version}}


def _go(_stream: SendingStream, events: list[Body]) -> Body:
    return {"messageId": "b-1", "sentAt": "2026-11-02T09:31:00Z", "batch": events, "context": _library("go", "3.3.0")}


def _ruby(_stream: SendingStream, events: list[Body]) -> Body:
    return {"sentAt": "2026-11-02T09:31:00.000+00:00", "batch": events}


def _java(stream: SendingStream, events: list[Body]) -> Body:
    return {
        "batch": events,
        "sentAt": "2026-11-02T09:31:00.000Z",
        "context": _library("analytics-java", "3.5.5"),
        "sequence": 1,
        "writeKey": stream.write_key,
    }


def _php(_stream: SendingStream, events: list[Body]) -> Body:
    return {"batch": events, "sentAt": "2026-11-02T09:31:00+00:00"}


def _mobile(stream: SendingStream, events: list[Body]) -> Body:
    return {"batch": events, "sentAt": "2026-11-02T09:31:00.000Z", "writeKey": stream.write_key}


def _swift(stream: SendingStream, events: list[Body]) -> Body:
    filled = [one | {"anonymousId": "a-1", "integrations": {}, "_metadata": {"bundled": []}} for one in events]
    return {"batch": filled, "sentAt": "2026-11-02T09:31:00.000Z", "writeKey": stream.write_key}


FORMS = {
    "go": WireForm("/v1/batch", _go, agent="analytics-go (version: 3.3.0)"),
    "ruby": WireForm("/v1/import", _ruby),
    "java": WireForm("/v1/import/", _java, content_type="application/json; charset=UTF-8"),
    "php": WireForm("/v1/batch", _php, is_zipped=True, agent="analytics-php/3.8.2"),
    "csharp": WireForm("/v1/b", _mobile, is_basic=False, is_zipped=True, content_type=None),
    "kotlin": WireForm("/v1/b", _mobile, is_basic=False, is_zipped=True, is_chunked=True, content_type="text/plain"),
    "swift": WireForm("/v1/b", _swift, is_basic=False, content_type="application/json; charset=utf-8"),
}


def _in_chunks(body: bytes) -> Iterator[bytes]:
    yield body[: len(body) // 2]
    yield body[len(body) // 2 :]


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_taken_and_answered_as_its_sdk_wants(sandbox: Sandbox, name: str) -> None:
    form, stream = FORMS[name], sandbox.stream(f"form-{name}")
    body = json.dumps(form.envelope(stream, [stream.event(1), stream.event(2)])).encode()
    headers = {"User-Agent": form.agent} if form.agent else {}
    if form.content_type:
        headers["Content-Type"] = form.content_type
    if form.is_zipped:
        body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
    answer = requests.post(
        sandbox.url + form.path,
        data=_in_chunks(body) if form.is_chunked else body,
        headers=headers,
        auth=(stream.write_key, "") if form.is_basic else None,
        allow_redirects=False,
        timeout=30,
    )
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    stored = sandbox.events(stream)
    assert [(one.message_id, one.findings) for one in stored if one.valid] == [("m-1", []), ("m-2", [])]
    assert all("writeKey" not in one.body for one in stored)
