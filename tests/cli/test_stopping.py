"""Ctrl-C on real processes: what they say that they wait for and leave, and that a second one loses nothing."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from tests.api.service import API, addresses_of, is_ready
from tests.databases import TestDatabase
from tests.journeys import People, app_building, ask, outcome_of, token_of
from tests.mailbox import Mailbox
from tests.waiting import wait_until
from tests.workers.processes import environment, running

DEVCENTER_WORKER = (sys.executable, "-P", "-m", "cli.main", "worker")


@contextmanager
def silent_mail_server() -> Iterator[socket.socket]:
    """Says nothing on its connections, so that an attempt lasts. Yields what accepts them."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as silent:
        silent.settimeout(120)
        yield silent


def _port(silent: socket.socket) -> str:
    return str(silent.getsockname()[1])


def said(log: Path) -> list[str]:
    """Returns what the lines of a JSON log say."""
    return [json.loads(line)["event"] for line in log.read_text().splitlines() if line.startswith("{")]


def says(log: Path, pattern: str) -> Callable[[], bool]:
    return lambda: any(re.search(pattern, line) for line in said(log))


@contextmanager
def _call_under_way(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, folder: Path
) -> Iterator[tuple["subprocess.Popen[bytes]", Path, "Callable[[], object]"]]:
    """Runs an API with a call that waits for an outcome, which never comes: no worker runs."""
    app_building(engine, people, "acme")
    (api_url, own), log = addresses_of("DEVCENTER_API"), folder / "api.log"
    env = environment(database.application_url, valkey_url, **own)
    headers = {
        "Authorization": f"Bearer {token_of(engine, people.partner)}",
        "Prefer": "wait=5",
        "Idempotency-Key": "one",
    }
    body = {"app": "acme", "trigger": "submit"}

    def call() -> object:
        try:
            return requests.post(
                f"{api_url}/v1/transition-requests", json=body, headers=headers, timeout=30
            ).status_code
        except requests.ConnectionError:
            return "cut off"

    with running(API, env, log) as api, ThreadPoolExecutor(1) as pool:
        wait_until(lambda: is_ready(api_url), seconds=60)
        answer = pool.submit(call)
        wait_until(lambda: _requests(engine) == 1, seconds=20, what="the call to be under way")
        yield api, log, answer.result


def _requests(engine: Engine) -> int:
    with Session(engine) as session:
        return int(session.scalar(text("SELECT count(*) FROM transition_request")) or 0)


def test_an_api_that_is_told_to_stop_says_what_it_waits_for_and_answers_it(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path
) -> None:
    with _call_under_way(database, engine, people, valkey_url, tmp_path) as (api, log, answer):
        api.send_signal(signal.SIGINT)
        assert answer() == 202
        api.wait(20)
    assert any(
        re.match(
            r"stopping: waiting for 1 call under way and \d+ connections? to close, at most 15 s; "
            r"press Ctrl-C again to stop now",
            line,
        )
        for line in said(log)
    )
    assert "stopped: every call was answered" in said(log)


@pytest.mark.parametrize("which", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_ends_an_api_at_once_and_what_it_accepted_stays(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path, which: signal.Signals
) -> None:
    with _call_under_way(database, engine, people, valkey_url, tmp_path) as (api, log, answer):
        api.send_signal(which)
        wait_until(says(log, "^stopping"), seconds=10)
        wait_until(_signalling(api, which, says(log, "^stopped: 1 call cut off")), seconds=4)
        api.wait(4)
        assert answer() == "cut off"
    assert _requests(engine) == 1


def test_a_worker_says_what_it_waits_for_and_a_second_signal_ends_it_and_loses_nothing(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path
) -> None:
    app_building(engine, people, "acme")
    request = ask(engine, people.partner, "acme", AppTrigger.SUBMIT)
    log = tmp_path / "worker.log"
    with silent_mail_server() as silent:
        env = environment(database.application_url, valkey_url, DEVCENTER_SMTP_PORT=_port(silent))
        with running(DEVCENTER_WORKER, env, log) as worker, silent.accept()[0]:
            worker.send_signal(signal.SIGINT)
            waiting = (
                r"^stopping: waiting for \d+ attempts? \(.*\d+ notification.*\).* at most \d+ s; press Ctrl-C again"
            )
            wait_until(says(log, waiting), seconds=10)
            assert worker.poll() is None
            wait_until(_signalling(worker, signal.SIGINT, lambda: worker.poll() is not None), seconds=5)
        wait_until(says(log, r"^stopped at once: \d+ attempts? .* when the leases end, in \d+ s at most"), seconds=1)
    with Session(engine) as session, session.begin():
        session.execute(text("UPDATE notification SET leased_until = now() WHERE leased_until IS NOT NULL"))
        session.execute(text("DELETE FROM failing_lane"))
    again = tmp_path / "again.log"
    with Mailbox() as mailbox:
        env = environment(database.application_url, valkey_url, DEVCENTER_SMTP_PORT=str(mailbox.port))
        with running(DEVCENTER_WORKER, env, again) as worker:
            wait_until(lambda: _open(engine) == 0, seconds=60, what="every mail")
            worker.send_signal(signal.SIGTERM)
            worker.wait(20)
        assert len(mailbox.letters) == len({(letter["To"], letter["Subject"]) for letter in mailbox.letters}) > 0
    assert says(again, r"^stopping: (nothing is under way|waiting for 1 attempt)")()
    assert "stopped: what was begun is finished, and the rest is due for other workers" in said(again)
    assert outcome_of(engine, request)["status"] == "applied"


def _signalling(
    process: "subprocess.Popen[bytes]", which: signal.Signals, condition: Callable[[], bool]
) -> Callable[[], bool]:
    """Returns a condition that sends the signal each time it is looked at."""

    def look() -> bool:
        process.send_signal(which)
        return condition()

    return look


def _open(engine: Engine) -> int:
    with Session(engine) as session:
        return int(session.scalar(text("SELECT count(*) FROM notification WHERE status = 'due'")) or 0)
