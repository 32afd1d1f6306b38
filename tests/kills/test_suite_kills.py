"""Workers that are killed while suites run: each run ends with every case once, and few messages are sent twice."""

from collections import Counter
from functools import partial
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy import Engine, text, update
from sqlalchemy.orm import Session

from models import ComponentTest
from models.component_test import RunScope
from runtime.secrets import KeyRing
from tests.databases import TestDatabase
from tests.journeys import app_building, people_in
from tests.kills.stack import Kept
from tests.waiting import wait_until
from tests.workers.endpoints import Endpoint, good
from tests.workers.processes import WORKER, environment
from tests.workers.suites import SUITE, add_subscription, start
from workers.suites.pacing import AT_ONCE

COMPONENTS = 6
KILLS = 2


def test_workers_that_are_killed_during_suites_lose_no_case(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    env = environment(database.application_url, valkey_url, DEVCENTER_ALLOW_LOOPBACK_URLS="true")
    with Endpoint(good).running() as server:
        _start_runs(engine, server.url("/hook"), env["DEVCENTER_SECRET_KEYS"])
        worker = Kept(WORKER, env, tmp_path / "worker.log")
        try:
            for number in range(1, KILLS + 1):
                many = number * COMPONENTS * 2
                wait_until(partial(_has_received, server, many), seconds=120, what=f"{many} messages")
                worker.kill()
                _end_leases(engine)
            wait_until(lambda: _rest_no_longer(engine) == 0, seconds=200, what="all runs")
        finally:
            worker.stop()
        sent = Counter((one.body, one.headers["authorization"]) for one in server.received)
    with engine.connect() as connection:
        runs = connection.execute(text("SELECT colour, status FROM component_test WHERE source = 'service'")).all()
        cases = connection.execute(
            text("SELECT array_agg(code ORDER BY position) FROM component_test_result GROUP BY test_id")
        ).scalars()
        assert [tuple(one) for one in cases] == [SUITE] * COMPONENTS
    assert [tuple(run) for run in runs] == [("green", "done")] * COMPONENTS
    again = sum(sent.values()) - len(SUITE) * COMPONENTS
    assert again <= KILLS * COMPONENTS


def test_a_burst_whose_worker_is_killed_is_not_begun_again(
    database: TestDatabase, engine: Engine, valkey_url: str, tmp_path: Path
) -> None:
    env = environment(database.application_url, valkey_url, DEVCENTER_ALLOW_LOOPBACK_URLS="true")
    with Endpoint(good).running() as server:
        _start_burst(engine, server.url("/hook"), env["DEVCENTER_SECRET_KEYS"])
        worker = Kept(WORKER, env, tmp_path / "worker.log")
        try:
            wait_until(partial(_has_received, server, 30), seconds=120, what="30 events")
            worker.kill()
            with engine.begin() as connection:
                connection.execute(text("UPDATE component_test SET leased_until = now() WHERE status = 'due'"))
            at_most = len(server.received) + AT_ONCE
            wait_until(lambda: _rest_no_longer(engine) == 0, seconds=120, what="the end of the run")
        finally:
            worker.stop()
        assert len(server.received) <= at_most
    with engine.connect() as connection:
        found = connection.execute(
            text("""
                SELECT t.colour, r.findings -> 0 ->> 'code'
                  FROM component_test t JOIN component_test_result r ON r.test_id = t.id
            """)
        ).all()
    assert [tuple(one) for one in found] == [("yellow", "volume.cut_off")]


def _start_burst(engine: Engine, url: str, secret_key: str) -> None:
    people, keys = people_in(engine), KeyRing([SecretStr(secret_key)])
    app_building(engine, people, "acme")
    with Session(engine) as session, session.begin():
        component_id = add_subscription(session, people, url, keys.seal)
        run_id = start(session, people, component_id, keys.unseal)
        session.execute(
            update(ComponentTest)
            .where(ComponentTest.id == run_id)
            .values(scope=RunScope.BURST.value, wanted={"rate": 50, "seconds": 15})
        )


def _has_received(server: Endpoint, many: int) -> bool:
    return len(server.received) >= many


def _start_runs(engine: Engine, url: str, secret_key: str) -> None:
    people, keys = people_in(engine), KeyRing([SecretStr(secret_key)])
    app_building(engine, people, "acme")
    with Session(engine) as session, session.begin():
        for number in range(COMPONENTS):
            component_id = add_subscription(session, people, url, keys.seal, name=f"Hook {number}")
            start(session, people, component_id, keys.unseal)


def _end_leases(engine: Engine) -> None:
    """Lets the leases of a process that died end now instead of after more than a minute."""
    with engine.begin() as connection:
        leased = "status = 'due' AND leased_until > now()"
        connection.execute(text(f"UPDATE component_test SET leased_until = now() WHERE {leased}"))


def _rest_no_longer(engine: Engine) -> int:
    """Lets runs whose process died be due at once. Returns how many runs are not done."""
    with engine.begin() as connection:
        resting = "status = 'due' AND leased_until IS NULL AND due_at > now()"
        connection.execute(text(f"UPDATE component_test SET due_at = now() WHERE {resting}"))
        return int(connection.scalar(text("SELECT count(*) FROM component_test WHERE status = 'due'")) or 0)
