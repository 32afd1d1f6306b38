"""Bells: few messages however many rings, none lost after an answer, and never in anybody's way."""

from collections.abc import Iterator

import pytest

from runtime.broker import WakingRedisBroker
from runtime.doorbell import APPLY, STEPS, Doorbell
from tests.waiting import wait_until


@pytest.fixture
def broker(valkey_url: str) -> Iterator[WakingRedisBroker]:
    made = WakingRedisBroker(url=valkey_url, middleware=[])
    yield made
    made.client.close()


def _waiting(broker: WakingRedisBroker, queue: str) -> int:
    return int(broker.client.llen(f"dramatiq:{queue}"))


def test_a_thousand_rings_that_nobody_answers_are_one_message(broker: WakingRedisBroker) -> None:
    failures: list[str] = []
    bells = [Doorbell(broker, on_failure=failures.append) for _ in range(2)]
    for _ in range(500):
        for doorbell in bells:
            doorbell.ring(APPLY, STEPS)
    for doorbell in bells:
        doorbell.close(seconds=10)
    # The flag falls after a second, so a slow machine may send a second message.
    assert 1 <= _waiting(broker, "apply") <= 3
    assert 1 <= _waiting(broker, "steps") <= 3
    assert failures == []


def test_a_ring_after_an_answer_is_always_sent(broker: WakingRedisBroker) -> None:
    doorbell = Doorbell(broker, on_failure=lambda _bell: None)
    for sent in range(1, 21):
        doorbell.answered(APPLY)
        doorbell.ring(APPLY)
        wait_until(lambda: _waiting(broker, "apply") == sent, what="another message")  # noqa: B023
    doorbell.close()


def test_a_ring_while_redis_is_gone_is_counted_and_raises_nothing() -> None:
    failures: list[str] = []
    broker = WakingRedisBroker(url="redis://127.0.0.1:1/0", middleware=[])
    doorbell = Doorbell(broker, on_failure=failures.append)
    doorbell.ring(APPLY)
    wait_until(lambda: failures == ["apply"], what="the failure")
    doorbell.answered(APPLY)
    assert failures == ["apply", "apply"]
    doorbell.close()
    doorbell.ring(APPLY)


def test_enqueueing_leaves_a_token_for_whoever_waits(broker: WakingRedisBroker) -> None:
    Doorbell(broker, on_failure=lambda _bell: None).ring(APPLY)
    key = broker.wake_key("apply")
    assert broker.client.blpop([key], timeout=5) == (key.encode(), b"1")
