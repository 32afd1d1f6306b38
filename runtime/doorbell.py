"""The doorbell: says, after a commit, that there may be work. Losing a ring loses nothing; the sweep finds the rows."""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dramatiq import Message
from redis.exceptions import RedisError

from runtime.broker import WakingRedisBroker

QUIET_MS = 1000
"""How long one ring stands for all, unless it is answered sooner."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Bell:
    """A kind of work, and the queue and actor that do it."""

    name: str
    queue_name: str
    actor_name: str


APPLY = Bell("apply", "apply", "apply_due_requests")
STEPS = Bell("steps", "steps", "run_due_steps")
NOTIFICATIONS = Bell("notifications", "notifications", "deliver_due_notifications")
JOBS = Bell("jobs", "jobs", "run_due_jobs")
CHECKS = Bell("checks", "checks", "run_due_checks")


class Doorbell:
    """Rings without waiting: a thread of its own sends, so that many rings in a moment are one message.

    Between processes a flag in Redis keeps rings together. Whoever answers a bell takes the flag away before it looks
    for work (`answered`). So a ring that found the flag up was rung before that look: its commit came before the ring,
    and the look sees it. A flag whose message was lost falls by itself after a second.
    """

    def __init__(self, broker: WakingRedisBroker, *, on_failure: Callable[[str], None]) -> None:
        self._broker = broker
        self._on_failure = on_failure
        self._pending: dict[str, Bell] = {}
        self._wanted = threading.Condition()
        self._thread: threading.Thread | None = None
        self._sending = False
        self._closed = False

    def ring(self, *bells: Bell) -> None:
        """Has `bells` rung soon. Call it after the commit. Never blocks, never raises."""
        with self._wanted:
            if self._closed:
                return
            self._pending |= {bell.name: bell for bell in bells}
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()
            self._wanted.notify_all()

    def answered(self, bell: Bell) -> None:
        """Takes the bell's flag away. Call it before looking for work. Never raises: without it the flag falls."""
        try:
            self._broker.client.delete(self._flag(bell))
        except (RedisError, OSError):
            self._on_failure(bell.name)

    def close(self, *, seconds: float = 2.0) -> None:
        """Sends what is pending, for at most `seconds`, and stops."""
        deadline = time.monotonic() + seconds
        with self._wanted:
            while (self._pending or self._sending) and self._wanted.wait(max(0.0, deadline - time.monotonic())):
                pass
            self._closed = True
            self._wanted.notify_all()

    def _run(self) -> None:
        while True:
            with self._wanted:
                self._sending = False
                self._wanted.notify_all()
                while not self._pending and not self._closed:
                    self._wanted.wait()
                if self._closed:
                    return
                bells = list(self._pending.values())
                self._pending.clear()
                self._sending = True
            self._send(bells)

    def _send(self, bells: Sequence[Bell]) -> None:
        try:
            raised = self._raise_flags(bells)
        except Exception:
            # Whatever it is, the work is in Postgres and the sweep finds it.
            log.warning("bells could not be rung: %s", ", ".join(bell.name for bell in bells), exc_info=True)
            for bell in bells:
                self._on_failure(bell.name)
            return
        for bell in raised:
            self._send_message(bell)

    def _send_message(self, bell: Bell) -> None:
        try:
            message: Message[Any] = Message(bell.queue_name, bell.actor_name, (), {}, {})
            self._broker.enqueue(message)
        except Exception:
            log.warning("bell %s could not be rung", bell.name, exc_info=True)
            self._on_failure(bell.name)

    def _raise_flags(self, bells: Sequence[Bell]) -> list[Bell]:
        """Gives the bells whose flags were down."""
        pipeline = self._broker.client.pipeline(transaction=False)
        for bell in bells:
            pipeline.set(self._flag(bell), b"1", nx=True, px=QUIET_MS)
        return [bell for bell, was_down in zip(bells, pipeline.execute(), strict=True) if was_down]

    def _flag(self, bell: Bell) -> str:
        return f"{self._broker.namespace}:bell:{bell.name}"
