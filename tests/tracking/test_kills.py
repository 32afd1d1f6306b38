"""Whatever is killed while events come in: none that was acknowledged is lost, unless it is beyond the ring."""

import threading
from functools import partial
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine

from tests.api.service import is_ready
from tests.databases import TestDatabase
from tests.journeys import people_in
from tests.kills.stack import Kept
from tests.tracking.sandbox import TRACKING, UNLIMITED, Sandbox, SendingStream, environment_of_tracking
from tests.waiting import wait_until
from workflow.sandbox.storing import RING

BATCH = 20
BATCHES = 40
STREAMS = 3
KILLS = 4


class _Sender:
    """Sends the batches of one stream, each until it is acknowledged, as an SDK does."""

    def __init__(self, sandbox: Sandbox, stream: SendingStream) -> None:
        self.acknowledged = 0
        self.failed = 0
        self.stream = stream
        self._sandbox = sandbox
        self.thread = threading.Thread(target=self._send_all, daemon=True)
        self.thread.start()

    def has_acknowledged(self, batches: int) -> bool:
        return self.acknowledged >= batches

    def _send_all(self) -> None:
        for number in range(BATCHES):
            batch = [self.stream.event(f"{number}-{one}") for one in range(BATCH)]
            wait_until(partial(self._is_taken, batch), seconds=120, what="an acknowledgement")
            self.acknowledged += 1

    def _is_taken(self, batch: list[dict[str, object]]) -> bool:
        try:
            answer = self._sandbox.post("/v1/batch", {"batch": batch}, self.stream.write_key)
        except requests.RequestException:
            self.failed += 1
            return False
        assert answer.status_code in (200, 503), answer.text
        self.failed += answer.status_code == 503
        return answer.status_code == 200


@pytest.mark.timeout(600)
def test_what_was_acknowledged_is_there_once_however_often_the_process_is_killed(
    database: TestDatabase, valkey_url: str, tmp_path: Path
) -> None:
    assert BATCH * BATCHES <= RING
    engine = create_engine(database.application_url)
    url, env = environment_of_tracking(database.tracking_url, valkey_url, **UNLIMITED)
    sandbox = Sandbox(url, engine, people_in(engine))
    kept = Kept(TRACKING, env, tmp_path / "tracking.log")
    try:
        wait_until(lambda: is_ready(url), seconds=90, what="the sandbox")
        senders = [_Sender(sandbox, sandbox.stream(f"killed-{number}")) for number in range(STREAMS)]
        for kill in range(1, KILLS + 1):
            least = BATCHES * kill // (KILLS + 2)
            wait_until(partial(senders[0].has_acknowledged, least), seconds=120, what="some batches")
            kept.kill()
        for sender in senders:
            sender.thread.join(240)
            assert sender.acknowledged == BATCHES
        assert sum(sender.failed for sender in senders) > 0, "no kill was felt"
        for sender in senders:
            stored = [one.message_id for one in sandbox.events(sender.stream)]
            assert sorted(stored) == sorted(f"m-{number}-{one}" for number in range(BATCHES) for one in range(BATCH))
            assert sandbox.declared(sender.stream)["Email Opened"].valid == BATCH * BATCHES
    finally:
        kept.stop()
        engine.dispose()
