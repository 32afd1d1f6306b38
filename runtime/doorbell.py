"""The doorbell: says, after a commit, that there may be work. Losing a ring loses nothing; the sweep finds the rows."""

import logging
import threading
import time
from collections.abc import Callable, Sequence

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

CONNECT_SECONDS = 2.0
WAIT_SECONDS = 1.0
"""How long one wait in Redis lasts at most, so that whoever waits can stop."""
READ_SECONDS = 5.0
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
        self._redis = redis.Redis.from_url(
            redis_url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=READ_SECONDS,
            retry=Retry(NoBackoff(), 1),  # a connection may be of a Redis that was restarted since
        )
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
        """Gives True once `bell` is rung, or False after `seconds` or WAIT_SECONDS. Never raises: without Redis the
        time passes."""
        seconds = max(0.001, min(seconds, WAIT_SECONDS))  # Redis takes 0 for ever
        try:
            return self._redis.blpop([_key(bell)], timeout=seconds) is not None
        except (redis.RedisError, OSError):
            time.sleep(seconds)
            return False

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
        pipeline = self._redis.pipeline(transaction=False)
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


def _key(bell: str) -> str:
    return f"devcenter:bell:{bell}"
