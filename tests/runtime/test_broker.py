"""Consumers: every fetched message is delivered, whatever ends the consumer that fetched it."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from dramatiq import Message, actor
from dramatiq.common import dq_name
from dramatiq.errors import ConnectionClosed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.broker import MAX_COUNT, MAX_DELAY_MS, MAX_LEVELS, MAX_MESSAGE_BYTES, MAX_PARTS, WakingRedisBroker

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


def _nested(levels: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(levels):
        value = [value]
    return value


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
        (_raw(kwargs={"a": float("nan")}), "no JSON"),
        (_raw(kwargs={"a": "x" * MAX_MESSAGE_BYTES}), "longer"),
        (_raw(kwargs={"a": _nested(MAX_LEVELS)}), "levels"),
        (_raw(kwargs={"a": _nested(900)}), "levels"),
        (_raw(args=[1] * (MAX_PARTS + 1)), "parts"),
        (_raw(options={"redis_message_id": "an-id", "retries": True}), "options.retries"),
        (_raw(options={"redis_message_id": "an-id", "own_failures": 1.5}), "options.own_failures"),
        (_raw(options={"redis_message_id": "x" * 1_000}), "options.redis_message_id"),
        (_raw(options={"redis_message_id": "another-id"}), "not its own"),
        (_raw(message_id="x" * 1_000), "message_id"),
        (_raw(queue_name="apply"), "apply"),
        (_raw(queue_name="transitions.DQ"), "transitions.DQ"),
        (b"\xff\xfe", "no JSON"),
    ],
    ids=lambda value: value[:60] if isinstance(value, str) else "",
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


STEERING: dict[str, Any] = {
    "max_retries": "x",
    "max_age": 1,
    "throws": "x",
    "time_limit": 0,
    "pipe_target": {},
    "pipe_ignore": True,
    "on_retry_exhausted": "y",
    "on_success": "take_in",
    "on_failure": "take_in",
    "group_completion_callbacks": [{}],
    "min_backoff": 0,
    "retry_when": "x",
    "traceback": "x",
    "requeue_timestamp": -1,
    "eta": 10**18,
    "delay": 10**18,
}


def test_a_sender_cannot_set_the_options_of_the_worker(broker: WakingRedisBroker) -> None:
    broker.do_enqueue(QUEUE, "an-id", _raw(options={"redis_message_id": "an-id", "retries": 2, **STEERING}))
    message = next(broker.consume(QUEUE, prefetch=4, timeout=100))
    assert message is not None
    assert message.options == {"redis_message_id": "an-id", "retries": 2}


@pytest.mark.parametrize("eta", [10**18, -(10**18), 1e300, "soon", None, True, [], 0])
def test_times_of_delayed_messages_are_bounded(broker: WakingRedisBroker, eta: object) -> None:
    delayed = dq_name(QUEUE)
    options = {"redis_message_id": "an-id", "retries": 10**30, "own_failures": -5, **STEERING, "eta": eta}
    broker.do_enqueue(delayed, "an-id", _raw(queue_name=delayed, options=options))
    message = next(broker.consume(delayed, prefetch=4, timeout=100))
    assert message is not None
    assert 0 <= message.options.pop("eta") <= time.time() * 1000 + MAX_DELAY_MS
    assert message.options == {"redis_message_id": "an-id", "retries": MAX_COUNT, "own_failures": 0}


def test_junk_that_names_a_far_time_holds_up_no_genuine_message(broker: WakingRedisBroker) -> None:
    for number in range(60):
        options = {"redis_message_id": f"junk-{number}", "eta": 10**18}
        broker.do_enqueue(QUEUE, f"junk-{number}", _raw(args=[-1], options=options))
    broker.enqueue(_message(1))
    worked: list[int] = []
    consumer = broker.consume(QUEUE, prefetch=4, timeout=100)
    for _ in range(61):
        message = next(consumer)
        assert message is not None
        assert "eta" not in message.options
        worked.append(message.args[0])
        consumer.ack(message)
    assert worked[-1] == 1
    assert broker.client.hlen(f"dramatiq:{QUEUE}.msgs") == 0


def test_a_message_with_the_id_of_another_takes_nothing_away(broker: WakingRedisBroker) -> None:
    broker.enqueue(_message(1))
    consumer = broker.consume(QUEUE, prefetch=4, timeout=100)
    genuine = next(consumer)
    assert genuine is not None
    theirs = genuine.options["redis_message_id"]
    broker.on_undecodable = lambda *_: None
    broker.do_enqueue(QUEUE, "junk", _raw(options={"redis_message_id": theirs}))
    assert next(broker.consume(QUEUE, prefetch=4, timeout=100)) is None
    assert broker.client.hkeys(f"dramatiq:{QUEUE}.msgs") == [theirs.encode()]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
_PARTS = st.dictionaries(
    st.sampled_from(["queue_name", "actor_name", "args", "kwargs", "message_id", "message_timestamp", "another"]),
    _JSON,
    max_size=3,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(_PARTS, st.dictionaries(st.sampled_from([*STEERING, "retries", "own_failures"]), _JSON, max_size=4))
def test_whatever_a_sender_writes_the_next_message_is_returned_and_nothing_steers_the_worker(
    broker: WakingRedisBroker, parts: dict[str, Any], options: dict[str, Any]
) -> None:
    broker.on_undecodable = lambda *_: None
    broker.do_enqueue(QUEUE, "junk", _raw(options={**options, "redis_message_id": "junk"}, **parts))
    broker.enqueue(_message(2))
    consumer = broker.consume(QUEUE, prefetch=4, timeout=100)
    while (message := next(consumer)) is not None:
        assert message.options.keys() <= {"redis_message_id", "retries", "own_failures"}
        consumer.ack(message)
    assert broker.client.hlen(f"dramatiq:{QUEUE}.msgs") == 0
