"""Calls that share a transaction: whoever comes, at whatever moment, is answered."""

import asyncio
from collections.abc import Sequence

from api.gathering import AT_ONCE, Gatherer


async def _come_when_all_groups_end() -> tuple[list[int], int]:
    begun, gate, waits = asyncio.Semaphore(0), asyncio.Event(), asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        begun.release()
        await gate.wait()
        return list(items)

    gather = Gatherer(work)
    under_way = []
    for number in range(AT_ONCE):
        under_way.append(asyncio.create_task(gather(number)))
        await begun.acquire()

    async def come_late() -> int:
        waits.set()
        await gate.wait()
        return await gather(7)

    late = asyncio.create_task(come_late())
    await waits.wait()
    gate.set()
    return [await one for one in under_way], await asyncio.wait_for(late, 5)


def test_who_comes_in_the_moment_in_which_all_groups_end_is_answered() -> None:
    assert asyncio.run(_come_when_all_groups_end()) == (list(range(AT_ONCE)), 7)
