"""Whatever is killed, suspended or flushed while mails are handed out: each is delivered, and few more than once.

Each run has two workers of 16 threads and a slow mail server. Rows that were handed out to a process that dies are
retried when their lease ends.
"""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import redis
from sqlalchemy import Engine, text

from tests.databases import TestDatabase
from tests.kills.stack import Kept
from tests.mailbox import Mailbox
from tests.waiting import wait_until
from tests.workers.processes import WORKER, environment

MAILS = 900
DOMAINS = 90
THREADS = 16
NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def mails(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(
            text("""
                INSERT INTO notification (id, kind, cause, recipient_email, data, due_at, lane)
                SELECT uuidv7(), 'colleague_invited', 'mail ' || n, 'pat@domain' || n % :domains || '.example',
                       '{"name": "Pat", "company": "Acme", "by": "Olga", "expires": "soon", "secret": "code"}', now(),
                       'domain' || n % :domains || '.example'
                  FROM generate_series(1, :mails) n
            """),
            {"mails": MAILS, "domains": DOMAINS},
        )


class Run:
    """Two workers, the mail server, and the mails that it has accepted."""

    def __init__(self, engine: Engine, mailbox: Mailbox, workers: list[Kept], redis_url: str) -> None:
        self.engine = engine
        self.mailbox = mailbox
        self.workers = workers
        self.redis_url = redis_url

    def has_delivered(self, many: int) -> None:
        """Waits until this many mails have been delivered."""
        wait_until(lambda: len(self.mailbox.letters) >= many, seconds=120, what=f"{many} mails")

    def in_hand(self) -> int:
        """Returns how many rows are leased."""
        with self.engine.connect() as connection:
            return int(
                connection.execute(
                    text("SELECT count(*) FROM notification WHERE status = 'due' AND leased_until > now()")
                ).scalar_one()
            )

    def is_all_done(self) -> bool:
        """Returns whether every mail is sent."""
        with self.engine.connect() as connection:
            return connection.execute(text("SELECT FROM notification WHERE status <> 'done' LIMIT 1")).first() is None

    def rows(self) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text("SELECT id::text, status, attempts, lane FROM notification")))


def _run(
    database: TestDatabase, engine: Engine, redis_url: str, folder: Path, disturb: Callable[[Run], None]
) -> tuple[Counter[str], list[Any]]:
    """Returns how often each notification was delivered, and the rows at the end."""
    with Mailbox(seconds=0.02) as mailbox:
        env = environment(database.application_url, redis_url, DEVCENTER_SMTP_PORT=str(mailbox.port))
        workers = [Kept(WORKER, env, folder / f"worker-{number}.log") for number in range(2)]
        run = Run(engine, mailbox, workers, redis_url)
        try:
            disturb(run)
            wait_until(run.is_all_done, seconds=200, what="all mails")
        finally:
            for worker in workers:
                worker.stop()
        delivered = Counter({name.strip("<>").partition("@")[0]: many for name, many in mailbox.deliveries.items()})
    assert set(delivered) == {row.id for row in run.rows()}
    return delivered, run.rows()


def _twice(delivered: Counter[str]) -> int:
    return sum(many - 1 for many in delivered.values())


def test_workers_killed_with_rows_handed_out_lose_nothing(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    def disturb(run: Run) -> None:
        for number, many in enumerate((60, 250)):
            run.has_delivered(many)
            run.workers[number].kill()

    delivered, rows = _run(database, engine, valkey_url, tmp_path, disturb)
    assert _twice(delivered) <= 2 * THREADS
    assert max(row.attempts for row in rows) <= 3


def test_without_redis_from_start_to_end_each_mail_goes_out_once(
    database: TestDatabase, engine: Engine, tmp_path: Path
) -> None:
    delivered, rows = _run(database, engine, NOWHERE, tmp_path, lambda _run: None)
    assert _twice(delivered) == 0
    assert {row.attempts for row in rows} == {1}


def test_a_redis_that_is_emptied_again_and_again_changes_nothing(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    def disturb(run: Run) -> None:
        with redis.Redis.from_url(valkey_url) as client:
            for many in range(40, 400, 20):
                run.has_delivered(many)
                client.flushdb()

    delivered, rows = _run(database, engine, valkey_url, tmp_path, disturb)
    assert _twice(delivered) == 0
    assert {row.attempts for row in rows} == {1}


def test_a_worker_that_is_suspended_past_its_lease_and_resumes_repeats_nothing(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    """Mails that were being sent when it was suspended go out twice. Rows that it had not begun, it does not begin."""

    def disturb(run: Run) -> None:
        run.has_delivered(60)
        stopped = run.workers[0]
        os.killpg(stopped.pid, signal.SIGSTOP)
        try:
            wait_until(run.is_all_done, seconds=200, what="the other worker to do everything")
        finally:
            os.killpg(stopped.pid, signal.SIGCONT)
        wait_until(lambda: run.in_hand() == 0, seconds=60, what="the one that woke up to give up")

    delivered, rows = _run(database, engine, valkey_url, tmp_path, disturb)
    assert _twice(delivered) <= THREADS
    assert max(row.attempts for row in rows) == 2


def _has_started_again(worker: Kept, starts: int) -> bool:
    return worker.starts > starts


@pytest.mark.parametrize("whom", ["the main process", "its group"])
def test_workers_that_are_told_to_stop_finish_what_they_began_and_return_the_rest(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path, whom: str
) -> None:
    """Signals the whole group, as systemd and shells do. Dramatiq passes it on, so its processes get it twice."""
    send = os.kill if whom == "the main process" else os.killpg

    def disturb(run: Run) -> None:
        for number, many in enumerate((60, 250)):
            run.has_delivered(many)
            worker = run.workers[number]
            starts = worker.starts
            send(worker.pid, signal.SIGTERM)
            wait_until(partial(_has_started_again, worker, starts), seconds=60, what="its end")

    delivered, rows = _run(database, engine, valkey_url, tmp_path, disturb)
    assert _twice(delivered) == 0
    assert {row.attempts for row in rows} == {1}


def test_no_lane_has_more_in_flight_than_its_bound_while_workers_die(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    seen: Counter[str] = Counter()
    over = threading.Event()

    def watch(run: Run) -> None:
        held = text("SELECT lane, count(*) AS many FROM notification WHERE leased_until > now() GROUP BY lane")
        while not over.wait(0.02):
            with run.engine.connect() as connection:
                for row in connection.execute(held):
                    seen[row.lane] = max(seen[row.lane], row.many)

    def disturb(run: Run) -> None:
        with engine.begin() as connection:
            connection.execute(text("UPDATE notification SET lane = 'one.example' WHERE lane < 'domain5'"))
        watching = threading.Thread(target=watch, args=(run,))
        watching.start()
        run.has_delivered(60)
        run.workers[0].kill()
        run.has_delivered(MAILS - 100)
        over.set()
        watching.join()

    _run(database, engine, valkey_url, tmp_path, disturb)
    assert 1 <= max(seen.values()) <= 10
