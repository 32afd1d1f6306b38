"""The log line of each call, and the id by which its caller and an operator speak of it.

A line has names and ids only: never a body, a header, a token, an address, or the value of a query.
"""

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

from web.measuring import method_of, route_of
from web.tracing import REQUEST_ID, CallIdentity, identify, new_call_id

EVENT: Final = "call"
UNFINISHED: Final = 499
"""The status of a line about a call whose caller went away before there was an answer."""

_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_MAX_SLUG_CHARACTERS = 64

log = logging.getLogger(__name__)


class CallLog:
    """Marks each call with an id, answers with it, and logs one line when the call is over.

    Whatever is logged meanwhile has the ids too. The line of a call that another call made in this process belongs to
    the same trace.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identity = identify(scope)
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), (REQUEST_ID, identity.call_id.encode())]
                message = {**message, "headers": headers}
            await send(message)

        began = time.perf_counter()
        with _bound(identity):
            try:
                await self._app(scope, receive, sending)
            except Exception:
                _log(scope, identity, 500, began)
                raise
            except BaseException:  # the process stops, or the caller is gone
                _log(scope, identity, status or UNFINISHED, began)
                raise
            _log(scope, identity, status or UNFINISHED, began)


def describe_call(**about: object) -> None:
    """Adds to the line of the present call. Values are ids, names of ours, or lists of them."""
    bind_contextvars(**about)


def call_id() -> str | None:
    """Returns the id of the present call, or None outside of one."""
    return get_contextvars().get("call_id")


def log_refused(status: int, code: str) -> bytes:
    """Logs the line of a call that was refused before it could be read. Returns the call's id."""
    refused = new_call_id()
    log.info(EVENT, extra={"call_id": refused, "trace_id": refused, "status": status, "code": code})
    return refused.encode()


@contextmanager
def _bound(identity: CallIdentity) -> Iterator[None]:
    """Binds the ids to what is logged. Keeps them after an error, which is logged further out.

    A call inside of another one continues its trace, unless it names a trace of its own.
    """
    outer = get_contextvars()
    trace_id, parent_id = identity.trace_id, identity.parent_id
    if parent_id is None and "trace_id" in outer:
        trace_id = outer["trace_id"]
    clear_contextvars()
    bind_contextvars(call_id=identity.call_id, trace_id=trace_id)
    if parent_id is not None:
        bind_contextvars(parent_id=parent_id)
    yield
    clear_contextvars()
    bind_contextvars(**outer)


def _log(scope: Scope, identity: CallIdentity, status: int, began: float) -> None:
    level = logging.WARNING if status >= 500 else logging.INFO
    if not log.isEnabledFor(level):
        return
    about: dict[str, object] = {
        "call_id": identity.call_id,  # after an error of a call inside of this one, what is bound is that one's
        "method": method_of(scope),
        "route": route_of(scope),
        "status": status,
        "duration_ms": round((time.perf_counter() - began) * 1000, 3),
    }
    holder = scope.get("state", {})
    if holder.get("holder") is not None:
        about |= {"role": str(holder["role"]), "principal_id": holder["holder"]}
    log.log(level, EVENT, extra=about | _ids_of(scope))


def _ids_of(scope: Scope) -> dict[str, str]:
    """Returns what the path names, as far as it has the form of an id: in its place may be anything."""
    found = {}
    for name, value in scope.get("path_params", {}).items():
        if name == "slug" and len(value) <= _MAX_SLUG_CHARACTERS and _SLUG.fullmatch(value):
            found["app"] = value
        elif name.endswith("_id") and _is_id(value):
            found[name] = str(value)
    return found


def _is_id(value: object) -> bool:
    try:
        return str(UUID(str(value))) == str(value)
    except ValueError:
        return False
