"""The doorbell: says, after a commit, that there may be work. Losing a ring loses nothing; the sweep finds the rows."""

import logging
import threading
import time
from collections.abc import Callable
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


class Doorbell:
    """Rings without waiting: a thread of its own sends, so that many rings in a moment are one message.

    Between processes a flag in Redis keeps rings together: a ring that finds the flag up sends nothing. Whoever
    answers the bell takes the flag down before it looks for work (`answered`). Why that swallows no ring:

    - The flag is raised before its message is sent. So while it is up, either a message is still to be answered, or
      one was answered and taking the flag down failed, or its message was lost.
    - A message still to be answered takes the flag down after our ring saw it, and looks only then. Our commit came
      before our ring, so that look sees it. A message answered in between has taken the flag down: our ring sends.
    - Where taking it down failed, a look may have begun before our commit while the flag stays. Then the one who
      failed sends a message past the flag, whose answer takes it down before a new look.
    - A message that could not be sent takes its flag with it. If the sender or Redis dies between the two, rings of
      the next second are swallowed at most: the flag falls by itself, and the sweep finds their rows.

    Taking down a flag that was raised for another message only lets one more message through.

    Nothing runs before the first ring, so it may be made before a fork. `on_failure(name)` is called, mostly on the
    doorbell's thread, for every bell whose ring was dropped.
    """

    def __init__(self, broker: WakingRedisBroker, *, on_failure: Callable[[str], None]) -> None:
        self._broker = broker
        self._on_failure = on_failure
        self._pending: dict[Bell, bool] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._sending = False
        self._closed = False

    def ring(self, *bells: Bell) -> None:
        """Has `bells` rung soon. Call it after the commit. Never blocks, never raises; after `close` it is a failure."""
        self._want(bells, past_flag=False)

    def answered(self, bell: Bell) -> None:
        """Takes the bell's flag down, in one round trip. Call it before looking for work. Never raises."""
        try:
            self._broker.client.delete(self._flag(bell))
        except (RedisError, OSError):
            log.warning("the flag of bell %s could not be taken down; it is rung once more", bell.name, exc_info=True)
            self._want([bell], past_flag=True)

    def close(self, *, seconds: float = 2.0) -> None:
        """Sends what is pending, for at most `seconds`, and stops. What is left then has failed."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(
                lambda: not self._pending and not self._sending, max(0.0, deadline - time.monotonic())
            )
            self._closed = True
            left = list(self._pending)
            self._pending.clear()
            self._changed.notify_all()
        for bell in left:
            self._fail(bell)

    def _want(self, bells: "list[Bell] | tuple[Bell, ...]", *, past_flag: bool) -> None:
        with self._changed:
            if not self._closed:
                for bell in bells:
                    self._pending[bell] = past_flag or self._pending.get(bell, False)
                if self._start():
                    self._changed.notify_all()
                    return
                self._pending.clear()
        for bell in bells:
            self._fail(bell)

    def _start(self) -> bool:
        """Sees to it that the thread runs; a forked child has only the memory of one. Tells whether it does."""
        if self._thread is None or not self._thread.is_alive():
            thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                log.warning("there is no thread for the doorbell", exc_info=True)
                return False
            self._thread, self._sending = thread, False
        return True

    def _run(self) -> None:
        while True:
            with self._changed:
                self._sending = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._pending or self._closed)
                if not self._pending:
                    return
                wanted = dict(self._pending)
                self._pending.clear()
                self._sending = True
            for bell, past_flag in wanted.items():
                self._send(bell, past_flag=past_flag)

    def _send(self, bell: Bell, *, past_flag: bool) -> None:
        try:
            if past_flag or self._broker.client.set(self._flag(bell), b"1", nx=True, px=QUIET_MS):
                self._enqueue(bell)
        except Exception:
            log.warning("bell %s could not be rung; the sweep will find its work", bell.name, exc_info=True)
            self._fail(bell)

    def _enqueue(self, bell: Bell) -> None:
        message: Message[Any] = Message(bell.queue_name, bell.actor_name, (), {}, {})
        try:
            self._broker.enqueue(message)
        except Exception:
            self._broker.client.delete(self._flag(bell))
            raise

    def _fail(self, bell: Bell) -> None:
        try:
            self._on_failure(bell.name)
        except Exception:
            log.exception("the failure of bell %s could not be counted", bell.name)

    def _flag(self, bell: Bell) -> str:
        return f"{self._broker.namespace}:bell:{bell.name}"
