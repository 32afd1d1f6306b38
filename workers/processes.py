"""The threads and queues that a worker process has in addition to Dramatiq's: judging, bells and leased work."""

import logging
from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from workers.actors import LEASED_WORK
from workers.context import WorkerContext
from workers.judging.thread import STOP_SECONDS, JudgingThread
from workers.leasing.capacity import ProcessCapacity
from workers.leasing.listening import BellListener
from workers.leasing.queue import LeasedQueue
from workflow.work.bells import MESSAGE_QUEUE, QUEUES, Bell
from workflow.work.kinds import LEASED_KINDS, DueKind

log = logging.getLogger(__name__)


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
        self._is_judging = context.judging.is_set
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
        """Stops leasing, listening and judging, and logs what is waited for. Rows that were begun are finished."""
        for queue in self.queues:
            queue.stop()
        log.info("stopping: %s", self._waiting())
        self._listener.stop()
        self._judging.stop()

    def close(self) -> None:
        """Sends pending rings, closes the bells, and logs what was left."""
        self._bells.close()
        if self._in_hand() or self._is_judging():
            log.warning("stopped: %s", self.leftovers())
        else:
            log.info("stopped: what was begun is finished, and the rest is due for other workers")

    def leftovers(self) -> str:
        """Returns in words what a process that ends now leaves unfinished, and what becomes of it."""
        parts, in_hand = [], self._in_hand()
        if in_hand:
            seconds = max(LEASED_KINDS[kind].lease.total_seconds() for kind in in_hand)
            parts.append(f"{_words(in_hand)} cut off, and due again when the leases end, in {seconds:.0f} s at most")
        if self._is_judging():
            parts.append("a batch that was not committed is judged again at once")
        return "; ".join(parts) or "nothing was under way"

    def _waiting(self) -> str:
        """Returns in words what is waited for, and for how long."""
        in_hand = self._in_hand()
        seconds = [LEASED_KINDS[kind].longest_attempt.total_seconds() for kind in in_hand]
        things = [_words(in_hand)] if in_hand else []
        if self._is_judging():
            things.append("the batch that is being judged")
            seconds.append(STOP_SECONDS)
        if not things:
            return "nothing is under way"
        return (
            f"waiting for {' and '.join(things)}, at most {max(seconds):.0f} s; press Ctrl-C again to stop now, "
            "which loses nothing"
        )

    def _in_hand(self) -> dict[DueKind, int]:
        return {queue.kind.kind: count for queue in self.queues if (count := queue.begun())}


def _words(in_hand: dict[DueKind, int]) -> str:
    total = sum(in_hand.values())
    kinds = ", ".join(f"{count} {kind.value}" for kind, count in in_hand.items())
    return f"{total} attempt{'' if total == 1 else 's'}{f' ({kinds})' if kinds else ''}"
