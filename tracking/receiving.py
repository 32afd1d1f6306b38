"""Judging and storing the events of a call. Senders take turns, so that the large batches of one delay no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from weakref import WeakValueDictionary

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from tracking.answers import Refusal, RefusedError, refusal
from workflow.sandbox.messages import MAX_EVENT_BYTES, EventTooLargeError, ReceivedEvent, receive_event
from workflow.sandbox.storing import Delivery
from workflow.sandbox.streams import Stream

SLICE_EVENTS: Final = 25
"""How many events of a call are judged before other calls get a turn."""
MAX_CALL_CHARACTERS: Final = 4 * 1024 * 1024
"""The length of a call's events together, as JSON. A batch says its context once, and each of its events holds it."""
AWAY: Final = Refusal(
    503, "store.away", "The sandbox cannot store anything at present.", "Send it again.", retry_after_s=2
)
UNSTORABLE: Final = Refusal(
    400, "event.unstorable", "The events hold a value that cannot be stored.", "Send them one by one to find it."
)
TOO_LONG: Final = Refusal(
    400,
    "batch.too_large",
    f"The events have more than {MAX_CALL_CHARACTERS:,} characters, each with the batch's context; none is stored.",
    "Send fewer events at once, or less in the context of the batch.",
)


class UnstorableError(Exception):
    """The database refuses a value of a delivery, and would again."""


@dataclass(slots=True)
class Receiver:
    """Finds streams, and judges and stores their events. `find` and `store` raise what the database says."""

    find: Callable[[bytes], Awaitable[Stream | None]]
    store: Callable[[Delivery], Awaitable[None]]
    _turns: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary)

    async def stream_of(self, key_hash: bytes) -> Stream | None:
        """Returns the stream with this key, None if there is none. Raises RefusedError while the database is away."""
        try:
            return await self.find(key_hash)
        except (DBAPIError, PoolTimeout) as error:
            raise RefusedError(AWAY) from error

    def turn_of(self, sender: str) -> asyncio.Lock:
        """Returns the lock under which a sender's calls are read and judged, so that they delay only its own."""
        return self._turns.setdefault(sender, asyncio.Lock())

    async def judge(self, stream: Stream, events: Sequence[dict[str, Any]]) -> list[ReceivedEvent]:
        """Returns the judged events. Other calls go on in between.

        Raises RefusedError if one of them, or all of them together, are too large.
        """
        received: list[ReceivedEvent] = []
        length = 0
        for index, event in enumerate(events):
            if index % SLICE_EVENTS == SLICE_EVENTS - 1:
                await asyncio.sleep(0)
            try:
                received.append(receive_event(event, stream))
            except EventTooLargeError:
                detail = f"Event {index} has more than {MAX_EVENT_BYTES:,} bytes; none of the call is stored."
                raise refusal(400, "event.too_large", detail, "Send less in one event.") from None
            length += len(received[-1].body)
            if length > MAX_CALL_CHARACTERS:
                raise RefusedError(TOO_LONG)
        return received

    async def keep(self, stream: Stream, received: Sequence[ReceivedEvent]) -> None:
        """Returns once all events are stored. Raises RefusedError, after which none of them is."""
        if not received:
            return
        try:
            await self.store(Delivery(stream, received))
        except UnstorableError:
            raise RefusedError(UNSTORABLE) from None
        except (DBAPIError, PoolTimeout) as error:
            raise RefusedError(AWAY) from error
