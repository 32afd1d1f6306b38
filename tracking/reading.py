"""Reading a call: the write key, the body without its coding, and the events in it. Pure."""

import base64
import binascii
import zlib
from collections.abc import Mapping
from typing import Any, Final

from starlette.types import Scope

from tracking.answers import Refusal, RefusedError, refusal
from web.headers import values_of
from web.strict_json import UnreadableJsonError, read_json
from workflow.spec.message import CALLS as TYPES

MAX_BODY_BYTES: Final = 512_000
MAX_BATCH_EVENTS: Final = 2_500
BATCH_CALLS: Final = frozenset({"batch", "import", "b"})
TYPE_OF_CALL: Final = {
    **{kind: kind for kind in TYPES},
    "i": "identify",
    "t": "track",
    "p": "page",
    "s": "screen",
    "g": "group",
    "a": "alias",
}
"""The type of the one event that a call has, by the last part of its path."""
METRICS_CALL: Final = "m"
"""The browser SDK's counts of itself, which are read and dropped."""
CALLS: Final = frozenset({*BATCH_CALLS, *TYPE_OF_CALL, METRICS_CALL})

_GZIP: Final = frozenset({b"gzip", b"x-gzip"})
_PIECE: Final = 4096
"""How much is inflated at once: after each member of gzip, the rest of a piece is copied."""
_MAX_KEY: Final = 200
TOO_LARGE: Final = Refusal(
    400,
    "body.too_large",
    f"The body has more than {MAX_BODY_BYTES:,} bytes.",
    "Send fewer events at once.",
)


def key_in_header(scope: Scope) -> str | None:
    """Returns the user name of Basic credentials, None without one that can be read. Any password will do."""
    given = values_of(scope, b"authorization")
    if len(given) != 1 or given[0][:6].lower() != b"basic ":
        return None
    try:
        user = base64.b64decode(given[0][6:].strip(), validate=True).partition(b":")[0].decode()
    except (ValueError, binascii.Error):
        return None
    return _as_key(user)


def key_in_body(value: Mapping[str, Any]) -> str | None:
    """Returns the `writeKey` of a call's body or, if it has none, of its first event."""
    key = _as_key(value.get("writeKey"))
    batch = value.get("batch")
    if key is None and isinstance(batch, list) and batch and isinstance(batch[0], dict):
        key = _as_key(batch[0].get("writeKey"))
    return key


def is_compressed(scope: Scope) -> bool:
    """Returns whether the body is compressed by gzip. Raises RefusedError for any other coding."""
    codings = [part.strip().lower() for value in values_of(scope, b"content-encoding") for part in value.split(b",")]
    applied = [coding for coding in codings if coding not in (b"", b"identity")]
    if not applied:
        return False
    if len(applied) == 1 and applied[0] in _GZIP:
        return True
    raise refusal(400, "body.encoded", "The body has a Content-Encoding other than gzip.", "Send gzip, or none.")


def inflate(body: bytes) -> bytes:
    """Returns a body without gzip, in at most MAX_BODY_BYTES of memory. Raises RefusedError.

    Costs time in proportion to the body's length, however many members of gzip it has.
    """
    inflated, reader = bytearray(), zlib.decompressobj(wbits=31)
    try:
        for start in range(0, len(body), _PIECE):
            piece = body[start : start + _PIECE]
            while piece:
                if reader.eof:
                    reader = zlib.decompressobj(wbits=31)
                inflated += reader.decompress(piece, MAX_BODY_BYTES + 1 - len(inflated))
                if len(inflated) > MAX_BODY_BYTES:
                    raise RefusedError(TOO_LARGE)
                piece = reader.unused_data
        if not reader.eof:
            raise zlib.error("the stream is incomplete")
    except zlib.error:
        raise refusal(400, "body.unreadable", "The body is not gzip.", "Compress it whole, or not at all.") from None
    return bytes(inflated)


def read_body(body: bytes) -> dict[str, Any]:
    """Returns the object that a body is as JSON. Raises RefusedError."""
    try:
        value = read_json(body)
    except UnreadableJsonError as error:
        raise refusal(400, "body.unreadable", f"The body cannot be read. {error}", "Send JSON in UTF-8.") from None
    if not isinstance(value, dict):
        raise refusal(400, "body.no_object", "The body is no JSON object.", "Send one event, or a batch.")
    return value


def events_of(call: str, value: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the events of a call, complete and without their write keys. Raises RefusedError.

    What a batch says of all its events, `context`, `integrations` and `sentAt`, is said of each that does not say
    otherwise.
    """
    if call not in BATCH_CALLS:
        return [_without_key(value) | {"type": TYPE_OF_CALL[call]}]
    batch = value.get("batch")
    if not isinstance(batch, list):
        raise refusal(400, "batch.missing", "The body has no list `batch`.", "Send the events as `batch`.")
    if len(batch) > MAX_BATCH_EVENTS:
        detail = f"The batch has {len(batch):,} events; at most {MAX_BATCH_EVENTS:,} are taken at once."
        raise refusal(400, "batch.too_long", detail, "Send fewer events at once.")
    for index, event in enumerate(batch):
        if not isinstance(event, dict):
            raise refusal(400, "batch.no_object", f"batch[{index}] is no JSON object.", "Send each event as one.")
    return [_completed(event, value) for event in batch]


def event_of_pixel(kind: str, data: str) -> dict[str, Any]:
    """Returns the event of a pixel call, with its write key: base64 of JSON, in the query. Raises RefusedError."""
    if kind not in TYPE_OF_CALL:
        raise refusal(404, "call.unknown", "The pixel takes no such type.", "Use track, page, identify or others.")
    try:
        body = base64.b64decode(data.translate(_URL_SAFE) + "=" * (-len(data) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise refusal(400, "body.unreadable", "`data` is not base64.", "Send base64 of the event's JSON.") from None
    return read_body(body) | {"type": TYPE_OF_CALL[kind]}


_URL_SAFE: Final = str.maketrans("-_ ", "+/+")


def _completed(event: dict[str, Any], batch: Mapping[str, Any]) -> dict[str, Any]:
    completed = _without_key(event)
    shared, own = batch.get("context"), completed.get("context")
    if isinstance(shared, dict) and (own is None or isinstance(own, dict)):
        completed["context"] = {**shared, **(own or {})}
    for name in ("integrations", "sentAt"):
        if name in batch:
            completed.setdefault(name, batch[name])
    return completed


def _without_key(event: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in event.items() if name != "writeKey"}


def _as_key(value: object) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= _MAX_KEY and value.isascii() else None
