"""Calls that share a transaction: each is answered, at whatever moment it arrives."""

import asyncio
from collections.abc import Sequence

from web.gathering import MAX_RUNNING, Gatherer


async def _come_when_all_groups_end() -> tuple[list[int], int]:
    begun, gate, waits = asyncio.Semaphore(0), asyncio.Event(), asyncio.Event()

    async def work(items: Sequence[int]) -> list[int]:
        begun.release()
        await gate.wait()
        return list(items)

    gather = Gatherer(work)
    under_way = []
    for number in range(MAX_RUNNING):
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


def test_an_item_that_arrives_just_as_all_batches_end_is_answered() -> None:
    assert asyncio.run(_come_when_all_groups_end()) == (list(range(MAX_RUNNING)), 7)
