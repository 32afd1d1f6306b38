"""One thread that waits for the bells of all leased queues that have room."""

import logging
import random
import threading
from collections.abc import Callable, Sequence

from workers.leasing.queue import LeasedQueue
from workflow.work.bells import Bell

log = logging.getLogger(__name__)

WAIT_SECONDS = 1.0
FULL_SECONDS = 0.05
"""How long it rests while no queue has room."""

WaitForBells = Callable[[Sequence[Bell], float], str | None]
"""Returns the bell that was rung, or None after a while: at most after so many seconds."""


class BellListener:
    """Rings the queues of this process. Whoever has no room does not listen, so that a ring goes to somebody idle."""

    def __init__(self, wait: WaitForBells, ring_for_others: Callable[..., None]) -> None:
        self._wait = wait
        self._ring_for_others = ring_for_others
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, queues: Sequence[LeasedQueue]) -> None:
        """Starts the thread, unless there is nothing to listen for."""
        if queues:
            self._thread = threading.Thread(target=self._run, args=(queues,), name="leased-bells", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Ends within about a second."""
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
                log.exception("waiting for bells broke; it is tried again")
                self._stop.wait(WAIT_SECONDS)
                continue
            if rung is None:
                continue
            queue = by_bell[Bell(rung)]
            if self._stop.is_set() or not queue.has_room():
                self._ring_for_others(rung)
            else:
                queue.ring()
