"""Bells: any number of rings leave one token, an idle worker hears it, and ringing never blocks."""

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import redis

from runtime.doorbell import Doorbell
from tests.misbehaving_redis import MODES, misbehaving_redis
from tests.waiting import wait_until

AWAY = "redis://127.0.0.1:1/0"


@pytest.fixture
def client(valkey_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(valkey_url) as made:
        yield made


@pytest.fixture
def doorbell(valkey_url: str) -> Iterator[Doorbell]:
    made = _doorbell(valkey_url)
    yield made
    made.close()


def _doorbell(url: str, on_failure: Callable[[str], None] = lambda _bell: None) -> Doorbell:
    return Doorbell(url, on_failure=on_failure)


def _waiting(client: redis.Redis) -> int:
    """Returns how many clients wait in the client's own database: other tests have clients in other ones."""
    own = client.client_info()["db"]
    return sum("b" in other["flags"] and int(other["db"]) == own for other in client.client_list())


def test_a_thousand_unheard_rings_are_one_token_that_expires(valkey_url: str, client: redis.Redis) -> None:
    failures: list[str] = []
    doorbells = [_doorbell(valkey_url, failures.append) for _ in range(2)]
    for _ in range(500):
        for doorbell in doorbells:
            doorbell.ring("apply", "steps")
    for doorbell in doorbells:
        doorbell.close(seconds=10)
    for bell in ("apply", "steps"):
        assert client.llen(f"devcenter:bell:{bell}") == 1
        assert 0 < client.ttl(f"devcenter:bell:{bell}") <= 60
    assert failures == []


def test_a_ring_wakes_one_waiter_of_that_bell(doorbell: Doorbell, client: redis.Redis) -> None:
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(_heard, doorbell, bell) for bell in ("apply", "steps")]
        wait_until(lambda: _waiting(client) == 2, what="both to wait")
        doorbell.ring("steps")
        assert waiting[1].result(30) == "steps"
        assert not waiting[0].done()
        doorbell.ring("apply")
        assert waiting[0].result(30) == "apply"


def test_a_ring_while_nobody_waits_wakes_the_next_waiter_once(doorbell: Doorbell, client: redis.Redis) -> None:
    doorbell.ring("apply")
    wait_until(lambda: client.llen("devcenter:bell:apply") == 1, what="the token")
    assert doorbell.wait("apply", 30)
    assert not doorbell.wait("apply", 0.01)


def test_successive_rings_each_wake_a_waiter(doorbell: Doorbell, client: redis.Redis) -> None:
    for _ in range(20):
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(_heard, doorbell, "apply")
            wait_until(lambda: _waiting(client) == 1, what="somebody to wait")
            doorbell.ring("apply")
            assert waiting.result(30) == "apply"


def test_while_redis_is_gone_a_ring_is_counted_and_a_wait_ends_and_nothing_is_raised() -> None:
    failures: list[str] = []
    doorbell = _doorbell(AWAY, failures.append)
    doorbell.ring("apply")
    wait_until(lambda: failures == ["apply"], what="the failure")
    assert not doorbell.wait("steps", 0.01)
    doorbell.close()
    doorbell.ring("apply")
    assert failures == ["apply", "steps"]


def test_waits_end_while_redis_hangs_and_this_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        doorbell = _doorbell(f"redis://127.0.0.1:{silent.getsockname()[1]}/0")
        for _ in range(2):
            assert not doorbell.wait("apply", 0.01)
    assert [record.message.split(":")[0] for record in caplog.records] == [
        "bells cannot be waited for, and work waits for the sweep"
    ]


def _heard(doorbell: Doorbell, bell: str) -> str:
    """Waits until the bell is rung, and fails in the end, so that a test that fails meanwhile ends too."""
    wait_until(lambda: doorbell.wait(bell, 30), seconds=30, what=f"a ring of {bell}")
    return bell


@pytest.mark.parametrize("mode", MODES)
def test_whatever_redis_does_no_bell_raises_or_blocks(mode: str) -> None:
    failures: list[str] = []
    with misbehaving_redis() as server:
        server.switch(mode)
        bell = Doorbell(server.url, on_failure=failures.append)
        bell.ring("a", "b")
        assert bell.wait("a", 0.05) is False
        bell.close()
