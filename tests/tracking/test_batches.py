"""Whatever JSON a batch holds: it is taken or refused in the SDKs' terms, and what is taken can be stored and read."""

import gzip
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, select
from sqlalchemy.orm import Session

from models import App, Component, SandboxEvent
from tests.costs import GROWTH, assert_linear
from tests.databases import TestDatabase
from tests.journeys import People, app_building
from tracking.answers import RefusedError
from tracking.reading import BATCH_CALLS, MAX_BODY_BYTES, TYPE_OF_CALL, events_of, inflate, read_body
from workflow.sandbox.messages import MAX_EVENT_BYTES, EventTooLargeError, receive_event
from workflow.sandbox.storing import Delivery, store_deliveries
from workflow.sandbox.streams import Stream

ODD = ["\x00", "\ud800", "\\u0000", "\\\\u0000", "Order Completed", "track", "page"]
TEXTS = st.text(st.characters(codec=None), max_size=20) | st.sampled_from(ODD)
NUMBERS = st.integers(-(2**63) + 1, 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
ANYTHING = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["type", "event", "name", "userId", "messageId", "context", "properties", "traits", "timestamp", "writeKey"]
)
EVENTS = st.dictionaries(FIELDS | TEXTS, ANYTHING, max_size=8)
CALLS = st.sampled_from(sorted(BATCH_CALLS | TYPE_OF_CALL.keys()))


def _stream_of(component: Component) -> Stream:
    return Stream(component.id, "acme", component.revision, tuple(component.settings["events"]))


@pytest.fixture(scope="module")
def stream(module_engine: Engine, module_people: People) -> Stream:
    """A stream of an App."""
    app_building(module_engine, module_people, "acme")
    with Session(module_engine) as session, session.begin():
        app = session.scalars(select(App)).one()
        made = Component(app_id=app.id, kind="stream", name="Sent", settings={"events": ["Email Opened"]})
        made.write_key_hash = bytes(32)
        session.add(made)
        session.flush()
        return _stream_of(made)


@pytest.fixture(scope="module")
def tracking_engine(module_database: TestDatabase) -> Iterator[Engine]:
    """An engine in the role of the sandbox."""
    made = create_engine(module_database.tracking_url)
    yield made
    made.dispose()


def _status_of(read: Callable[[], Any]) -> int:
    """Returns the status that a body is answered with, as far as reading it decides that."""
    try:
        read()
    except RefusedError as error:
        return error.refusal.status
    return 200


@given(CALLS, ANYTHING, st.lists(EVENTS, max_size=5))
def test_any_body_gives_events_without_keys_or_a_refusal(call: str, other: Any, batch: list[Any]) -> None:
    for value in (other, {"batch": batch, "context": other, "sentAt": other}, {"batch": other, "type": other}):
        body = json.dumps(value).encode()
        try:
            events = events_of(call, read_body(body))
        except RefusedError as error:
            assert error.refusal.status == 400  # noqa: PT017 (either outcome is right)
        else:
            assert all("writeKey" not in event for event in events)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    assert _status_of(lambda: inflate(body)) in (200, 400)
    assert _status_of(lambda: read_body(body)) in (200, 400)


def test_a_body_of_many_members_of_gzip_costs_in_proportion_to_its_length() -> None:
    member = gzip.compress(b"")
    assert_linear(lambda size: member * (size // len(member)), inflate, size=MAX_BODY_BYTES // GROWTH)


@settings(max_examples=40, deadline=None)
@given(st.lists(EVENTS, min_size=1, max_size=20))
def test_whatever_is_received_is_stored_once_and_read_again(
    stream: Stream, tracking_engine: Engine, batch: list[dict[str, Any]]
) -> None:
    events = [receive_event(one, stream) for one in batch]
    with Session(tracking_engine) as session:
        store_deliveries(session, [Delivery(stream, events), Delivery(stream, events)])
        stored = session.scalars(select(SandboxEvent).order_by(SandboxEvent.position)).all()
        assert [one.message_id for one in stored] == list(dict.fromkeys(event.message_id for event in events))
        for one in stored:
            json.dumps([one.body, one.findings, one.event], ensure_ascii=False, allow_nan=False).encode()
        session.rollback()


def test_an_event_has_a_largest_size(stream: Stream) -> None:
    receive_event({"x": "y" * (MAX_EVENT_BYTES - 8)}, stream)
    with pytest.raises(EventTooLargeError):
        receive_event({"x": "y" * (MAX_EVENT_BYTES - 7)}, stream)
