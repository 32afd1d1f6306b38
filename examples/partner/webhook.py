"""The integration itself: what a partner's endpoint does with the events that the platform posts to it.

Answers: 200 processed, 400 malformed, 401 no key or a wrong one, 403 the key may not write, 501 a type that is not
supported. Deleting a user must be supported. An error's body says why.
"""

import base64
import binascii
import json
from dataclasses import dataclass, field
from typing import Any

SUPPORTED = frozenset({"identify", "track", "page", "group", "alias", "delete"})
KNOWN = SUPPORTED | {"screen"}
READ_ONLY_KEY = "read-only"
REMEMBERED = 10_000


@dataclass
class Webhook:
    """Receives events. The same `messageId` is taken once: the platform delivers at least once."""

    api_key: str
    events: list[dict[str, Any]] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def receive(self, authorization: str | None, settings: str | None, body: bytes) -> tuple[int, dict[str, str]]:
        """Gives the status and the body to answer with."""
        key = _key_of(authorization)
        if key == READ_ONLY_KEY:
            return 403, {"message": "this key may read only"}
        if key != self.api_key:
            return 401, {"message": "the API key is missing or wrong"}
        try:
            event = json.loads(body)
            if settings:
                json.loads(base64.b64decode(settings, validate=True))
        except (ValueError, binascii.Error):
            return 400, {"message": "the body or X-Segment-Settings is not JSON"}
        if not isinstance(event, dict) or not event.get("messageId") or event.get("type") not in KNOWN:
            return 400, {"message": "an event has a messageId and a known type"}
        if event["type"] not in SUPPORTED:
            return 501, {"message": f"{event['type']} is not supported"}
        return self._take(event)

    def _take(self, event: dict[str, Any]) -> tuple[int, dict[str, str]]:
        if event["messageId"] in self._seen or len(self.events) >= REMEMBERED:
            return 200, {"message": "known already"}
        self._seen.add(event["messageId"])
        if event["type"] == "delete":
            self.events[:] = [one for one in self.events if one.get("userId") != event.get("userId")]
        self.events.append(event)
        return 200, {"message": "processed"}


def _key_of(authorization: str | None) -> str | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[0] if scheme == "Basic" else None
    except (ValueError, binascii.Error):
        return None
