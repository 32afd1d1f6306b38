"""A burst: many events to one endpoint, at a steady rate, by threads of its own. The first sign of distress stops it.

Each request has a deadline of its own by its socket, so that the whole ends in time whatever the endpoint does.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from workflow.component_tests.judging import Exchange
from workflow.component_tests.volume import Answered, BurstPlan, distress_of

AT_ONCE: Final = 64
"""How many events may wait for their answers at a time."""
ANSWER_TIME: Final = timedelta(seconds=5)
"""How long one answer of a burst may take."""
RESERVE: Final = timedelta(seconds=12)
"""How much longer than its plan a burst may take: a look-up, a claim, the last answers and a deletion."""


class _Tally:
    """The answers as they come. `stop` is set at the first sign of distress, and `why` says which."""

    def __init__(self) -> None:
        self.answers: list[Answered] = []
        self.stop = threading.Event()
        self.why: str | None = None
        self.error: BaseException | None = None
        self._lock = threading.Lock()

    def add(self, answered: Answered) -> None:
        with self._lock:
            self.answers.append(answered)
            if self.why is None and (why := distress_of(self.answers)) is not None:
                self.give_up(why)

    def give_up(self, why: str) -> None:
        self.why = self.why or why
        self.stop.set()


def send_burst(plan: BurstPlan, send: Callable[[int], Exchange]) -> tuple[list[Answered], str | None]:
    """Sends the events of the plan by `send`, which takes their numbers. Returns the answers, and why it was stopped.

    Blocks for as long as the plan says, and for the last answers. Raises what `send` raises.
    """
    tally, slots = _Tally(), threading.BoundedSemaphore(AT_ONCE)
    began = time.monotonic()

    def one(number: int) -> None:
        at = time.monotonic()
        try:
            came = send(number)
            seconds = came.seconds if came.seconds is not None else time.monotonic() - at
            tally.add(Answered(came.status, None if came.status is not None else came.problem, seconds))
        except BaseException as error:  # noqa: BLE001 (raised below, in the thread that waits)
            tally.error = error
            tally.stop.set()
        finally:
            slots.release()

    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="burst") as pool:
        for number in range(plan.planned):
            if tally.stop.wait(max(0.0, began + number / plan.rate - time.monotonic())):
                break
            if not slots.acquire(blocking=False):
                tally.give_up(f"{AT_ONCE} events waited for their answers at once")
                break
            pool.submit(one, number)
    if tally.error is not None:
        raise tally.error
    return tally.answers, tally.why
