"""Dramatiq's Redis broker with consumers that are woken instead of polling, and that lose nothing they cannot read."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
from dramatiq import Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer, _scripts
from dramatiq.errors import ConnectionClosed
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

CONNECT_SECONDS = 2.0
WAIT_SECONDS = 1.0
"""How long a consumer waits to be woken. A producer that wakes nobody is heard after this long at the latest."""
ANSWER_SECONDS = 2.0
"""How much longer than Redis was told to wait an answer may take before the connection counts as lost."""
HEARTBEAT_TIMEOUT_MS = 15_000
"""Silence after which other workers take back what a process holds. Each of its consumers speaks every second, so
fifteen missed beats are a dead process, not a slow one. One that was only paused has its messages run twice."""
MAINTENANCE_CHANCE = 200_000
"""Commands in a million that look for the dead, against Dramatiq's 1,000. A queue's consumer fetches once a second
when idle, so a dead worker is found 5 s after its timeout on average and in 99 of 100 cases after 21 s. A look costs
Redis two range reads of small sets, and a scan of the keys only while there is somebody dead."""
RECLAIM_SECONDS = 30.0
"""How often a consumer compares what Redis counts as held with what this process knows to hold."""
REFUSED_SECONDS = 3.0
"""How long a message that the hook refused waits until it is offered again."""
MAX_REFUSED = 100
"""Refused messages that a consumer keeps at once; with more it fetches nothing until the hook takes some."""
WAKE_TOKENS = 16
WAKE_EXPIRY_SECONDS = 60

Undecodable = Callable[[str, bytes, Exception], None]

_FETCH_ANSWER = b'return redis.call("hmget", queue_messages, unpack(message_ids))'
_FETCH_ANSWER_WITH_IDS = b'return {message_ids, redis.call("hmget", queue_messages, unpack(message_ids))}'

log = logging.getLogger(__name__)


class MalformedMessage(ValueError):
    """A message that is JSON but would break Dramatiq's threads."""


class UnknownActor(LookupError):
    """A message for an actor that this process does not have."""


class WakingRedisBroker(RedisBroker):
    """A Redis broker whose consumers block until something is enqueued. Plain Dramatiq may share its queues.

    `on_undecodable(queue, payload, error)` is called with every message that cannot be decoded, is malformed or names
    an unknown actor, on the thread that consumes its queue. The message is acknowledged when that returned; when it
    raises, the message stays unacknowledged and is offered again after REFUSED_SECONDS. So it is offered at least
    once, and twice only if Redis goes away before the acknowledgement. Without a hook nothing is acknowledged.

    No command is sent twice by itself: a fetch whose answer was lost has taken messages, and must be noticed.
    """

    def __init__(
        self,
        *,
        url: str,
        on_undecodable: Undecodable | None = None,
        wait_seconds: float = WAIT_SECONDS,
        heartbeat_timeout: int = HEARTBEAT_TIMEOUT_MS,
        maintenance_chance: int = MAINTENANCE_CHANCE,
        **options: Any,
    ) -> None:
        """Connects on first use. `heartbeat_timeout` is in milliseconds; `options` are RedisBroker's own."""
        super().__init__(
            client=_client(url, read_seconds=WAIT_SECONDS + ANSWER_SECONDS),
            heartbeat_timeout=heartbeat_timeout,
            maintenance_chance=maintenance_chance,
            **options,
        )
        self.scripts["dispatch"] = self.client.register_script(_with_ids(_scripts["dispatch"]))
        self.on_undecodable: Undecodable = on_undecodable or _refuse
        self.wait_seconds = wait_seconds
        self.waiting_client = _client(url, read_seconds=wait_seconds + ANSWER_SECONDS)
        self._held: dict[str, _Held] = {}

    @property
    def consumer_class(self) -> type["_WakingConsumer"]:
        return _WakingConsumer

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Enqueues, then wakes a consumer. Raises RedisError only if the message itself may not be there."""
        enqueued: Message[Any] = super().enqueue(message, delay=delay)
        key = self.wake_key(enqueued.queue_name)
        try:
            with self.client.pipeline(transaction=False) as pipeline:
                pipeline.lpush(key, b"1")
                pipeline.ltrim(key, 0, WAKE_TOKENS - 1)
                pipeline.expire(key, WAKE_EXPIRY_SECONDS)
                pipeline.execute()
        except RedisError:
            log.warning("message %s is enqueued, but woke nobody", enqueued.message_id, exc_info=True)
        return enqueued

    def close(self) -> None:
        """Closes all connections. A later use opens new ones."""
        self.client.close()
        self.waiting_client.close()

    def wake_key(self, queue_name: str) -> str:
        """Gives the list on which consumers of the queue wait."""
        return f"{self.namespace}:wake:{queue_name}"

    def acks_key(self, queue_name: str) -> str:
        """Gives the set in which Redis keeps the ids of the messages that this broker holds unacknowledged."""
        return f"{self.namespace}:__acks__.{self.broker_id}.{queue_name}"

    def held(self, queue_name: str) -> "_Held":
        """Gives what this process works on from the queue; it outlives the queue's consumers."""
        return self._held.setdefault(queue_name, _Held())


class _Held:
    """The ids of one queue's messages that were handed out and are neither acknowledged nor given back. Thread-safe."""

    def __init__(self) -> None:
        self._in_thread: dict[bytes, bool] = {}
        self._changed = threading.Condition()

    def __len__(self) -> int:
        return len(self._in_thread)

    def ids(self) -> set[bytes]:
        with self._changed:
            return set(self._in_thread)

    def add(self, message_id: bytes, *, in_thread: bool) -> None:
        """`in_thread`: the message has a time to wait for, in the memory of the thread that consumes."""
        with self._changed:
            self._in_thread[message_id] = in_thread

    def discard(self, message_ids: Iterable[bytes]) -> None:
        with self._changed:
            for message_id in message_ids:
                self._in_thread.pop(message_id, None)
            self._changed.notify_all()

    def forget_in_thread(self) -> None:
        """Forgets what waited in the consuming thread: it drops that itself when it loses its consumer."""
        with self._changed:
            self._in_thread = {message_id: False for message_id, in_thread in self._in_thread.items() if not in_thread}
            self._changed.notify_all()

    def wait_until(self, condition: Callable[[], bool], *, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(condition, seconds)


@dataclass(frozen=True, slots=True)
class _Refused:
    due: float
    message_id: bytes
    payload: bytes
    error: Exception


class _WakingConsumer(_RedisConsumer):
    """Fetches; having fetched nothing, waits on the wake list.

    Whatever Redis fails with is raised as ConnectionClosed: Dramatiq then makes a new consumer, or acknowledges again.
    What this consumer fetched and did not hand out is put back by `close` or, failing that, by the next consumer.
    """

    broker: WakingRedisBroker
    queue_name: str
    prefetch: int

    def __init__(self, broker: WakingRedisBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)
        self._wait_seconds = max(0.01, min(broker.wait_seconds, timeout / 1000))
        self._fetched: deque[tuple[bytes, bytes | None]] = deque()
        self._refused: deque[_Refused] = deque()
        self._reclaim_due = 0.0
        self._held = broker.held(queue_name)
        self._held.forget_in_thread()

    def __next__(self) -> MessageProxy | None:
        with _redis_lost_closes():
            return self._next()

    def ack(self, message: MessageProxy) -> None:
        with _redis_lost_closes():
            self.broker.do_ack(self.queue_name, message.options["redis_message_id"])
        self._held.discard(_ids([message]))

    def nack(self, message: MessageProxy) -> None:
        with _redis_lost_closes():
            self.broker.do_nack(self.queue_name, message.options["redis_message_id"])
        self._held.discard(_ids([message]))

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        ids = _ids(messages)
        if ids:
            with _redis_lost_closes():
                self.broker.do_requeue(self.queue_name, *ids)
            self._held.discard(ids)

    def close(self) -> None:
        """Puts back what was fetched and not handed out."""
        self._fetched.clear()
        self._refused.clear()
        self._held.forget_in_thread()
        with _redis_lost_closes():
            self._reclaim()

    def _next(self) -> MessageProxy | None:
        self._offer_refused_again()
        if not self._fetched and not self._fetch():
            self._wait()
            return None
        message_id, payload = self._fetched.popleft()
        if payload is None:
            # Somebody purged the payload; an id alone says nothing, and stays for ever unless it is acknowledged.
            self.broker.do_ack(self.queue_name, message_id)
            return None
        try:
            message = _read(payload, message_id, self.queue_name)
            if message.actor_name not in self.broker.actors:
                raise UnknownActor(f"There is no actor {message.actor_name!r} here.")
        except Exception as error:
            self._set_aside(message_id, payload, error)
            return None
        self._held.add(message_id, in_thread="eta" in message.options)
        return MessageProxy(message)

    def _fetch(self) -> bool:
        if time.monotonic() >= self._reclaim_due:
            self._reclaim()
        free = self._free()
        if free <= 0:
            return False
        answer = self.broker.do_fetch(self.queue_name, free)
        if answer:
            self._fetched.extend(zip(*answer, strict=True))
        return bool(self._fetched)

    def _free(self) -> int:
        return 0 if len(self._refused) >= MAX_REFUSED else self.prefetch - len(self._held)

    def _wait(self) -> None:
        if self._free() <= 0:
            self._held.wait_until(lambda: self._free() > 0, seconds=self._wait_seconds)
        else:
            self.broker.waiting_client.blpop([self.broker.wake_key(self.queue_name)], timeout=self._wait_seconds)

    def _reclaim(self) -> None:
        """Puts back what only Redis counts as held: left by a lost consumer, or by a fetch whose answer was lost."""
        known = self._held.ids()
        known.update(message_id for message_id, _ in self._fetched)
        known.update(refused.message_id for refused in self._refused)
        lost = set(self.broker.client.smembers(self.broker.acks_key(self.queue_name))) - known
        if lost:
            log.warning("%d messages of queue %s were held by nobody and are put back", len(lost), self.queue_name)
            self.broker.do_requeue(self.queue_name, *lost)
        self._reclaim_due = time.monotonic() + RECLAIM_SECONDS

    def _offer_refused_again(self) -> None:
        """Offers what is due, until the hook refuses again: it then likely refuses all, and may be slow to say so."""
        while self._refused and self._refused[0].due <= time.monotonic():
            refused = self._refused.popleft()
            if not self._set_aside(refused.message_id, refused.payload, refused.error):
                return

    def _set_aside(self, message_id: bytes, payload: bytes, error: Exception) -> bool:
        """Hands the message to the hook and acknowledges it. Tells whether the hook took it."""
        try:
            self.broker.on_undecodable(self.queue_name, payload, error)
        except Exception:
            log.exception("a message of queue %s could be neither read nor set aside; again later", self.queue_name)
            self._refused.append(_Refused(time.monotonic() + REFUSED_SECONDS, message_id, payload, error))
            return False
        self.broker.do_ack(self.queue_name, message_id)
        return True


def _client(url: str, *, read_seconds: float) -> "redis.Redis":
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=CONNECT_SECONDS,
        socket_timeout=read_seconds,
        health_check_interval=15,
        retry=Retry(NoBackoff(), 0),
    )


def _with_ids(script: bytes) -> bytes:
    """Gives Dramatiq's script with a fetch that answers (ids, payloads).

    A payload that cannot be read does not tell its id, and one that can may lie about it.
    """
    if script.count(_FETCH_ANSWER) != 1:
        raise RuntimeError(
            "The fetch in dramatiq's dispatch.lua is not the one known; compare it with runtime/broker.py."
        )
    return script.replace(_FETCH_ANSWER, _FETCH_ANSWER_WITH_IDS)


def _read(payload: bytes, message_id: bytes, queue_name: str) -> Message[Any]:
    """Gives the message with the id that Redis knows it by. Raises DecodeError, UnicodeDecodeError, MalformedMessage.

    Dramatiq trusts these fields: with another queue's name, or with `throws` in JSON, a message ends worker threads.
    """
    message: Message[Any] = Message.decode(payload)
    fields = {
        "queue_name": message.queue_name == queue_name,
        "actor_name": isinstance(message.actor_name, str),
        "kwargs": isinstance(message.kwargs, dict),
        "options": isinstance(message.options, dict) and not message.options.get("throws"),
        "message_id": isinstance(message.message_id, str),
        "message_timestamp": isinstance(message.message_timestamp, int),
    }
    wrong = [name for name, right in fields.items() if not right]
    if wrong:
        raise MalformedMessage(f"Unusable on queue {queue_name}: {', '.join(wrong)}.")
    return message.copy(options={"redis_message_id": message_id.decode()})


def _ids(messages: Iterable[MessageProxy]) -> list[bytes]:
    return [message.options["redis_message_id"].encode() for message in messages]


def _refuse(queue: str, payload: bytes, error: Exception) -> None:  # noqa: ARG001
    raise LookupError(f"Nobody takes the unreadable messages of queue {queue}; give the broker on_undecodable.")


@contextmanager
def _redis_lost_closes() -> Iterator[None]:
    """Raises ConnectionClosed for whatever Redis fails with: timeouts, loading, read-only and out of memory too."""
    try:
        yield
    except RedisError as error:
        raise ConnectionClosed(error) from error
