"""Records when tokens were last used: calls note it in memory, and a background task writes it for all of them."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from workflow.identity.tokens import USE_RECORDED_EVERY

WRITE_SECONDS = 5.0

log = logging.getLogger(__name__)

WriteUses = Callable[[Sequence[UUID]], Awaitable[None]]


class TokenUse:
    """Collects the uses of tokens and passes them to `write`, which stores them in a transaction of its own.

    A token is written at most once a minute. If `write` fails, its uses are dropped: the next use is noted again.
    """

    def __init__(self, write: WriteUses, *, seconds: float = WRITE_SECONDS) -> None:
        self._write = write
        self._seconds = seconds
        self._noted: dict[UUID, float] = {}
        self._unwritten: set[UUID] = set()
        self._task: asyncio.Task[None] | None = None

    def note(self, token_id: UUID) -> None:
        """Notes a use of a token. Never blocks and never raises. Must be called on the event loop."""
        now = time.monotonic()
        if now - self._noted.get(token_id, -USE_RECORDED_EVERY.total_seconds()) < USE_RECORDED_EVERY.total_seconds():
            return
        self._noted[token_id] = now
        self._unwritten.add(token_id)
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._later())

    async def flush(self) -> None:
        """Writes the uses noted so far, and forgets tokens that have not been used for a minute."""
        ids, self._unwritten = self._unwritten, set()
        horizon = time.monotonic() - USE_RECORDED_EVERY.total_seconds()
        self._noted = {token_id: at for token_id, at in self._noted.items() if at > horizon}
        if not ids:
            return
        try:
            await self._write(sorted(ids))
        except Exception:
            log.warning("the last use of %s tokens could not be written", len(ids), exc_info=True)

    async def _later(self) -> None:
        await asyncio.sleep(self._seconds)
        await self.flush()
