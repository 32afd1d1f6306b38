"""Consumers: every fetched message is delivered, whatever ends the consumer that fetched it."""

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from dramatiq import Message, actor
from dramatiq.common import dq_name
from dramatiq.errors import ConnectionClosed

from runtime.broker import WakingRedisBroker
from tests.misbehaving_redis import MODES, misbehaving_redis

QUEUE = "transitions"


@pytest.fixture
def broker(valkey_url: str) -> Iterator[WakingRedisBroker]:
    made = WakingRedisBroker(url=valkey_url, middleware=[])
    actor(actor_name="take_in", queue_name=QUEUE, broker=made)(lambda _number: None)
    yield made
    made.client.close()


def _message(number: int, actor_name: str = "take_in") -> Message[Any]:
    return Message(QUEUE, actor_name, (number,), {}, {})


def _numbers(consumer: Any, count: int) -> set[int]:
    return {next(consumer).args[0] for _ in range(count)}


def test_messages_fetched_behind_an_unreadable_one_come_back_while_the_process_lives(
    broker: WakingRedisBroker,
) -> None:
    set_aside: list[bytes] = []

    def away(*_message: object) -> None:
        raise OSError("Postgres is away")

    broker.on_undecodable = away
    broker.enqueue(_message(0, "no_such_actor"))
    for number in (1, 2, 3):
        broker.enqueue(_message(number))
    with pytest.raises(ConnectionClosed):
        next(broker.consume(QUEUE, prefetch=4, timeout=100))
    broker.on_undecodable = lambda _queue, payload, _error: set_aside.append(payload)
    again = broker.consume(QUEUE, prefetch=8, timeout=100)
    assert _numbers(again, 3) == {1, 2, 3}
    assert next(again) is None
    assert len(set_aside) == 1


def test_messages_fetched_by_a_call_whose_answer_was_lost_come_back(broker: WakingRedisBroker) -> None:
    broker.enqueue(_message(1))
    broker.do_fetch(QUEUE, 4)
    assert _numbers(broker.consume(QUEUE, prefetch=4, timeout=100), 1) == {1}


def test_a_new_consumer_does_not_take_messages_in_progress(broker: WakingRedisBroker) -> None:
    broker.enqueue(_message(1))
    worked_on = next(broker.consume(QUEUE, prefetch=4, timeout=100))
    assert worked_on is not None
    second = broker.consume(QUEUE, prefetch=4, timeout=100)
    assert next(second) is None
    second.ack(worked_on)
    assert broker.client.hlen(f"dramatiq:{QUEUE}.msgs") == 0
    assert not broker.in_hand[QUEUE]


def test_delayed_messages_that_a_consumer_held_come_back_with_the_next(broker: WakingRedisBroker) -> None:
    broker.enqueue(_message(1), delay=60_000)
    delayed = dq_name(QUEUE)
    assert next(broker.consume(delayed, prefetch=4, timeout=100)) is not None
    assert _numbers(broker.consume(delayed, prefetch=4, timeout=100), 1) == {1}


def _raw(**parts: object) -> bytes:
    whole = {
        "queue_name": QUEUE,
        "actor_name": "take_in",
        "args": [1],
        "kwargs": {},
        "options": {"redis_message_id": "an-id"},
        "message_id": "m",
        "message_timestamp": 1,
    }
    return json.dumps(whole | parts).encode()


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        (_raw(queue_name="elsewhere"), "elsewhere"),
        (_raw(queue_name=["transitions"]), "queue_name"),
        (_raw(kwargs=[1]), "kwargs"),
        (_raw(args={}), "args"),
        (_raw(options=None), "options"),
        (_raw(options={}), "options.redis_message_id"),
        (_raw(options={"redis_message_id": 7}), "options.redis_message_id"),
        (_raw(options={"redis_message_id": "an-id", "retries": "many"}), "options.retries"),
        (_raw(message_id=[]), "message_id"),
        (_raw(colour="blue"), "no message"),
        (b"[]", "no message"),
        (b"{}", "no message"),
        (b"[" * 100_000, "no JSON"),
    ],
)
def test_a_message_that_would_break_its_thread_is_set_aside_and_the_next_is_returned(
    broker: WakingRedisBroker, payload: bytes, named: str
) -> None:
    set_aside: list[tuple[bytes, str]] = []
    broker.on_undecodable = lambda _queue, raw, error: set_aside.append((raw, str(error)))
    broker.do_enqueue(QUEUE, "an-id", payload)
    broker.enqueue(_message(2))
    assert _numbers(broker.consume(QUEUE, prefetch=4, timeout=100), 1) == {2}
    ((raw, why),) = set_aside
    assert raw == payload
    assert named in why
    assert broker.client.hlen(f"dramatiq:{QUEUE}.msgs") == 1


def test_a_sender_cannot_set_the_options_of_the_worker(broker: WakingRedisBroker) -> None:
    steering = {"max_retries": "x", "throws": "x", "time_limit": 0, "pipe_target": {}, "on_retry_exhausted": "y"}
    broker.do_enqueue(QUEUE, "an-id", _raw(options={"redis_message_id": "an-id", "retries": 2, **steering}))
    message = next(broker.consume(QUEUE, prefetch=4, timeout=100))
    assert message is not None
    assert message.options == {"redis_message_id": "an-id", "retries": 2}


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode not in ("hangs", "a length without an end")])
def test_whatever_redis_does_a_consumer_only_says_that_the_connection_is_closed(mode: str) -> None:
    with misbehaving_redis() as server:
        server.switch(mode)
        broker = WakingRedisBroker(url=server.url, middleware=[])
        actor(actor_name="take_in", queue_name=QUEUE, broker=broker)(lambda _number: None)
        consumer = broker.consume(QUEUE, prefetch=2, timeout=100)
        with suppress(ConnectionClosed):
            assert next(consumer) is None
        broker.client.close()
