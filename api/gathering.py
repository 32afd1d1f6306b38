"""Doing what several calls want at one moment in one transaction: the busier the service, the cheaper each call."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

Item = TypeVar("Item")
Answer = TypeVar("Answer")

AT_MOST = 100
AT_ONCE = 2
"""Groups under way at a time: with one alone, whoever comes next would wait for a whole commit before its own."""


class Gatherer(Generic[Item, Answer]):
    """`work` is given what has come in and answers each item, in order; an answer that is an exception is raised.

    An item that comes while nothing is under way goes at once, alone. Nobody waits for company.
    """

    def __init__(self, work: Callable[[Sequence[Item]], Awaitable[Sequence[Answer | Exception]]]) -> None:
        self._work = work
        self._waiting: list[tuple[Item, asyncio.Future[Answer]]] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __call__(self, item: Item) -> Answer:
        """Returns the answer for `item`, or raises it. The work goes on when the caller no longer waits."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        if len(self._tasks) < AT_ONCE:
            self._tasks.add(asyncio.create_task(self._run()))
        return await answer

    async def _run(self) -> None:
        try:
            await self._work_off()
        finally:
            # Here and not in a callback, which would run a moment later: who came between would wait for ever.
            self._tasks.discard(cast("asyncio.Task[None]", asyncio.current_task()))

    async def _work_off(self) -> None:
        while self._waiting:
            taken, self._waiting = self._waiting[:AT_MOST], self._waiting[AT_MOST:]
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
