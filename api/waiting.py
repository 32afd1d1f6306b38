"""Waits for news (`Prefer: wait=N`). One task polls for all waiters, so a waiter holds no connection or thread."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

MAX_WAIT_SECONDS = 30
LOOK_SECONDS = 0.02

Awaited = TypeVar("Awaited")


class Waiter(Generic[Awaited]):
    """Waits for things to be finished. `find_finished` returns which of those given are, and is asked again and again.

    For requests these are the ids of requests that are no longer due.
    """

    def __init__(
        self,
        find_finished: Callable[[list[Awaited]], Awaitable[set[Awaited]]],
        *,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._find_finished = find_finished
        self._look_seconds = look_seconds
        self._waiting: dict[Awaited, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    async def wait(self, awaited: Awaited, seconds: float) -> None:
        """Returns when it is finished, or after `seconds`."""
        done = asyncio.Event()
        self._waiting[awaited].add(done)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            await asyncio.wait_for(done.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._waiting[awaited].discard(done)
            if not self._waiting[awaited]:
                del self._waiting[awaited]

    async def _look(self) -> None:
        while self._waiting:
            try:
                finished = await self._find_finished(list(self._waiting))
            except Exception:  # noqa: BLE001 (the database is away; each waiter ends at its own deadline)
                finished = set[Awaited]()
            for one in finished:
                for done in self._waiting.get(one, ()):
                    done.set()
            await asyncio.sleep(self._look_seconds)


def seconds_to_wait(prefer: str | None) -> int:
    """Returns the N of `Prefer: wait=N` (RFC 7240) in seconds, at most 30; 0 if the header does not ask to wait."""
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})", prefer or "")
    return min(int(found.group(1)), MAX_WAIT_SECONDS) if found else 0
