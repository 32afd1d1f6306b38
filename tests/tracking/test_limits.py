"""Whoever sends too much is told to wait, and delays nobody else."""

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
import requests

from tests.databases import TestDatabase
from tests.tracking.sandbox import Sandbox, SendingStream, sandbox_on
from tests.waiting import wait_until

RATE = 5
"""Far below the rate of the settings, so that a flood exceeds it on any machine."""
OTHERS = 20


@pytest.fixture(scope="module")
def limited(
    module_database: TestDatabase, module_valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sandbox]:
    """A sandbox with a limit for each write key, and none for addresses: all senders have the same here."""
    limits = {"DEVCENTER_RATE_SENDER": "0", "DEVCENTER_RATE_WRITE_KEY": str(RATE)}
    with sandbox_on(module_database, module_valkey_url, tmp_path_factory.mktemp("limited"), **limits) as made:
        yield made


def _flood(sandbox: Sandbox, stream: SendingStream, ended: threading.Event) -> Counter[int]:
    """Sends events one by one, as fast as they are answered. Returns how often there was each status."""
    statuses: Counter[int] = Counter()
    with requests.Session() as http:
        http.auth = (stream.write_key, "")
        while not ended.is_set():
            answer = http.post(f"{sandbox.url}/v1/t", data=b'{"userId":"u"}', timeout=30)
            statuses[answer.status_code] += 1
            assert answer.status_code == 200 or int(answer.headers["Retry-After"]) >= 1
    return statuses


def _is_taken(sandbox: Sandbox, stream: SendingStream, number: int) -> bool:
    return sandbox.post("/v1/t", stream.event(number), stream.write_key).status_code == 200


def test_a_key_is_held_to_its_rate_and_others_are_taken_meanwhile(limited: Sandbox) -> None:
    abuser, other = limited.stream("abuser"), limited.stream("other")
    ended, began = threading.Event(), time.monotonic()
    with ThreadPoolExecutor(4) as threads:
        floods = [threads.submit(_flood, limited, abuser, ended) for _ in range(4)]
        try:
            for number in range(OTHERS):
                wait_until(partial(_is_taken, limited, other, number), seconds=60, what="the other stream")
        finally:
            ended.set()
        statuses = sum((flood.result() for flood in floods), Counter[int]())
    assert set(statuses) == {200, 429}
    assert statuses[200] <= RATE * (time.monotonic() - began) + RATE + 1
    assert [one.message_id for one in limited.events(other)] == [f"m-{number}" for number in range(OTHERS)]


def test_an_address_whose_keys_are_unknown_is_held_to_a_rate_of_its_own(
    database: TestDatabase, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("unknown")
    with sandbox_on(database, valkey_url, folder, DEVCENTER_RATE_SENDER="2", DEVCENTER_RATE_WRITE_KEY="0") as sandbox:
        stream = sandbox.stream("known")
        assert sandbox.post("/v1/t", stream.event(1), stream.write_key).status_code == 200
        answers = [sandbox.post("/v1/t", {}, f"wk_{number}") for number in range(20)]
        answers += [sandbox.post("/v1/t", {"writeKey": "wk"}) for _ in range(10)]
        assert {answer.status_code for answer in answers} == {400, 429}
        answer = sandbox.post("/v1/t", stream.event(2), stream.write_key)
        assert answer.status_code == 200, "a key that is known in the header does not share the address's rate"


def test_bodies_beside_which_there_is_no_room_are_asked_to_come_again(
    database: TestDatabase, valkey_url: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("room")
    limits = {"DEVCENTER_RATE_SENDER": "0", "DEVCENTER_RATE_WRITE_KEY": "0", "DEVCENTER_BODY_BUDGET_MIB": "20"}
    with sandbox_on(database, valkey_url, folder, **limits) as sandbox, ThreadPoolExecutor(24) as threads:
        stream = sandbox.stream("crowding")
        batch = [stream.event(number, properties={"text": "x" * 900}) for number in range(400)]
        body = json.dumps({"batch": batch, "writeKey": stream.write_key}).encode()
        answers = list(threads.map(lambda _: sandbox.post("/v1/b", body), range(24)))
        assert {answer.status_code for answer in answers} <= {200, 429}
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in answers if answer.status_code == 429)
        assert sandbox.post("/v1/b", body).status_code == 200, "the room is given back"
