"""The thread that waits for the bells of all leased queues with free capacity."""

import logging
import random
import threading
from collections.abc import Callable, Sequence

from workers.leasing.queue import LeasedQueue
from workflow.work.bells import Bell

log = logging.getLogger(__name__)

WAIT_SECONDS = 1.0
FULL_SECONDS = 0.05
"""How long the thread pauses while no queue has room."""

WaitForBells = Callable[[Sequence[Bell], float], str | None]
"""Returns the bell that was rung, or None after at most the given number of seconds."""


class BellListener:
    """Wakes the queues of this process when their bells ring.

    It does not listen for queues without room, so that their rings go to other processes.
    """

    def __init__(self, wait: WaitForBells, ring_for_others: Callable[..., None]) -> None:
        self._wait = wait
        self._ring_for_others = ring_for_others
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, queues: Sequence[LeasedQueue]) -> None:
        """Starts the thread, unless `queues` is empty."""
        if queues:
            self._thread = threading.Thread(target=self._run, args=(queues,), name="leased-bells", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stops the thread, which takes about a second."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2 * WAIT_SECONDS)

    def _run(self, queues: Sequence[LeasedQueue]) -> None:
        by_bell = {queue.kind.bell: queue for queue in queues}
        while not self._stop.is_set():
            listening = [bell for bell, queue in by_bell.items() if queue.has_room()]
            random.shuffle(listening)  # Redis answers with the first that is rung
            if not listening:
                self._stop.wait(FULL_SECONDS)
                continue
            try:
                rung = self._wait(listening, WAIT_SECONDS)
            except Exception:
                log.exception("waiting for bells failed unexpectedly; trying again")
                self._stop.wait(WAIT_SECONDS)
                continue
            if rung is None:
                continue
            queue = by_bell[Bell(rung)]
            if self._stop.is_set() or not queue.has_room():
                self._ring_for_others(rung)
            else:
                queue.ring()
