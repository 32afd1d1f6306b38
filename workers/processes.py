"""What a worker process does beside Dramatiq's threads: it judges, listens for bells, and looks for leased work."""

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from workers.actors import LEASED_WORK
from workers.context import WorkerContext
from workers.judging.watch import JudgingWatch
from workers.leasing.listening import BellListener
from workers.leasing.queue import LeasedQueue
from workers.leasing.rooms import Rooms
from workflow.work.bells import MESSAGE_QUEUE, QUEUES, Bell
from workflow.work.kinds import LEASED_KINDS


class Bells(Protocol):
    """Bells that are waited for, and closed when nobody rings them any more."""

    def wait(self, bell: str, seconds: float) -> bool: ...
    def wait_for_any(self, bells: Sequence[str], seconds: float) -> str | None: ...
    def close(self) -> None: ...


class ProcessWork:
    """The judging thread, the thread that listens for bells, and the queues of leased work of one process."""

    def __init__(
        self, context: WorkerContext, bells: Bells, sweep_seconds: float, report: Callable[[str, int], None]
    ) -> None:
        self._bells = bells
        self._rooms = Rooms(context.judging.is_set, report)
        self._judging = JudgingWatch(context, bells.wait, sweep_seconds)
        self._listener = BellListener(bells.wait_for_any, context.ring)
        self.queues = [
            LeasedQueue(
                LEASED_KINDS[work.kind], work.actor_name, context.engine, self._rooms, sweep_seconds, context.ring
            )
            for work in LEASED_WORK
        ]

    def check(self, whitelist: Collection[str] | None) -> None:
        """Raises ValueError for a name in `whitelist` that is no queue's: it would serve nothing, and say nothing."""
        unknown = set(whitelist or ()) - set(QUEUES)
        if unknown:
            raise ValueError(f"No queue is named {', '.join(sorted(unknown))}. Those are: {', '.join(QUEUES)}.")

    def start(self, threads: int, whitelist: Collection[str] | None) -> None:
        """Begins with what `whitelist` names, or with everything, on a worker of so many threads."""
        queues = [queue for queue in self.queues if whitelist is None or queue.kind.bell in whitelist]
        takes_messages = whitelist is None or MESSAGE_QUEUE in whitelist
        self._rooms.open(threads, [queue.kind.kind for queue in queues], message_queues=int(takes_messages))
        self._listener.start(queues)
        if whitelist is None or Bell.APPLY in whitelist:
            self._judging.start()

    def stop(self) -> None:
        """Hands out nothing more and ends judging. What was begun goes on."""
        for queue in self.queues:
            queue.stop()
        self._listener.stop()
        self._judging.stop()

    def close(self) -> None:
        """Sends the rings that are pending."""
        self._bells.close()
