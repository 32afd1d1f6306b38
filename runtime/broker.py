"""Dramatiq's Redis broker, woken instead of polling, and with nothing dropped that cannot be read."""

import json
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, cast

import redis
from dramatiq import Consumer, Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer
from dramatiq.common import dq_name
from dramatiq.errors import ActorNotFound, ConnectionClosed, DecodeError

CONNECT_SECONDS = 2.0
READ_SECONDS = 5.0
WAIT_SECONDS = 1.0
"""How long a consumer waits to be woken. A producer that wakes nobody is still heard after this long."""
HEARTBEAT_TIMEOUT_MS = 15_000
"""Silence after which a worker counts as dead. Consumers speak every second, so this is many missed beats."""
MAINTENANCE_CHANCE = 50_000
"""In a million commands. At some commands a second, what a dead worker held comes back within half a minute."""
WAKE_TOKENS = 16
WAKE_SECONDS = 60

Undecodable = Callable[[str, bytes, Exception], None]

log = logging.getLogger(__name__)


class WakingRedisBroker(RedisBroker):
    """A Redis broker whose consumers block until something is enqueued.

    `on_undecodable(queue, payload, error)` is called with every message that cannot be decoded, has parts of another
    shape than Dramatiq's, or names an unknown actor or another queue. The message is acknowledged when that returns;
    when it raises, the message comes again.

    `in_hand` has, by queue, what this process was given and has not answered. It outlives consumers: a new one puts
    back whatever else Redis holds for this process, such as what was fetched behind a message that ended the old one.
    """

    def __init__(self, *, url: str, on_undecodable: Undecodable | None = None, **options: Any) -> None:
        client = redis.Redis.from_url(
            url,
            socket_connect_timeout=CONNECT_SECONDS,
            socket_timeout=READ_SECONDS,
            health_check_interval=15,
        )
        super().__init__(
            client=client,
            heartbeat_timeout=HEARTBEAT_TIMEOUT_MS,
            maintenance_chance=MAINTENANCE_CHANCE,
            **options,
        )
        self.on_undecodable: Undecodable = on_undecodable or _log_undecodable
        self.in_hand: dict[str, set[bytes]] = defaultdict(set)
        self._sources: dict[str, Callable[[int], Consumer]] = {}

    def declare_source(self, queue_name: str, consume: Callable[[int], Consumer]) -> None:
        """Declares a queue that is consumed from elsewhere than Redis: `consume(timeout_ms)` makes its consumers.

        It has no queue for delayed messages, and nothing can be sent to it.
        """
        self._sources[queue_name] = consume
        self.emit_before("declare_queue", queue_name)
        self.queues.add(queue_name)
        self.emit_after("declare_queue", queue_name)

    def consume(self, queue_name: str, prefetch: int = 1, timeout: int = 5000) -> Consumer:
        """Returns a consumer for a queue: of its source, if it has one, else of Redis."""
        source = self._sources.get(queue_name)
        return source(timeout) if source else super().consume(queue_name, prefetch, timeout)

    @property
    def consumer_class(self) -> type["_WakingConsumer"]:
        return _WakingConsumer

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        """Enqueues, then wakes a consumer of the queue. Raises ValueError for a queue that has another source."""
        if message.queue_name in self._sources:
            raise ValueError(f"Nothing is sent to the queue {message.queue_name}: write the due row and ring its bell.")
        enqueued = super().enqueue(message, delay=delay)
        if delay is None:
            key = self.wake_key(message.queue_name)
            pipeline = self.client.pipeline(transaction=False)
            pipeline.lpush(key, b"1")
            pipeline.ltrim(key, 0, WAKE_TOKENS - 1)
            pipeline.expire(key, WAKE_SECONDS)
            pipeline.execute()
        return enqueued

    def wake_key(self, queue_name: str) -> str:
        """Returns the list on which consumers of the queue wait."""
        return f"{self.namespace}:wake:{queue_name}"


class _WakingConsumer(_RedisConsumer):
    """Fetches; having fetched nothing, waits on the wake list. Losing Redis ends it; Dramatiq makes a new one."""

    broker: WakingRedisBroker

    def __init__(self, broker: WakingRedisBroker, queue_name: str, prefetch: int, timeout: int) -> None:
        super().__init__(broker, queue_name, prefetch, timeout)
        self._took_stock = False

    def ack(self, message: MessageProxy) -> None:
        try:
            _or_closed(lambda: super(_WakingConsumer, self).ack(message))
        finally:
            self._out_of_hand(message)

    def nack(self, message: MessageProxy) -> None:
        try:
            _or_closed(lambda: super(_WakingConsumer, self).nack(message))
        finally:
            self._out_of_hand(message)

    def requeue(self, messages: Iterable[MessageProxy]) -> None:
        given = list(messages)
        try:
            _or_closed(lambda: super(_WakingConsumer, self).requeue(given))
        finally:
            for message in given:
                self._out_of_hand(message)

    def __next__(self) -> MessageProxy | None:
        return cast("MessageProxy | None", _or_closed(self._next))

    def _next(self) -> MessageProxy | None:
        if not self._took_stock:
            self._put_back_forgotten()
            self._took_stock = True
        while True:
            if not self.message_cache and self.outstanding_message_count < self.prefetch:
                free = self.prefetch - self.outstanding_message_count
                self.message_cache = list(self.broker.do_fetch(self.queue_name, free))
            if not self.message_cache:
                self._wait()
                return None
            payload = self.message_cache.pop(0)
            if payload is None:
                continue
            try:
                message = _read(payload, self.queue_name)
                self.broker.get_actor(message.actor_name)
                self._require_own_id(message, payload)
            except (DecodeError, ActorNotFound) as error:
                self._set_aside(payload, error)
                continue
            self.queued_message_ids.add(message.message_id)
            self.broker.in_hand[self.queue_name].add(_redis_id(message))
            return MessageProxy(message)

    def _require_own_id(self, message: Message[Any], payload: bytes) -> None:
        """Raises DecodeError if the message has another's id: to acknowledge it would take the other one away."""
        stored = self.broker.client.hget(f"{self.broker.namespace}:{self.queue_name}.msgs", _redis_id(message))
        if stored != payload:
            raise DecodeError("Its options.redis_message_id is not its own.", payload, None)

    def _wait(self) -> None:
        if self.outstanding_message_count >= self.prefetch:
            # Every thread is busy and the wake list may be full: waiting on it would return at once, again and again.
            time.sleep(0.01)
            return
        self.broker.client.blpop([self.broker.wake_key(self.queue_name)], timeout=WAIT_SECONDS)

    def _set_aside(self, payload: bytes, error: Exception) -> None:
        """Hands the message to the broker's hook, then acknowledges it by the id that only Redis knows."""
        try:
            self.broker.on_undecodable(self.queue_name, payload, error)
        except Exception as refused:
            # The next consumer puts back this message and all that were fetched behind it.
            raise ConnectionClosed(refused) from refused
        for message_id in self._ids_of(payload):
            self.broker.do_ack(self.queue_name, message_id)

    def _put_back_forgotten(self) -> None:
        """Puts back what Redis holds for this process and nobody here has: a lost consumer's, or a lost answer's."""
        if self.queue_name == dq_name(self.queue_name):
            # Delayed messages wait inside the consumer's thread, which forgets them with its consumer.
            self.broker.in_hand[self.queue_name].clear()
        forgotten = self._held() - self.broker.in_hand[self.queue_name]
        if forgotten:
            self.broker.do_requeue(self.queue_name, *forgotten)

    def _out_of_hand(self, message: MessageProxy) -> None:
        self.broker.in_hand[self.queue_name].discard(_redis_id(message))

    def _held(self) -> set[bytes]:
        acks = f"{self.broker.namespace}:__acks__.{self.broker.broker_id}.{self.queue_name}"
        return set(self.broker.client.smembers(acks))

    def _ids_of(self, payload: bytes) -> list[bytes]:
        held = list(self._held())
        if not held:
            return []
        stored = self.broker.client.hmget(f"{self.broker.namespace}:{self.queue_name}.msgs", held)
        return [message_id for message_id, data in zip(held, stored, strict=True) if data == payload]


_SHAPES: dict[str, type] = {
    "queue_name": str,
    "actor_name": str,
    "args": list,
    "kwargs": dict,
    "options": dict,
    "message_id": str,
    "message_timestamp": int,
}
_MADE_UP = {"message_id", "message_timestamp"}
"""What Dramatiq makes up where it is missing."""
_COUNTS = ("retries", "own_failures")
"""Options that count tries, which the retries of this house write. Whatever else a sender wrote would steer the worker,
and is left out: bounds of tries, times, other actors to call. A message names its time by `not_before`."""
MAX_COUNT = 1_000
MAX_DELAY_MS = 60_000
"""How long a message of a queue for delayed ones waits at most: retries wait for a quarter of that."""
MAX_MESSAGE_BYTES = 1024 * 1024
MAX_LEVELS = 32
MAX_PARTS = 1_000
MAX_ID_CHARACTERS = 100


def _read(payload: bytes, queue_name: str) -> Message[Any]:
    """Returns the message. Raises DecodeError, also for what Dramatiq would decode and then break its thread on."""
    if len(payload) > MAX_MESSAGE_BYTES:
        raise DecodeError(f"It is longer than {MAX_MESSAGE_BYTES:,} bytes.", payload, None)
    try:
        fields = json.loads(payload.decode(), parse_constant=_refuse_constant)
    except Exception as error:
        raise DecodeError("It is no JSON.", payload, error) from error
    if not _is_bounded(fields):
        raise DecodeError(f"It has more than {MAX_LEVELS} levels or {MAX_PARTS:,} parts.", payload, None)
    if not isinstance(fields, dict) or set(_SHAPES) - set(fields) - _MADE_UP or set(fields) - set(_SHAPES):
        raise DecodeError(f"It is no message: that has {', '.join(_SHAPES)}.", payload, None)
    wrong = [name for name, value in fields.items() if not _has_shape(value, _SHAPES[name])]
    given = fields["options"] if not wrong else {}
    wrong += [f"options.{name}" for name in _COUNTS if not _has_shape(given.get(name, 0), int)]
    wrong += [] if wrong or _is_id(given.get("redis_message_id")) else ["options.redis_message_id"]
    wrong += [] if wrong or _is_id(fields.get("message_id", "made up")) else ["message_id"]
    if wrong:
        raise DecodeError(f"These parts have another shape than Dramatiq's: {', '.join(wrong)}.", payload, None)
    if fields["queue_name"] != queue_name:
        raise DecodeError(f"It is for the queue {fields['queue_name'][:100]}.", payload, None)
    return Message(**{**fields, "args": tuple(fields["args"]), "options": _options(given, queue_name)})


def _options(given: dict[str, Any], queue_name: str) -> dict[str, Any]:
    """Returns what counts of a message's options, within its bounds. Only queues for delayed messages have times.

    Dramatiq holds back whatever has a time, in the place of messages that could be worked on.
    """
    options = {name: min(max(given[name], 0), MAX_COUNT) for name in _COUNTS if name in given}
    if queue_name == dq_name(queue_name):
        latest = int(time.time() * 1000) + MAX_DELAY_MS
        eta = given.get("eta", 0)
        options["eta"] = max(0, min(eta, latest)) if _has_shape(eta, (int, float)) else 0
    return {"redis_message_id": given["redis_message_id"], **options}


def _has_shape(value: Any, shape: type | tuple[type, ...]) -> bool:
    return isinstance(value, shape) and not isinstance(value, bool)


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_ID_CHARACTERS


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _is_bounded(value: Any) -> bool:
    """Returns whether the value has at most MAX_LEVELS levels and MAX_PARTS parts. Without recursion."""
    level, parts = [value], 0
    for _ in range(MAX_LEVELS + 1):
        parts += len(level)
        nested = [outer for outer in level if isinstance(outer, dict | list)]
        if parts > MAX_PARTS or not nested:
            return parts <= MAX_PARTS
        level = [inner for outer in nested for inner in (outer.values() if isinstance(outer, dict) else outer)]
    return False


def _redis_id(message: Message[Any] | MessageProxy) -> bytes:
    return str(message.options["redis_message_id"]).encode()


def _or_closed(call: Callable[[], Any]) -> Any:
    """Calls, and tells Dramatiq that the connection is gone whatever Redis does: a timeout, a refusal, nonsense."""
    try:
        return call()
    except ConnectionClosed:
        raise
    except Exception as error:
        raise ConnectionClosed(error) from error


def _log_undecodable(queue: str, payload: bytes, error: Exception) -> None:
    log.error("a message on queue %s was set aside: %r: %r", queue, error, payload[:200])
