"""Judging and storing the events of a call. The streams take turns, so that a large batch of one delays no other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tracking.answers import Refusal, RefusedError, refusal
from workflow.sandbox.messages import MAX_EVENT_BYTES, EventTooLargeError, ReceivedEvent, receive_event
from workflow.sandbox.storing import Delivery
from workflow.sandbox.streams import Stream

SLICE_EVENTS: Final = 25
"""How many events of a call are judged before other calls get a turn."""
AWAY: Final = Refusal(
    503, "store.away", "The sandbox cannot store anything at present.", "Send it again.", retry_after_s=2
)
UNSTORABLE: Final = Refusal(
    400, "event.unstorable", "The events hold a value that cannot be stored.", "Send them one by one to find it."
)


class UnstorableError(Exception):
    """The database refuses a value of a delivery, and would again."""


@dataclass(slots=True)
class Receiver:
    """Takes the events of one call after the other of each stream. `find` and `store` raise what the database says."""

    find: Callable[[bytes], Awaitable[Stream | None]]
    store: Callable[[Delivery], Awaitable[None]]
    _turns: dict[UUID, "_Turn"] = field(default_factory=dict)

    async def stream_of(self, key_hash: bytes) -> Stream | None:
        """Returns the stream with this key, None if there is none. Raises RefusedError while the database is away."""
        try:
            return await self.find(key_hash)
        except (DBAPIError, PoolTimeout) as error:
            raise RefusedError(AWAY) from error

    async def receive(self, stream: Stream, events: Sequence[dict[str, Any]]) -> None:
        """Returns once all events are stored. Raises RefusedError, after which none of them is."""
        async with self._turn_of(stream.component_id):
            received = await _judged(stream, events)
        if not received:
            return
        try:
            await self.store(Delivery(stream, received))
        except UnstorableError:
            raise RefusedError(UNSTORABLE) from None
        except (DBAPIError, PoolTimeout) as error:
            raise RefusedError(AWAY) from error

    @asynccontextmanager
    async def _turn_of(self, component_id: UUID) -> AsyncIterator[None]:
        turn = self._turns.setdefault(component_id, _Turn())
        turn.users += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.users -= 1
            if not turn.users:
                self._turns.pop(component_id, None)


@dataclass(slots=True)
class _Turn:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


async def _judged(stream: Stream, events: Sequence[dict[str, Any]]) -> list[ReceivedEvent]:
    received = []
    for index, event in enumerate(events):
        if index % SLICE_EVENTS == SLICE_EVENTS - 1:
            await asyncio.sleep(0)
        try:
            received.append(receive_event(event, stream))
        except EventTooLargeError:
            detail = f"Event {index} has more than {MAX_EVENT_BYTES:,} bytes; none of the call is stored."
            raise refusal(400, "event.too_large", detail, "Send less in one event.") from None
    return received
