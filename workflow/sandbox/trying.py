"""Trying a stream: an event that the service sends for its partner is judged and listed as if the stream had sent it.

It counts for nothing: only what the stream itself sends shows that it works.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from models import App
from workflow.apps import find_component, require_kept
from workflow.errors import Invalid
from workflow.identity.actors import Actor
from workflow.identity.audit_log import log_action
from workflow.sandbox.messages import MAX_EVENT_BYTES, EventTooLargeError, new_message_id, receive_event
from workflow.sandbox.reading import require_stream
from workflow.sandbox.storing import lock_stream, store_try
from workflow.sandbox.streams import Stream

TRIED: Final = "sandbox.try"
"""The audit log's action for an event that was tried; its target is the Component. The event is not in it."""


def try_event(session: Session, slug: str, component_id: UUID, actor: Actor, event: Mapping[str, Any]) -> int:
    """Judges and stores an event as one of the stream's, marked as tried, and returns its position.

    It is stored by an id of its own beside its `messageId`, so that the stream can still send one with that.
    Locks the stream. Does not commit. Raises NotFound; Invalid for a Component that is no stream, and for an event that
    is too large; and Conflict if the App is removed.
    """
    require_stream(find_component(session, slug, component_id, actor))
    lock_stream(session, component_id)
    component = find_component(session, slug, component_id, actor)  # it may have been removed meanwhile
    require_kept(session.get_one(App, component.app_id))
    stream = Stream(component.id, slug, component.revision, tuple(component.settings["events"]))
    try:
        received = receive_event({name: value for name, value in event.items() if name != "writeKey"}, stream)
    except EventTooLargeError:
        detail = f"The event has more than {MAX_EVENT_BYTES:,} bytes."
        raise Invalid("event.too_large", detail, "Send less in one event.") from None
    position = store_try(session, stream, replace(received, message_id=new_message_id()))
    log_action(session, actor, TRIED, component.id)
    return position
