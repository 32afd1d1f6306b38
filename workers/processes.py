"""The threads and queues that a worker process has in addition to Dramatiq's: judging, bells and leased work."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from workers.actors import LEASED_WORK
from workers.context import WorkerContext
from workers.judging.thread import JudgingThread
from workers.leasing.capacity import ProcessCapacity
from workers.leasing.listening import BellListener
from workers.leasing.queue import LeasedQueue
from workflow.work.bells import MESSAGE_QUEUE, QUEUES, Bell
from workflow.work.kinds import LEASED_KINDS


class Bells(Protocol):
    """The bells as a process uses them: it waits for them, and closes them at the end."""

    def wait(self, bell: str, seconds: float) -> bool: ...
    def wait_for_any(self, bells: Sequence[str], seconds: float) -> str | None: ...
    def close(self) -> None: ...


class ProcessWork:
    """The judging thread, the thread that listens for bells, and the queues of leased work of one process."""

    def __init__(
        self, context: WorkerContext, bells: Bells, sweep_seconds: float, report: Callable[[str, int], None]
    ) -> None:
        self._bells = bells
        self._capacity = ProcessCapacity(context.judging.is_set, report)
        self._judging = JudgingThread(context, bells.wait, sweep_seconds)
        self._listener = BellListener(bells.wait_for_any, context.ring)
        self.queues = [
            LeasedQueue(
                LEASED_KINDS[work.kind], work.actor_name, context.engine, self._capacity, sweep_seconds, context.ring
            )
            for work in LEASED_WORK
        ]

    def check(self, whitelist: Collection[str] | None) -> None:
        """Raises ValueError for a name in `whitelist` that is not a queue's; Dramatiq would silently ignore it."""
        unknown = set(whitelist or ()) - set(QUEUES)
        if unknown:
            raise ValueError(f"No queue is named {', '.join(sorted(unknown))}. The queues are: {', '.join(QUEUES)}.")

    def start(self, threads: int, whitelist: Collection[str] | None) -> None:
        """Begins with what `whitelist` names, or with everything, on a worker of so many threads."""
        queues = [queue for queue in self.queues if whitelist is None or queue.kind.bell in whitelist]
        takes_messages = whitelist is None or MESSAGE_QUEUE in whitelist
        self._capacity.open(threads, [queue.kind.kind for queue in queues], message_queues=int(takes_messages))
        self._listener.start(queues)
        if whitelist is None or Bell.APPLY in whitelist:
            self._judging.start()

    def stop(self) -> None:
        """Stops leasing, listening and judging. Rows that were begun are finished."""
        for queue in self.queues:
            queue.stop()
        self._listener.stop()
        self._judging.stop()

    def close(self) -> None:
        """Sends pending rings and closes the bells."""
        self._bells.close()
