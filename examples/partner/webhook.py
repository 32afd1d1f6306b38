"""The integration itself: what a partner's endpoint does with the events that the platform posts to it, without HTTP.

| answer | when |
|---|---|
| 200 | the event was processed, now or earlier with the same `messageId` |
| 202 | a `delete`: the user's events are deleted here; copies elsewhere may take longer |
| 400 | the event or the settings are malformed |
| 401 | the API key is missing or wrong |
| 403 | the key is valid but may not write |
| 501 | the type of the event is not supported |

`server.py` adds 503 for too many events at once. Every answer contains a message for people.
"""

import base64
import hmac
import json
import threading
from collections import deque
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn

READ_ONLY_KEY = "read-only"
MAX_MESSAGE_ID_CHARACTERS = 100
MAX_EVENTS = 1_000
MAX_MESSAGE_IDS = 100_000

# The fields that an event of each type requires, in addition to a `messageId` and the user it is about.
SUPPORTED: dict[str, tuple[str, ...]] = {
    "identify": (),
    "track": ("event",),
    "page": (),
    "screen": (),
    "group": ("groupId",),
    "alias": ("previousId", "userId"),
    "delete": ("userId",),
}

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to the platform: a status that it acts on, and a message that it shows to people."""

    status: HTTPStatus
    message: str


class Refused(Exception):
    """The event is refused. `answer` says why."""

    def __init__(self, status: HTTPStatus, message: str) -> None:
        super().__init__(message)
        self.answer = Answer(status, message)


class Webhook:
    """Receives events in any order, each at least once, from any thread. Keeps the newest in memory."""

    def __init__(self, api_key: str, settings_header: str) -> None:
        self.settings_header = settings_header
        self._api_key = api_key
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=MAX_EVENTS)
        self._taken: dict[str, None] = {}

    def events(self) -> list[Event]:
        """Returns the stored events, oldest first."""
        with self._lock:
            return list(self._events)

    def receive(self, authorization: str | None, settings: str | None, body: bytes) -> Answer:
        """Processes one event, given two of its headers and its body, and returns the answer.

        Raises nothing: a refusal is an answer.
        """
        try:
            self._check_key(authorization)
            _settings_of(settings, self.settings_header)
            return self._take(_event_of(body))
        except Refused as refused:
            return refused.answer

    def _check_key(self, authorization: str | None) -> None:
        key = _key_of(authorization)
        if hmac.compare_digest(key, READ_ONLY_KEY.encode()):
            raise Refused(HTTPStatus.FORBIDDEN, "This API key may only read. Use one that may write.")
        if not hmac.compare_digest(key, self._api_key.encode()):
            raise Refused(HTTPStatus.UNAUTHORIZED, "The API key is missing or wrong. Copy it from your account page.")

    def _take(self, event: Event) -> Answer:
        """Stores `event`, unless its `messageId` was seen before. Of deleted events only the `messageId` is kept."""
        with self._lock:
            if event["messageId"] in self._taken:
                return Answer(HTTPStatus.OK, "This event was processed before.")
            self._taken[event["messageId"]] = None
            if len(self._taken) > MAX_MESSAGE_IDS:
                del self._taken[next(iter(self._taken))]
            if event["type"] == "delete":
                kept = [one for one in self._events if one.get("userId") != event["userId"]]
                self._events = deque(kept, maxlen=MAX_EVENTS)
            self._events.append(event)
        if event["type"] == "delete":
            return Answer(HTTPStatus.ACCEPTED, "The user is being deleted.")
        return Answer(HTTPStatus.OK, "The event was processed.")


def _key_of(authorization: str | None) -> bytes:
    """Returns the user name of HTTP Basic authentication, which is the API key; empty without one."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return b""
    try:
        return base64.b64decode(encoded, validate=True).partition(b":")[0]
    except ValueError:
        return b""


def _settings_of(header: str | None, name: str) -> dict[str, Any]:
    """Returns the customer's other settings. A real integration would look here for a region or a project."""
    try:
        settings = _json(base64.b64decode(header, validate=True)) if header else {}
    except ValueError:
        _malformed(f"{name} is not base64 of JSON.")
    return settings if isinstance(settings, dict) else _malformed(f"{name} is not a JSON object.")


def _event_of(body: bytes) -> Event:
    try:
        event = _json(body)
    except ValueError:
        _malformed("The body is not JSON.")
    if not isinstance(event, dict):
        _malformed("The body is not a JSON object. Send one event per request.")
    kind = event.get("type")
    if not isinstance(kind, str) or not kind:
        _malformed("The event has no type.")
    if kind not in SUPPORTED:
        raise Refused(HTTPStatus.NOT_IMPLEMENTED, f"Events of type {kind[:50]} are not supported.")
    missing = [name for name in ("messageId", *SUPPORTED[kind]) if not _is_text(event.get(name))]
    if missing:
        _malformed(f"The {kind} event lacks {', '.join(missing)}.")
    if len(event["messageId"]) > MAX_MESSAGE_ID_CHARACTERS:
        _malformed(f"The messageId is longer than {MAX_MESSAGE_ID_CHARACTERS} characters.")
    if not (_is_text(event.get("userId")) or _is_text(event.get("anonymousId"))):
        _malformed("The event has neither a userId nor an anonymousId.")
    return event


def _json(text: bytes) -> Any:
    """Returns the value of `text`. Raises ValueError for text that is not JSON or is nested too deeply."""
    try:
        return json.loads(text, parse_constant=_not_json)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _not_json(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _malformed(message: str) -> NoReturn:
    raise Refused(HTTPStatus.BAD_REQUEST, message)
