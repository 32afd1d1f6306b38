"""Bounds on what a client may send after the head of its request (`wire` bounds that): bytes, time and form."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web.bodies import (
    UNASKED_BYTES,
    Admit,
    Admitted,
    Body,
    BodyBudget,
    BrokenOffError,
    NoRoomError,
    TooLargeError,
    everybody,
)
from web.headers import (
    credentials_of,
    declared_length,
    has_body,
    media_type_of,
    repeated_header,
    values_of,
    with_lists_joined,
)
from web.problems import problem
from web.strict_json import reason_to_refuse

MAX_HEAD_BYTES = 32 * 1024
MAX_TARGET_BYTES = 8 * 1024
MAX_BODY_BYTES = 1024 * 1024
MAX_BODY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class LargerBody:
    """A route whose bodies may be larger. Defined where the route is."""

    method: str
    path: re.Pattern[str]
    body_bytes: int
    remedy: str


class Bounds:
    """Refuses requests that are too large, too slow or of the wrong form, before they reach an endpoint.

    Answers 431 to headers over 32 KiB, 414 to a path and query over 8 KiB, 400 to a header that is repeated and must
    not be, 401 to an Authorization that is no bearer token, 413 to a body over 1 MiB (whether or not its length is
    declared), 408 to one that takes over 30 seconds, 415 to a compressed one or an unreadable Content-Type, 503 when
    all bodies together leave no room, and 400 to JSON that `strict_json` refuses. Routes in `larger` have their own
    limit. A body that breaks off reaches no endpoint.

    Of a body that is larger than 4 KiB, or does not say how large it is, or waits for 100 Continue, nothing is taken
    before `admit` knows its sender.

    HEAD is handled as GET, and the server omits the content. The body is read before the endpoint starts, so that a
    slow client holds no database connection.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        body_bytes: int = MAX_BODY_BYTES,
        body_seconds: float = MAX_BODY_SECONDS,
        larger: Sequence[LargerBody] = (),
        admit: Admit = everybody,
        budget: BodyBudget | None = None,
    ) -> None:
        self._app = app
        self._larger = larger
        self._body_bytes = body_bytes
        self._body_seconds = body_seconds
        self._admit = admit
        self._budget = budget or BodyBudget()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = _refusal_of_head(scope)
        settled = _settled(scope)
        try:
            await self._pass_on(settled, receive, send, refusal)
        finally:
            if settled is not scope:  # what is outside of this reads them from its own scope
                scope.update({name: settled[name] for name in ("route", "path_params") if name in settled})

    async def _pass_on(self, scope: Scope, receive: Receive, send: Send, refusal: Response | None) -> None:
        if not has_body(scope):
            await (refusal or self._app)(scope, receive, send)
            return
        unread = _Unread(send)
        if refusal is not None:
            await refusal(scope, receive, unread.send)
            return
        await self._with_body(scope, receive, unread)

    async def _with_body(self, scope: Scope, receive: Receive, unread: "_Unread") -> None:
        max_bytes, remedy = self._bound_of(scope)
        length = declared_length(scope)
        if length is not None and length > max_bytes:
            await _too_large(max_bytes, remedy)(scope, receive, unread.send)
            return
        admitted = Admitted()
        if length is None or length > UNASKED_BYTES or values_of(scope, b"expect"):
            admitted = await self._admit(scope)
        if admitted.refusal is not None or admitted.unread:
            await (admitted.refusal or self._app)(scope, receive, unread.send)
            return
        if admitted.max_bytes is not None:
            max_bytes = min(max_bytes, admitted.max_bytes)
        body = Body(self._budget, admitted.sender, max_bytes)
        try:
            await self._read_and_pass_on(scope, receive, unread, body, remedy)
        finally:
            body.forget()

    async def _read_and_pass_on(
        self, scope: Scope, receive: Receive, unread: "_Unread", body: Body, remedy: str
    ) -> None:
        try:
            async with asyncio.timeout(self._body_seconds):
                content = await body.read(receive)
        except BrokenOffError:
            return
        except (TimeoutError, TooLargeError, NoRoomError) as error:
            body.forget()
            await _refusal_of_body(error, body.max_bytes, remedy)(scope, receive, unread.send)
            return
        unread.is_over = True
        wrong = reason_to_refuse(content) if content and _is_json(scope) else None
        if wrong is not None:
            await problem(400, "body.unreadable", wrong, "Send plain JSON.")(scope, receive, unread.send)
            return
        await self._app(scope, _replay(content, receive), unread.send)

    def _bound_of(self, scope: Scope) -> tuple[int, str]:
        for one in self._larger:
            if scope["method"] == one.method and one.path.fullmatch(scope["path"]):
                return one.body_bytes, one.remedy
        return self._body_bytes, "Send less at once."


class _Unread:
    """Closes the connection after an answer that is sent before the body was read: the rest would be in the way."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.is_over = False

    async def send(self, message: Message) -> None:
        """Sends a message of the answer."""
        if message["type"] == "http.response.start" and not self.is_over:
            others = [one for one in message.get("headers", []) if one[0].lower() != b"connection"]
            message = {**message, "headers": [*others, (b"connection", b"close")]}
        await self._send(message)


def _refusal_of_head(scope: Scope) -> Response | None:
    return next((refusal for check in _HEAD_CHECKS if (refusal := check(scope)) is not None), None)


def _size_of_head(scope: Scope) -> Response | None:
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MAX_HEAD_BYTES:
        detail = f"All headers together may have at most {MAX_HEAD_BYTES} bytes."
        return problem(431, "headers.too_large", detail, "Send shorter ones.")
    if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
        detail = f"Path and query together may have at most {MAX_TARGET_BYTES} bytes."
        return problem(414, "target.too_long", detail, "Ask for less at once.")
    return None


def _authorization(scope: Scope) -> Response | None:
    refusal = credentials_of(scope).refusal
    if refusal is None:
        return None
    return problem(401, "token.unreadable", refusal, "Send it once, as Authorization: Bearer <token>, with one space.")


def _repeats(scope: Scope) -> Response | None:
    repeated = repeated_header(scope)
    if repeated is None:
        return None
    return problem(400, "header.repeated", f"The header {repeated} is there more than once.", "Send it once.")


def _form_of_body(scope: Scope) -> Response | None:
    if any(encoding.strip().lower() != b"identity" for encoding in values_of(scope, b"content-encoding")):
        return problem(415, "body.encoded", "A compressed body is not accepted.", "Send it uncompressed.")
    if media_type_of(scope) is None:
        remedy = "Write it as a type and a subtype, such as application/json."
        return problem(415, "body.unsupported", "The header Content-Type cannot be read.", remedy)
    return None


_HEAD_CHECKS: tuple[Callable[[Scope], Response | None], ...] = (_size_of_head, _authorization, _repeats, _form_of_body)


def _settled(scope: Scope) -> Scope:
    """Returns the scope with lists in one line each, and HEAD as GET. It is the same one unless it is of a HEAD."""
    scope["headers"] = with_lists_joined(scope["headers"])
    return {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope


def _refusal_of_body(error: Exception, max_bytes: int, remedy: str) -> Response:
    if isinstance(error, TimeoutError):
        return problem(408, "body.slow", "The body took too long.", "Send it faster.")
    if isinstance(error, NoRoomError):
        detail = "The bodies that are being sent fill the memory that is kept for them."
        return problem(503, "bodies.too_many", detail, "Send this again in a moment, and fewer large bodies at once.")
    return _too_large(max_bytes, remedy)


def _too_large(max_bytes: int, remedy: str) -> Response:
    return problem(413, "body.too_large", f"A body may have at most {max_bytes} bytes.", remedy)


def _is_json(scope: Scope) -> bool:
    kind = media_type_of(scope) or ""
    return kind == "application/json" or kind.endswith("+json")


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replay() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replay
