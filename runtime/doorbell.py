"""The doorbell signals, after a commit, that there may be work. A lost ring loses nothing: the sweep finds the rows."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from runtime.telemetry import BELL_FAILURES

ANSWER_SECONDS = 0.5
"""How long Redis may take to accept a connection, and to answer."""
WAIT_SECONDS = 1.0
"""The longest that one blocking call to Redis lasts, so that the waiting thread can be stopped."""
KEPT_SECONDS = 60
"""How long a ring is kept while nobody waits for it. By then the sweep has long found the work."""

log = logging.getLogger(__name__)


class Doorbell:
    """Rings bells, and waits for them to be rung.

    A rung bell is a token in a Redis list. The worker that has waited longest takes it and then looks for work. Until
    it is taken, one token stands for any number of rings: all their commits precede that look. Busy workers do not
    wait, so a ring reaches an idle one, and is kept while there is none.
    """

    def __init__(self, redis_url: str, *, on_failure: Callable[[str], None]) -> None:
        self._ringing = _client(redis_url, ANSWER_SECONDS, tries=2)  # Redis may have restarted since
        self._waiting = _client(redis_url, WAIT_SECONDS + ANSWER_SECONDS, tries=1)
        self._is_heard = self._is_rung = True
        self._on_failure = on_failure
        self._pending: set[str] = set()
        self._wanted = threading.Condition()
        self._thread: threading.Thread | None = None
        self._sending = False
        self._closed = False

    def ring(self, *bells: str) -> None:
        """Rings `bells` from a background thread. Call it after the commit. Never blocks and never raises."""
        with self._wanted:
            if self._closed:
                return
            self._pending.update(bells)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="doorbell", daemon=True)
                self._thread.start()
            self._wanted.notify_all()

    def wait(self, bell: str, seconds: float) -> bool:
        """Returns True once `bell` is rung, or False after about `seconds`, at most about WAIT_SECONDS.

        Never raises: without Redis it sleeps for that time, and calls `on_failure`.
        """
        return self.wait_for_any([bell], seconds) is not None

    def wait_for_any(self, bells: Sequence[str], seconds: float) -> str | None:
        """Returns the first of `bells` that is rung, or None; otherwise like `wait`."""
        seconds = max(0.001, min(seconds, WAIT_SECONDS))  # Redis takes 0 to mean forever
        ends_at = time.monotonic() + seconds
        try:
            answer = self._waiting.blpop([_key(bell) for bell in bells], timeout=seconds)
        except Exception as error:  # noqa: BLE001 (whatever went wrong, the sweep finds the work)
            if self._is_heard:
                log.warning("bells cannot be waited for, and work waits for the sweep: %r", error)
            self._is_heard = False
            self._on_failure(bells[0])
            with suppress(Exception):
                self._waiting.connection_pool.disconnect(inuse_connections=False)  # their server may be a replica now
            time.sleep(max(0.0, ends_at - time.monotonic()))
            return None
        if not self._is_heard:
            log.warning("bells can be waited for again")
        self._is_heard = True
        rung = answer[0] if isinstance(answer, list | tuple) and answer else None
        return next((bell for bell in bells if _key(bell).encode() == rung), None)

    def close(self, *, seconds: float = 2.0) -> None:
        """Sends the pending rings, for at most `seconds`, and stops the background thread."""
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
                bells = sorted(self._pending)
                self._pending.clear()
                self._sending = True
            self._send(bells)

    def _send(self, bells: Sequence[str]) -> None:
        pipeline = self._ringing.pipeline(transaction=False)
        for bell in bells:
            pipeline.lpush(_key(bell), b"1")
            pipeline.ltrim(_key(bell), 0, 0)
            pipeline.expire(_key(bell), KEPT_SECONDS)
        try:
            pipeline.execute()
        except Exception as error:  # noqa: BLE001 (whatever went wrong, the sweep finds the work)
            if self._is_rung:
                log.warning("bells cannot be rung, and work waits for the sweep: %r", error)
            self._is_rung = False
            for bell in bells:
                self._on_failure(bell)
            return
        if not self._is_rung:
            log.warning("bells can be rung again")
        self._is_rung = True


def counted_doorbell(redis_url: str, bells: Iterable[str]) -> Doorbell:
    """Returns a doorbell that counts its failures in the metrics, where those of `bells` start at 0."""
    for bell in bells:
        BELL_FAILURES.labels(bell)
    return Doorbell(redis_url, on_failure=lambda bell: BELL_FAILURES.labels(bell).inc())


def _client(url: str, answer_seconds: float, *, tries: int) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=ANSWER_SECONDS,
        socket_timeout=answer_seconds,
        retry=Retry(NoBackoff(), tries - 1),
    )


def _key(bell: str) -> str:
    return f"devcenter:bell:{bell}"
