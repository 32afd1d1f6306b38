"""Waits for outcomes (`Prefer: wait=N`). One task polls for all waiters, so a waiter holds no connection or thread."""

import asyncio
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable
from uuid import UUID

MAX_WAIT_SECONDS = 30
LOOK_SECONDS = 0.02

FindFinished = Callable[[list[UUID]], Awaitable[set[UUID]]]


class Waiter:
    """Waits for requests to finish. `find_finished` returns which of the given request ids are no longer due."""

    def __init__(self, find_finished: FindFinished) -> None:
        self._find_finished = find_finished
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None

    async def wait(self, request_id: UUID, seconds: float) -> None:
        """Returns when the request has been judged, or after `seconds`."""
        done = asyncio.Event()
        self._waiting[request_id].add(done)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())
        try:
            await asyncio.wait_for(done.wait(), seconds)
        except TimeoutError:
            return
        finally:
            self._waiting[request_id].discard(done)
            if not self._waiting[request_id]:
                del self._waiting[request_id]

    async def _look(self) -> None:
        while self._waiting:
            try:
                finished = await self._find_finished(list(self._waiting))
            except Exception:  # noqa: BLE001 (the database is away; each waiter ends at its own deadline)
                finished = set()
            for request_id in finished:
                for done in self._waiting.get(request_id, ()):
                    done.set()
            await asyncio.sleep(LOOK_SECONDS)


def seconds_to_wait(prefer: str | None) -> int:
    """Returns the N of `Prefer: wait=N` (RFC 7240) in seconds, at most 30; 0 if the header does not ask to wait."""
    found = re.search(r"(?:^|[,;\s])wait\s*=\s*\"?(\d{1,6})", prefer or "")
    return min(int(found.group(1)), MAX_WAIT_SECONDS) if found else 0
