"""The identity of a call: its own id, and its place in the trace of its caller (W3C Trace Context)."""

import re
import secrets
from dataclasses import dataclass

from starlette.types import Scope

from web.headers import values_of

REQUEST_ID = b"x-request-id"
"""The header of every answer that names the call, as its log line does."""

_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-[ -~]*)?")
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_FIRST_VERSION, _INVALID_VERSION = b"00", b"ff"


@dataclass(frozen=True, slots=True)
class CallIdentity:
    """The ids by which a call is found in logs.

    `call_id` is the call's own. `trace_id` is that of the caller's trace, or `call_id` if the caller has none, and
    `parent_id` is the caller's span in it.
    """

    call_id: str
    trace_id: str
    parent_id: str | None = None


def identify(scope: Scope) -> CallIdentity:
    """Returns a new identity for a call. A `traceparent` that is invalid, or there more than once, is ignored."""
    call_id = new_call_id()
    given = values_of(scope, b"traceparent")
    trace_id, parent_id = (read_traceparent(given[0]) if len(given) == 1 else None) or (call_id, None)
    return CallIdentity(call_id, trace_id, parent_id)


def new_call_id() -> str:
    """Returns a random id, which is also a valid id of a trace."""
    return secrets.token_hex(16)


def read_traceparent(value: bytes) -> tuple[str, str] | None:
    """Returns the ids of the trace and of the caller's span, or None if the header's value is invalid.

    A later version than 00 may have more parts, which are ignored; 00 may not.
    """
    found = _TRACEPARENT.fullmatch(value)
    if found is None or found[1] == _INVALID_VERSION or (found[1] == _FIRST_VERSION and found[5] is not None):
        return None
    trace_id, parent_id = found[2].decode(), found[3].decode()
    return None if trace_id == _NO_TRACE or parent_id == _NO_SPAN else (trace_id, parent_id)
