"""The calls of the tracking API: who sends is known first, then the body is taken, read, judged and stored."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tracking.answers import (
    UNKNOWN_KEY,
    Refusal,
    RefusedError,
    accepted,
    browser_settings,
    no_settings,
    pixel,
    preflight,
    refusal,
    refused,
)
from tracking.limits import SenderLimits
from tracking.reading import (
    CALLS,
    MAX_BODY_BYTES,
    METRICS_CALL,
    TOO_LARGE,
    event_of_pixel,
    events_of,
    inflate,
    is_compressed,
    key_in_body,
    key_in_header,
    read_body,
)
from tracking.receiving import Receiver
from web.bodies import Body, BodyBudget, BrokenOffError, NoRoomError, TooLargeError
from web.headers import declared_length, network_of_client
from workflow.identity.secrets import hash_of
from workflow.sandbox.streams import Stream

BODY_SECONDS: Final = 30.0
NO_ROOM: Final = Refusal(
    429, "bodies.no_room", "Bodies that are under way leave no room for this one.", "Send it again.", retry_after_s=1
)
SLOW: Final = Refusal(408, "body.slow", f"The body took longer than {BODY_SECONDS:.0f} s.", "Send it faster.")


@dataclass(slots=True)
class Door:
    """The calls, as the endpoints of an application.

    `known` is the budget of bodies whose sender is known by the header, `open_bodies` that of all others, which is
    counted by address.
    """

    receiver: Receiver
    limits: SenderLimits
    known: BodyBudget
    open_bodies: BodyBudget
    public_url: str

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a call that sends events."""
        call = scope["path_params"]["call"]
        if call not in CALLS:
            answer = unknown_call()
        elif scope["method"] == "OPTIONS":
            answer = preflight()
        elif scope["method"] != "POST":
            answer = refused(Refusal(405, "method.not_allowed", "This call is a POST.", "Send events by POST."))
            answer.headers["Allow"] = "POST, OPTIONS"
        else:
            answer = await self._answer(call, scope, receive)
        await answer(scope, receive, send)

    async def settings(self, request: Request) -> Response:
        """Answers the browser SDK, which asks where to send."""
        key = request.path_params["key"]
        try:
            await self.limits.take_of_address(network_of_client(request.scope))
            stream = await self.receiver.stream_of(hash_of(key)) if key.isascii() else None
        except RefusedError as error:
            return refused(error.refusal)
        return no_settings() if stream is None else browser_settings(key, self.public_url)

    async def pixel(self, request: Request) -> Response:
        """Takes an event from a picture's address. The answer is the picture, whatever comes of the event."""
        try:
            await self.limits.take_of_address(network_of_client(request.scope))
            event = event_of_pixel(request.path_params["kind"], request.query_params.get("data", ""))
            stream = await self._stream_of(key_in_body(event))
            await self.receiver.keep(stream, await self.receiver.judge(stream, events_of(event["type"], event)))
        except RefusedError:
            pass
        return pixel()

    async def _answer(self, call: str, scope: Scope, receive: Receive) -> Response:
        body: Body | None = None
        is_read = False
        try:
            zipped = is_compressed(scope)
            if (declared_length(scope) or 0) > MAX_BODY_BYTES:
                raise RefusedError(TOO_LARGE)
            stream, body = await self._admitted(call, scope)
            content = await _content(body, receive)
            is_read = True
            await self._take_in(call, stream, content, body, zipped=zipped)
            return accepted()
        except RefusedError as error:
            return refused(error.refusal, is_unread=not is_read)
        finally:
            if body is not None:
                body.forget()

    async def _admitted(self, call: str, scope: Scope) -> tuple[Stream | None, Body]:
        """Returns the stream that the header names, if it names one, and a body that is counted under its sender."""
        key, network = key_in_header(scope), network_of_client(scope)
        if key is not None and call != METRICS_CALL:
            if not self.limits.is_known(hash_of(key)):
                await self.limits.take_of_address(network)
            stream = await self._stream_of(key)
            return stream, Body(self.known, str(stream.component_id), MAX_BODY_BYTES)
        await self.limits.take_of_address(network)
        return None, Body(self.open_bodies, network, MAX_BODY_BYTES)

    async def _take_in(self, call: str, stream: Stream | None, content: bytes, body: Body, *, zipped: bool) -> None:
        if call == METRICS_CALL:
            return
        with _room(body, MAX_BODY_BYTES if zipped else 0):
            async with self.receiver.turn_of(body.sender):
                value = read_body(inflate(content) if zipped else content)
                if stream is None:
                    stream = await self._stream_of(key_in_body(value))
                received = await self.receiver.judge(stream, events_of(call, value))
            await self.receiver.keep(stream, received)

    async def _stream_of(self, key: str | None) -> Stream:
        """Counts a request of the key, and returns its stream. Raises RefusedError."""
        if key is None:
            raise RefusedError(UNKNOWN_KEY)
        key_hash = hash_of(key)
        await self.limits.take_of_key(key_hash)
        stream = await self.receiver.stream_of(key_hash)
        if stream is None:
            raise RefusedError(UNKNOWN_KEY)
        self.limits.remember(key_hash)
        return stream


@contextmanager
def _room(body: Body, size: int) -> Iterator[None]:
    """Holds `size` more bytes of the body's budget while the block lasts. Raises RefusedError if there is no room."""
    if size and not body.budget.take(body.sender, size):
        raise RefusedError(NO_ROOM)
    try:
        yield
    finally:
        if size:
            body.budget.give_back(body.sender, size)


async def _content(body: Body, receive: Receive) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await body.read(receive)
    except TimeoutError:
        raise RefusedError(SLOW) from None
    except TooLargeError:
        raise RefusedError(TOO_LARGE) from None
    except NoRoomError:
        raise RefusedError(NO_ROOM) from None
    except BrokenOffError:
        raise refusal(400, "body.broken_off", "The body broke off.", "Send it whole.") from None


def unknown_call() -> Response:
    """Returns the answer to a path that is no call."""
    return refused(Refusal(404, "call.unknown", "There is no such call.", "Send events to /v1/batch."))
