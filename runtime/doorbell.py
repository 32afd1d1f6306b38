"""The doorbell: says, after a commit, that there may be work. Losing a ring loses nothing; the sweep finds the rows."""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from runtime.telemetry import BELL_FAILURES

ANSWER_SECONDS = 0.5
"""How long Redis may take to connect, and to answer."""
WAIT_SECONDS = 1.0
"""How long one wait in Redis lasts at most, so that whoever waits can stop."""
KEPT_SECONDS = 60
"""How long a ring that nobody hears is kept. By then the sweep has long found the work."""

log = logging.getLogger(__name__)


class Doorbell:
    """Rings bells, and waits for them to be rung.

    A bell that was rung is a token in a list in Redis. Who waits longest takes it and looks for work then. One token
    stands for all rings until it is taken: their commits came before the look. Who is busy does not wait, so that a
    ring goes to somebody idle, and stays while nobody is.
    """

    def __init__(self, redis_url: str, *, on_failure: Callable[[str], None]) -> None:
        self._ringing = _client(redis_url, ANSWER_SECONDS, tries=2)  # a connection may be of a Redis restarted since
        self._waiting = _client(redis_url, WAIT_SECONDS + ANSWER_SECONDS, tries=1)
        self._is_heard = True
        self._on_failure = on_failure
        self._pending: set[str] = set()
        self._wanted = threading.Condition()
        self._thread: threading.Thread | None = None
        self._sending = False
        self._closed = False

    def ring(self, *bells: str) -> None:
        """Has `bells` rung at once, by a thread of its own. Call it after the commit. Never blocks, never raises."""
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

        Never raises: without Redis the time passes, and `on_failure` is told.
        """
        return self.wait_for_any([bell], seconds) is not None

    def wait_for_any(self, bells: Sequence[str], seconds: float) -> str | None:
        """Returns the first of `bells` that is rung, or None; otherwise like `wait`."""
        seconds = max(0.001, min(seconds, WAIT_SECONDS))  # Redis takes 0 for ever
        ends_at = time.monotonic() + seconds
        try:
            answer = self._waiting.blpop([_key(bell) for bell in bells], timeout=seconds)
        except Exception as error:  # noqa: BLE001 (whatever it is, the sweep finds the work)
            if self._is_heard:
                log.warning("bells are not heard, and work waits for the sweep: %r", error)
            self._is_heard = False
            self._on_failure(bells[0])
            self._waiting.connection_pool.disconnect(inuse_connections=False)  # it may lead to what became a replica
            time.sleep(max(0.0, ends_at - time.monotonic()))
            return None
        if not self._is_heard:
            log.warning("bells are heard again")
        self._is_heard = True
        if answer is None:
            return None
        return next(bell for bell in bells if _key(bell).encode() == answer[0])

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
        except Exception:
            # Whatever it is, the work is in Postgres and the sweep finds it.
            log.warning("bells could not be rung: %s", ", ".join(bells), exc_info=True)
            for bell in bells:
                self._on_failure(bell)


def counted_doorbell(redis_url: str, bells: Iterable[str]) -> Doorbell:
    """Returns a doorbell whose failures are in the metrics, those of `bells` from the start: a first one shows."""
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
