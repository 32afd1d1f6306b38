"""Storing received events: many calls at once, each stream's ring and counts kept with them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from workflow.sandbox.messages import ReceivedEvent
from workflow.sandbox.streams import Stream
from workflow.sql.arrays import Booleans, Integers, Texts, Uuids, statement
from workflow.sql.locks import LockSpace, lock_names

RING: Final = 1000
"""The newest events of a stream that are kept."""
EVENTS_KEPT: Final = timedelta(days=7)
"""How long an event is kept at most, and what was found about it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """The events of one call, in the order in which they were sent."""

    stream: Stream
    events: Sequence[ReceivedEvent]


def store_deliveries(session: Session, deliveries: Sequence[Delivery]) -> None:
    """Stores the events of all deliveries, and counts them for the declared events that they are about.

    An event whose message id the stream's ring has already is dropped, and so is all of a stream that was removed.
    Events beyond the ring are counted, but not written. Locks the streams until the transaction ends, so that positions
    become visible in their order. Does not commit.
    """
    named = {one.stream.component_id for one in deliveries if one.events}
    lock_names(session, LockSpace.SANDBOX, *map(str, named))
    streams = session.scalars(_PRESENT, {"streams": list(named)}).all()
    rows = [(one.stream, event) for one in deliveries if one.stream.component_id in streams for event in one.events]
    if not rows:
        return
    kept = _within_ring(rows)
    if beyond := [row for row, is_kept in zip(rows, kept, strict=True) if not is_kept and row[1].declared is not None]:
        session.execute(_COUNT, _columns_of(beyond))
    session.execute(_STORE, _columns_of([row for row, is_kept in zip(rows, kept, strict=True) if is_kept]))
    session.execute(_TRIM, {"streams": streams, "ring": RING})


def store_try(session: Session, stream: Stream, event: ReceivedEvent) -> int:
    """Stores an event that the service sends for a partner, and returns its position. It counts for nothing.

    It must have a new message id: the stream's own event with its id would be dropped. Whoever calls has locked the
    stream by `lock_stream`. Does not commit.
    """
    position: int = session.execute(_TRY, _columns_of([(stream, event)])).scalar_one()
    session.execute(_TRIM, {"streams": [stream.component_id], "ring": RING})
    return position


def lock_stream(session: Session, component_id: UUID) -> None:
    """Locks a stream's ring until the transaction ends."""
    lock_names(session, LockSpace.SANDBOX, str(component_id))


def delete_events(session: Session, component_id: UUID) -> None:
    """Deletes the events of a stream that is removed, and what was found about them. Locks the stream.

    The counts stay: a version that is public may have the stream still. Does not commit.
    """
    lock_stream(session, component_id)
    for one in _DELETE:
        session.execute(one, {"streams": [component_id]})


_Row = tuple[Stream, ReceivedEvent]


def _within_ring(rows: Sequence[_Row]) -> list[bool]:
    """Returns which rows are among the last RING of their stream."""
    left: dict[UUID, int] = {}
    kept = []
    for stream, _ in reversed(rows):
        count = left.get(stream.component_id, 0)
        kept.append(count < RING)
        left[stream.component_id] = count + 1
    return kept[::-1]


def _columns_of(rows: Sequence[_Row]) -> dict[str, list[Any]]:
    return {
        "streams": [stream.component_id for stream, _ in rows],
        "revisions": [stream.revision for stream, _ in rows],
        "message_ids": [event.message_id for _, event in rows],
        "types": [event.type for _, event in rows],
        "events": [event.event for _, event in rows],
        "declared": [event.declared for _, event in rows],
        "bodies": [event.body for _, event in rows],
        "valid": [event.valid for _, event in rows],
        "findings": [event.findings for _, event in rows],
    }


_COLUMNS = {
    "streams": Uuids(),
    "revisions": Integers(),
    "message_ids": Texts(),
    "types": Texts(),
    "events": Texts(),
    "declared": Texts(),
    "bodies": Texts(),
    "valid": Booleans(),
    "findings": Texts(),
}
_GIVEN = """
    given AS (
        SELECT * FROM unnest(:streams, :revisions, :message_ids, :types, :events, :declared, :bodies, :valid, :findings)
            WITH ORDINALITY AS g (component_id, component_revision, message_id, type, event, declared, body, valid,
                                  findings, position))
"""
_ADD = """
    INSERT INTO sandbox_declared AS d (component_id, component_revision, event, valid, invalid, warned, latest_at,
                                       latest_valid_at, latest_findings)
    SELECT component_id, component_revision, declared, count(*) FILTER (WHERE valid), count(*) FILTER (WHERE NOT valid),
           coalesce((array_agg(findings::text <> '[]' ORDER BY position DESC) FILTER (WHERE valid))[1], false),
           now(), CASE WHEN bool_or(valid) THEN now() END,
           (array_agg(findings::text ORDER BY position DESC))[1]::jsonb
      FROM {source} WHERE declared IS NOT NULL
     GROUP BY component_id, component_revision, declared ORDER BY component_id, component_revision, declared
    ON CONFLICT (component_id, component_revision, event) DO UPDATE SET
        valid = d.valid + EXCLUDED.valid,
        invalid = d.invalid + EXCLUDED.invalid,
        warned = CASE WHEN EXCLUDED.valid > 0 THEN EXCLUDED.warned ELSE d.warned END,
        latest_at = EXCLUDED.latest_at,
        latest_valid_at = coalesce(EXCLUDED.latest_valid_at, d.latest_valid_at),
        latest_findings = EXCLUDED.latest_findings
"""
_STORE = statement(
    f"""
    WITH {_GIVEN},
    stored AS (
        INSERT INTO sandbox_event (component_id, component_revision, message_id, type, event, declared, body, valid,
                                   findings)
        SELECT component_id, component_revision, message_id, type, event, declared, body::json, valid, findings::json
          FROM given ORDER BY position
        ON CONFLICT (component_id, message_id) DO NOTHING
        RETURNING component_id, component_revision, declared, valid, findings, position)
    {_ADD.format(source="stored")}
    """,
    **_COLUMNS,
)
"""Positions are assigned in the order of arrival."""
_TRY = statement(
    f"""
    WITH {_GIVEN}
    INSERT INTO sandbox_event (component_id, component_revision, message_id, type, event, declared, body, valid,
                               findings, tried)
    SELECT component_id, component_revision, message_id, type, event, declared, body::json, valid, findings::json, true
      FROM given RETURNING sandbox_event.position
    """,
    **_COLUMNS,
)
_COUNT = statement(f"WITH {_GIVEN} {_ADD.format(source='given')}", **_COLUMNS)
_PRESENT = statement("SELECT component_id FROM tracked_stream WHERE component_id = ANY(:streams)", streams=Uuids())
_TRIM = statement(
    """
    DELETE FROM sandbox_event e USING unnest(:streams) AS s (component_id)
     WHERE e.component_id = s.component_id
       AND e.position <= (SELECT r.position FROM sandbox_event r WHERE r.component_id = s.component_id
                           ORDER BY r.position DESC OFFSET :ring LIMIT 1)
    """,
    streams=Uuids(),
)
_DELETE = [
    statement(f"{change} WHERE component_id = ANY(:streams)", streams=Uuids())
    for change in ("DELETE FROM sandbox_event", "UPDATE sandbox_declared SET latest_findings = '[]'")
]
