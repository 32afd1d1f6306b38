"""Reading what came to the sandbox: a stream's newest events, and what each declared event still lacks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import Component, SandboxDeclared, SandboxEvent
from models.component import ComponentKind
from models.lifecycle import Role
from workflow.errors import Invalid, NotFound
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.sandbox.storing import EVENTS_KEPT
from workflow.sql.arrays import Texts, Uuids, statement

READ: Final = "sandbox.read"
"""The audit log's action for a reading by staff; its target is the Component."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events of a stream are wanted. None means any.

    `found`: only those about which something was found, or only the others. `after` and `before` are positions: only
    later or only earlier events.
    """

    type: str | None = None
    event: str | None = None
    valid: bool | None = None
    found: bool | None = None
    after: int | None = None
    before: int | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events of a stream, newest first. Later ones than these have positions after `latest`."""

    events: Sequence[SandboxEvent]
    latest: int


@dataclass(frozen=True, slots=True)
class DeclaredEvent:
    """What came of a declared event at the stream's present revision. `lacks` says what is missing; empty: nothing."""

    event: str
    valid: int
    invalid: int
    warned: bool
    latest_at: datetime | None
    latest_valid_at: datetime | None
    latest_findings: Sequence[dict[str, Any]]
    lacks: str


def require_stream(component: Component) -> None:
    """Raises Invalid for a Component that is no stream: nothing comes to the sandbox from it."""
    if component.kind != ComponentKind.STREAM:
        detail = f"A {component.kind} sends no events to the sandbox."
        raise Invalid("component.no_stream", detail, "Name a stream.")


def list_events(
    session: Session, component: Component, actor: Actor, narrowed: EventFilter, now: datetime, *, limit: int
) -> EventPage:
    """Returns the newest events of a stream that fit, newest first. Logs a reading by staff: events are of strangers.

    Does not commit. Raises Invalid for a Component that is no stream.
    """
    require_stream(component)
    if actor.role is not Role.PARTNER:
        log_action(session, actor, READ, component.id)
    # Before the events: one that comes in between is listed now, or has a position after this.
    newest = session.scalar(select(func.max(SandboxEvent.position)).where(SandboxEvent.component_id == component.id))
    wanted = select(SandboxEvent).where(
        SandboxEvent.component_id == component.id, SandboxEvent.received_at > now - EVENTS_KEPT
    )
    for column, value in (
        (SandboxEvent.type, narrowed.type),
        (SandboxEvent.event, narrowed.event),
        (SandboxEvent.valid, narrowed.valid),
    ):
        if value is not None:
            wanted = wanted.where(column == value)
    if narrowed.found is not None:
        wanted = wanted.where((func.json_array_length(SandboxEvent.findings) > 0) == narrowed.found)
    if narrowed.after is not None:
        wanted = wanted.where(SandboxEvent.position > narrowed.after)
    if narrowed.before is not None:
        wanted = wanted.where(SandboxEvent.position < narrowed.before)
    events = session.scalars(wanted.order_by(SandboxEvent.position.desc()).limit(limit)).all()
    return EventPage(events, max(newest or 0, narrowed.after or 0, *(event.position for event in events[:1])))


def find_event(session: Session, component: Component, position: int) -> SandboxEvent:
    """Returns the event of a stream at a position. Raises NotFound if it is no longer kept."""
    event = session.get(SandboxEvent, (component.id, position))
    if event is None:
        raise NotFound("event.not_found", "The event is no longer kept.", "Send it again, with a new Idempotency-Key.")
    return event


def streams_with_news(session: Session, waiting: Sequence[tuple[UUID, int]]) -> set[tuple[UUID, int]]:
    """Returns which of the streams have an event after the position that is named with them. One query."""
    rows = session.execute(
        _NEWS, {"streams": [stream for stream, _ in waiting], "after": [str(after) for _, after in waiting]}
    )
    return {(row.component_id, int(row.after)) for row in rows}


def list_declared(session: Session, component: Component) -> list[DeclaredEvent]:
    """Returns what came of each event that the stream declares, in the order of its settings. Raises Invalid."""
    require_stream(component)
    rows = session.scalars(
        select(SandboxDeclared).where(
            SandboxDeclared.component_id == component.id, SandboxDeclared.component_revision == component.revision
        )
    )
    came = {row.event: row for row in rows}
    return [_declared(event, came.get(event)) for event in component.settings.get("events", ())]


def _declared(event: str, row: SandboxDeclared | None) -> DeclaredEvent:
    if row is None:
        return DeclaredEvent(event, 0, 0, False, None, None, (), "No such event has come since the latest change.")
    lacks = "" if row.valid else "It has come, but never valid: `latest_findings` says why."
    return DeclaredEvent(
        event, row.valid, row.invalid, row.warned, row.latest_at, row.latest_valid_at, row.latest_findings, lacks
    )


_NEWS = statement(
    """
    SELECT component_id, after
      FROM unnest(:streams, :after) AS w (component_id, after)
     WHERE EXISTS (SELECT FROM sandbox_event e WHERE e.component_id = w.component_id AND e.position > w.after::bigint)
    """,
    streams=Uuids(),
    after=Texts(),
)
