"""One received event as the sandbox stores it: its type and name, its text, and the judgement on it. Pure."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from models.base import new_id
from models.sandbox import MAX_EVENT_NAME, MAX_MESSAGE_ID, RECEIVED_TYPES
from workflow.sandbox.streams import Stream
from workflow.spec.judging import judge_event
from workflow.sql.storable import made_storable

MAX_EVENT_BYTES: Final = 32 * 1024
"""The largest event, as JSON without white space."""
OTHER: Final = "other"

_NAMED_BY: Final = {"track": "event", "page": "name", "screen": "name"}
_NUL_IN_JSON: Final = re.compile(r"((?<!\\)(?:\\\\)*)\\u0000")


class EventTooLargeError(Exception):
    """An event is larger than MAX_EVENT_BYTES."""


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """A judged event. `body` and `findings` are JSON that Postgres can store."""

    message_id: str
    type: str
    event: str | None
    declared: str | None
    body: str
    valid: bool
    findings: str


def receive_event(event: Mapping[str, Any], stream: Stream) -> ReceivedEvent:
    """Judges an event, and returns it as it is stored. Raises EventTooLargeError, and nothing else.

    Costs time in proportion to the event's length.
    """
    body = _as_json(event)
    if len(body.encode()) > MAX_EVENT_BYTES:
        raise EventTooLargeError
    judgement = judge_event(event, app_slug=stream.app_slug, declared=stream.declared)
    kind = event.get("type")
    known = kind if isinstance(kind, str) and kind in RECEIVED_TYPES else OTHER
    name = event.get(_NAMED_BY.get(known, ""))
    return ReceivedEvent(
        message_id=_message_id(event.get("messageId")),
        type=known,
        event=made_storable(name, MAX_EVENT_NAME) if isinstance(name, str) else None,
        declared=judgement.declared,
        body=body,
        valid=judgement.valid,
        findings=_as_json([one.as_dict() for one in judgement.findings]) if judgement.findings else "[]",
    )


def new_message_id() -> str:
    """Returns a message id for an event that is to be told by none of its sender's."""
    return f"devcenter-{new_id()}"


def _message_id(given: object) -> str:
    """Returns the sender's id, a digest of one that is too long or cannot be stored, or a new one if there is none."""
    if not isinstance(given, str) or not given:
        return new_message_id()
    if len(given) <= MAX_MESSAGE_ID and made_storable(given) == given:
        return given
    return f"sha256:{hashlib.sha256(given.encode(errors='surrogatepass')).hexdigest()}"


def _as_json(value: Any) -> str:
    """Returns the value as JSON in one line, with a replacement for each character that Postgres cannot store."""
    written = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if "\\u0000" in written:
        written = _NUL_IN_JSON.sub(r"\1\\ufffd", written)
    return written if written.isascii() else written.encode(errors="replace").decode()
