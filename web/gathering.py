"""Batches the work of concurrent calls into one transaction, so that each call costs less as load grows."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MAX_BATCH = 100
MAX_RUNNING = 2
"""How many batches run at once. With only one, a new item would have to wait for a whole commit before its own."""


class Gatherer(Generic[Item, Answer]):
    """Collects items and passes them to `work` in batches.

    `work` returns one answer for each item, in order; an answer that is an exception is raised to its caller. An item
    that arrives while no batch is running starts at once, alone: there is no delay to let a batch fill.
    """

    def __init__(
        self,
        work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]],
        *,
        max_batch: int = MAX_BATCH,
    ) -> None:
        self._work = work
        self._max_batch = max_batch
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Item) -> Answer:
        """Returns the answer for `item`, or raises it. If the caller is cancelled, the work goes on."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if len(self._tasks) < MAX_RUNNING:
            self._tasks.add(asyncio.create_task(self._run()))
        return await answer

    async def _run(self) -> None:
        try:
            await self._work_off()
        finally:
            # Not in a done callback: that runs a moment later, and an item that arrives in between would wait forever.
            self._tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _work_off(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[: self._max_batch], self._waiting[self._max_batch :]
            answers: Sequence[Answer | Exception]
            try:
                answers = await self._work([item for item, _ in taken])
            except Exception as error:  # noqa: BLE001 (it is every caller's answer)
                answers = [error] * len(taken)
            for (_, waiting), answer in zip(taken, answers, strict=True):
                if waiting.done():
                    continue
                if isinstance(answer, Exception):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)
