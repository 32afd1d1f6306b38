"""How many calls may hold a connection at once: of one App, and of all that write. One App's lock costs others nothing.

A call that waits for a turn, or for another transaction's lock between two tries, holds no connection.
"""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from models.sqlstates import ENDS_CONNECTION, Fault, fault_of
from workflow.errors import WorkflowError

Result = TypeVar("Result")

MAX_WAIT_SECONDS = 5.0
"""How long a call waits for its turn and for locks in all, before it is answered 503."""
MAX_TRIES_AGAIN = 2
"""How often a call is tried again on a new connection, if the one that it had broke or no longer fits."""
FIRST_PAUSE_SECONDS = 0.02
MAX_PAUSE_SECONDS = 0.5
MAX_OF_A_LANE = 2
"""The number of writing calls of one App that hold a connection at once."""


@dataclass(slots=True)
class _Lane:
    places: asyncio.Semaphore
    users: int = 0


@dataclass(slots=True)
class Admission:
    """Lets at most half of a pool's connections be held by calls that write, and by calls that read one resource."""

    connections: int
    _lanes: dict[str, _Lane] = field(default_factory=dict)

    @asynccontextmanager
    async def turn(self, lane: str | None, *, writes: bool, ends_at: float) -> AsyncIterator[None]:
        """Waits for a turn of the lane, and of all that write. Raises WorkflowError `lock.waited` if none comes.

        `lane` names what the call may have to wait for: an App, or a resource that is read.
        """
        half = max(1, self.connections // 2)
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(max(0.001, ends_at - time.monotonic())):
                    if lane is not None:
                        await held.enter_async_context(self._place(lane, min(MAX_OF_A_LANE, half) if writes else half))
                    if writes:
                        await held.enter_async_context(self._place("", half))
            except TimeoutError:
                raise waited_in_vain() from None
            yield

    @asynccontextmanager
    async def _place(self, name: str, places: int) -> AsyncIterator[None]:
        lane = self._lanes.setdefault(name, _Lane(asyncio.Semaphore(places)))
        lane.users += 1
        try:
            async with lane.places:
                yield
        finally:
            lane.users -= 1
            if not lane.users:
                self._lanes.pop(name, None)


def waited_in_vain() -> WorkflowError:
    """Returns the error of a call that has waited for too long for another transaction."""
    return WorkflowError(
        "lock.waited",
        "Another transaction has held what this call needs for too long; nothing was changed.",
        "Try again in a moment, with the same Idempotency-Key.",
    )


@dataclass(slots=True)
class Tries:
    """The tries of one call. Says after each failure whether there is another, and when.

    Without `waits_for_locks`, a lock that is held for too long is an error like others.
    """

    ends_at: float
    waits_for_locks: bool = True
    count: int = 0
    on_new_connections: int = 0

    async def next(self, error: Exception, *, may_have_committed: bool) -> None:
        """Returns when the call should be tried again. Raises `error`, or WorkflowError, if it should not.

        `may_have_committed`: if the connection broke, it may have done so after the transaction was committed.
        """
        fault = fault_of(error)
        self.count += 1
        if fault is Fault.CONFLICT or (fault is Fault.LOCKED and self.waits_for_locks):
            pause = min(FIRST_PAUSE_SECONDS * 2 ** min(self.count - 1, 10), MAX_PAUSE_SECONDS)
            pause *= random.uniform(0.5, 1.5)  # noqa: S311 (not a secret)
            if time.monotonic() + pause > self.ends_at:
                raise waited_in_vain() from error
            await asyncio.sleep(pause)
            return
        is_new_connection_worth_it = fault in ENDS_CONNECTION and self.on_new_connections < MAX_TRIES_AGAIN
        if not is_new_connection_worth_it or (fault is Fault.AWAY and may_have_committed):
            raise error
        self.on_new_connections += 1


async def until_it_works(
    tried: Callable[[], Awaitable[Result]], may_have_committed: Callable[[], bool], tries: Tries
) -> Result:
    """Returns the result of `tried`, which is called again after errors that another try may not meet."""
    while True:
        try:
            return await tried()
        except (DBAPIError, PoolTimeout) as error:
            await tries.next(error, may_have_committed=may_have_committed())
