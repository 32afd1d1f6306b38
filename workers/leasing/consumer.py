"""The Dramatiq consumer of a leased queue: it reads rows from Postgres, and Dramatiq's threads run the actor."""

from collections.abc import Iterable

from dramatiq import Consumer, MessageProxy

from workers.leasing.queue import LeasedQueue


class LeasedConsumer(Consumer):
    """Passes the rows of `queue` to Dramatiq. It has no state of its own and never raises."""

    def __init__(self, queue: LeasedQueue, timeout_ms: int) -> None:
        self._queue = queue
        self._seconds = timeout_ms / 1000

    def __next__(self) -> MessageProxy | None:
        message = self._queue.next(self._seconds)
        return None if message is None else MessageProxy(message)

    def ack(self, message: MessageProxy) -> None:
        self._queue.done(message)

    def nack(self, message: MessageProxy) -> None:
        self._queue.done(message)

    def close(self) -> None:
        self._queue.close()

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        self._queue.requeue(messages)
