"""Does several things at the same moment, each in a thread of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """Runs each in a thread of its own, all from the same moment. Returns their results in order.

    Raises what the first of them raised that failed.
    """
    barrier = Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        barrier.wait(30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(120) for future in [pool.submit(run, act) for act in acts]]
