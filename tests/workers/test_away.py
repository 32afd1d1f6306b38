"""A real worker while Postgres is away, as its log and an operator see it."""

import re
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import dramatiq
from dramatiq.brokers.redis import RedisBroker
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from tests.databases import TestDatabase
from tests.journeys import People, apps_in_public_beta, token_of
from tests.preloaded import forked
from tests.relay import relay_to
from tests.waiting import wait_until
from tests.workers.processes import WORKER, environment

JUDGING = (*WORKER, "--queues", "apply", "transitions")
MAX_TRIES = 3
"""The tries of its own that a message has."""
MAX_LOG = 20_000
"""The characters that a worker may write in all. A traceback for each try would take more."""
BEGINS, ENDS = re.compile(r"(\w[\w ]*) fails for ([\w ]+);"), re.compile(r"(\w[\w ]*) works again for ([\w ]+),")


def _ask(url: str, token: str, key: str) -> None:
    broker = RedisBroker(url=url)
    arguments = {"token": token, "app": "acme", "trigger": "promote", "idempotency_key": key}
    broker.enqueue(dramatiq.Message("transitions", "request_transition", (), arguments, {}))
    broker.close()


def _outcome(engine: Engine, key: str) -> str | None:
    asked = text("SELECT status FROM transition_request WHERE idempotency_key = :key AND status <> 'due'")
    with Session(engine) as session:
        found: str | None = session.scalar(asked, {"key": key})
        return found


def test_a_database_that_is_away_for_long_costs_no_message_and_two_lines_of_each_part(
    database: TestDatabase, engine: Engine, people: People, valkey_url: str, tmp_path: Path
) -> None:
    apps_in_public_beta(engine, people, ["acme"])
    token, log = token_of(engine, people.service), tmp_path / "log"
    address = urlsplit(database.application_url)
    with relay_to(address.hostname or "127.0.0.1", address.port or 5432) as relay:
        url = database.application_url.replace(f":{address.port}/", f":{relay.port}/")
        with forked(JUDGING, environment(url, valkey_url), log):
            _ask(valkey_url, token, "before")
            wait_until(lambda: _outcome(engine, "before"), seconds=30, what="a worker at work")
            relay.cut()
            _ask(valkey_url, token, "meanwhile")
            wait_until(lambda: log.read_text().count("Retrying message") > MAX_TRIES, seconds=60, what="tries in vain")
            relay.mend()
            wait_until(lambda: _outcome(engine, "meanwhile"), seconds=60, what="the outcome")
            wait_until(lambda: _parts(ENDS, log) == _parts(BEGINS, log), seconds=60, what="every outage's end")
    with Session(engine) as session:
        assert session.scalars(text("SELECT error FROM rejected_message")).all() == []
    assert set(_parts(BEGINS, log).values()) == {1}, "a line for the outage, not for each try"
    assert len(log.read_text()) < MAX_LOG


def _parts(pattern: re.Pattern[str], log: Path) -> Counter[str]:
    return Counter(" for ".join(found) for found in pattern.findall(log.read_text()))
