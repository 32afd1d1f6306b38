"""Bells: any number of rings leave one token, an idle worker hears it, and ringing never blocks."""

import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

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
    """Returns how many clients wait in this test's database. Those of other tests wait in others of the server."""
    database = str(client.get_connection_kwargs()["db"])
    return sum(one["db"] == database and "b" in one["flags"] for one in client.client_list())


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
    with _listening(doorbell, "apply", "steps") as waiting:
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
        with _listening(doorbell, "apply") as waiting:
            wait_until(lambda: _waiting(client) == 1, what="somebody to wait")
            doorbell.ring("apply")
            assert waiting[0].result(30) == "apply"


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


@contextmanager
def _listening(doorbell: Doorbell, *bells: str) -> Iterator[list[Future[str | None]]]:
    """Has a thread wait for each bell, and gives what each heard. The threads end with the block, whatever happens."""
    ended = threading.Event()

    def heard(bell: str) -> str | None:
        while not ended.is_set():
            if doorbell.wait(bell, 30):
                return bell
        return None

    with ThreadPoolExecutor(len(bells)) as pool:
        try:
            yield [pool.submit(heard, bell) for bell in bells]
        finally:
            ended.set()


@pytest.mark.parametrize("mode", MODES)
def test_whatever_redis_does_no_bell_raises_or_blocks(mode: str) -> None:
    failures: list[str] = []
    with misbehaving_redis() as server:
        server.switch(mode)
        bell = Doorbell(server.url, on_failure=failures.append)
        bell.ring("a", "b")
        assert bell.wait("a", 0.05) is False
        bell.close()
