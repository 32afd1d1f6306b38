"""What the sandbox asks for at every call uses an index, however many streams and events there are."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, select, text
from sqlalchemy.orm import Session

from models import App, Component
from tests.databases import TestDatabase
from tests.journeys import People, app_building, now_of
from tests.plans import watched
from workflow.sandbox.messages import ReceivedEvent, receive_event
from workflow.sandbox.reading import EventFilter, list_declared, list_events, streams_with_news
from workflow.sandbox.storing import Delivery, store_deliveries
from workflow.sandbox.streams import Stream, find_streams

STREAMS, EVENTS = 3_000, 30_000
_STREAMS = """
    INSERT INTO component (id, app_id, kind, name, settings, write_key_hash)
    SELECT uuidv7(), id, 'stream', 'Sent', '{"events": ["Email Opened"]}', sha256(n::text::bytea)
      FROM app, generate_series(1, :many) n
"""
_EVENTS = """
    INSERT INTO sandbox_event (component_id, component_revision, message_id, type, body, valid, findings)
    SELECT id, 1, 'm-' || n, 'track', '{}', true, '[]'
      FROM (SELECT id, row_number() OVER () AS number FROM component) c
      JOIN generate_series(1, :many) n ON n % :streams = c.number % :streams
"""
_COUNTS = """
    INSERT INTO sandbox_declared (component_id, component_revision, event, valid, invalid, warned, latest_findings)
    SELECT id, 1, 'Email Opened', 0, 1, false, '[]' FROM component
"""


@pytest.fixture
def tracking_engine(database: TestDatabase, engine: Engine, people: People) -> Iterator[Engine]:
    """An engine in the role of the sandbox, in a database with many streams and events."""
    app_building(engine, people, "acme")
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        connection.execute(text(_STREAMS), {"many": STREAMS})
        connection.execute(text(_EVENTS), {"many": EVENTS, "streams": STREAMS})
        connection.execute(text(_COUNTS))
        connection.execute(text("ANALYZE"))
    owner.dispose()
    made = create_engine(database.tracking_url)
    yield made
    made.dispose()


def test_finding_and_storing_use_indexes(tracking_engine: Engine, engine: Engine) -> None:
    with Session(engine) as session:
        components = session.scalars(select(Component).where(Component.write_key_hash.is_not(None)).limit(20)).all()
    hashes = [bytes(one.write_key_hash or b"") for one in components]
    with Session(tracking_engine) as session, watched(tracking_engine) as found:
        streams = [one for one in find_streams(session, hashes) if one is not None]
        assert "component_write_key_hash_key" in found.indexes
        deliveries = [Delivery(stream, _events(stream)) for stream in streams]
        store_deliveries(session, deliveries)
        session.rollback()
    assert len(streams) == 20
    assert found.indexes >= {"component_pkey", "sandbox_event_pkey"}
    assert len(found.statements) <= 6, "as many statements for twenty calls as for one"


def test_the_debugger_uses_indexes(tracking_engine: Engine, engine: Engine, people: People) -> None:
    assert tracking_engine.url.username == "devcenter_tracking"
    with Session(engine) as session, watched(engine) as found:
        component = session.scalars(select(Component).join(App).where(Component.write_key_hash.is_not(None))).first()
        assert component is not None
        page = list_events(session, component, people.partner, EventFilter(valid=True), now_of(session), limit=50)
        assert len(page.events) == EVENTS // STREAMS
        assert streams_with_news(session, [(component.id, 0)]) == {(component.id, 0)}
        assert [one.invalid for one in list_declared(session, component)] == [1]
    assert found.indexes >= {"sandbox_event_pkey", "sandbox_declared_pkey"}


def _events(stream: Stream) -> list[ReceivedEvent]:
    return [
        receive_event({"type": "track", "event": "Email Opened", "messageId": f"n-{one}"}, stream) for one in range(3)
    ]
