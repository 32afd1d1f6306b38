"""Requests that something outside hinders: they lose no attempt, their App keeps its order, and other Apps go on."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from runtime.database import make_engine
from tests.databases import TestDatabase
from tests.journeys import BECAUSE, People, apps_in_public_beta, ask, people_in
from tests.runtime.test_database import settings_for
from tests.waiting import wait_until
from workers.context import WorkerContext
from workers.judging.batches import apply_due_requests
from workers.judging.in_flight import InFlightBatches
from workers.judging.thread import JudgingThread
from workflow.lifecycle.effect_kinds import Applied
from workflow.lifecycle.effects import EFFECTS
from workflow.lifecycle.rulebook import AppRulebook


@pytest.fixture
def worker(context: WorkerContext, database: TestDatabase) -> Iterator[WorkerContext]:
    """A worker whose statements may take two seconds."""
    engine = make_engine(settings_for(database.application_url, statement_timeout_s=2), pool_size=4)
    yield replace(context, engine=engine, in_flight=InFlightBatches(engine))
    engine.dispose()


@contextmanager
def _held(database: TestDatabase, *statements: str) -> Iterator[None]:
    """Holds the locks of the statements, which a superuser executes, until the block ends."""
    url = make_url(database.superuser_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False)) as holder:
        for statement in statements:
            holder.execute(statement)
        yield
        holder.rollback()


@dataclass(frozen=True, slots=True)
class _Hinders:
    """An effect that executes a statement for the App `a`."""

    sql: str

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        if any(one.before.slug == "a" for one in applied):
            session.execute(text(self.sql))


def _raises(sqlstate: str) -> str:
    return f"DO $$ BEGIN RAISE EXCEPTION 'hindered' USING ERRCODE = '{sqlstate}'; END $$"


def _suspend_and_reinstate(engine: Engine, people: People) -> list[UUID]:
    triggers = (AppTrigger.SUSPEND, AppTrigger.REINSTATE)
    return [ask(engine, people.admin, "a", trigger, reasons=BECAUSE) for trigger in triggers]


def _requests(engine: Engine, slug: str = "a") -> list[tuple[str, int]]:
    """Returns the status and the attempts of the App's last requests, in the order of their acceptance."""
    with Session(engine) as session:
        rows = session.execute(
            text("""
                SELECT r.status, r.attempts FROM transition_request r JOIN app ON app.id = r.app_id
                 WHERE slug = :slug AND r.trigger IN ('suspend', 'reinstate') ORDER BY r.position
            """),
            {"slug": slug},
        )
        return [tuple(row) for row in rows]


def _judge_with_a_thread(worker: WorkerContext, until: Callable[[], object], *, seconds: float = 30) -> None:
    thread = JudgingThread(worker, lambda _bell, _seconds: True, 0.05)
    thread.start()
    try:
        wait_until(until, seconds=seconds)
    finally:
        thread.stop()


APPLIED = [("applied", 0), ("applied", 0)]
LOCKS = {
    "a row of the App": ["SELECT 1 FROM catalog_entry WHERE slug = 'a' FOR UPDATE"],
    "a table": ["LOCK TABLE notification IN SHARE MODE"],
    "a table, wholly": ["LOCK TABLE catalog_entry IN ACCESS EXCLUSIVE MODE"],
    "the log": ["LOCK TABLE transition_reason IN SHARE ROW EXCLUSIVE MODE"],
    "the App, for its removal": ["SELECT 1 FROM app WHERE slug = 'a' FOR UPDATE"],
}


@pytest.mark.parametrize("lock", LOCKS)
def test_a_request_that_waits_for_a_lock_loses_no_attempt_and_its_apps_order_holds(
    lock: str, worker: WorkerContext, database: TestDatabase
) -> None:
    people = people_in(worker.engine)
    apps_in_public_beta(worker.engine, people, ["a"])
    _suspend_and_reinstate(worker.engine, people)
    with _held(database, *LOCKS[lock]):
        for _ in range(5):  # more than the attempts of a request
            apply_due_requests(worker)
            with worker.engine.begin() as connection:
                connection.execute(text("UPDATE resting_app SET rests_until = now() WHERE app_id IS NOT NULL"))
        assert _requests(worker.engine) == [("due", 0), ("due", 0)]
    _judge_with_a_thread(worker, lambda: _requests(worker.engine) == APPLIED)


def test_other_apps_are_judged_while_one_apps_row_is_locked(worker: WorkerContext, database: TestDatabase) -> None:
    people = people_in(worker.engine)
    others = [f"b{number}" for number in range(20)]
    apps_in_public_beta(worker.engine, people, ["a", *others])
    _suspend_and_reinstate(worker.engine, people)
    for slug in others:
        ask(worker.engine, people.admin, slug, AppTrigger.SUSPEND, reasons=BECAUSE)
    with _held(database, *LOCKS["a row of the App"]):
        apply_due_requests(worker)
        assert {(slug, *_requests(worker.engine, slug)) for slug in others} == {(s, ("applied", 0)) for s in others}
        assert _requests(worker.engine) == [("due", 0), ("due", 0)]


HINDRANCES = {
    "somebody cancels it": "SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(1)",
    "a lock": _raises("55P03"),
    "a deadlock": _raises("40P01"),
    "a serialization failure": _raises("40001"),
    "a full disk": _raises("53100"),
    "no memory": _raises("53200"),
    "no connection": _raises("53300"),
    "a broken disk": _raises("58030"),
    "a lost right": _raises("42501"),
    "an older schema": "SELECT a_column_of_the_next_release FROM app",
    "a shutdown": _raises("57P01"),
    "a dead connection": "SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(1)",
    "a read-only database": _raises("25006"),
}


@pytest.mark.parametrize("hindrance", HINDRANCES)
def test_what_is_no_fault_of_a_request_costs_it_no_attempt_nor_its_place(
    hindrance: str, worker: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = people_in(worker.engine)
    apps_in_public_beta(worker.engine, people, ["a"])
    _suspend_and_reinstate(worker.engine, people)
    calls: list[int] = []
    effects = EFFECTS[AppTrigger.SUSPEND]
    with monkeypatch.context() as hindering:
        counting = _Counting(_Hinders(HINDRANCES[hindrance]), calls)
        hindering.setitem(EFFECTS, AppTrigger.SUSPEND, (*effects, counting))
        _judge_with_a_thread(worker, lambda: len(calls) >= 2)
        assert _requests(worker.engine) == [("due", 0), ("due", 0)]
    _judge_with_a_thread(worker, lambda: _requests(worker.engine) == APPLIED)


@dataclass(frozen=True, slots=True)
class _Counting:
    """An effect that counts its calls."""

    effect: _Hinders
    calls: list[int]

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:
        self.calls.append(1)
        self.effect.write(session, applied, now, rulebook)


@pytest.mark.parametrize("sql", ["SELECT pg_sleep(9)", _raises("23514"), _raises("22003")], ids=["slow", "23", "22"])
def test_while_an_app_rests_after_a_failed_attempt_no_later_request_of_it_is_judged(
    sql: str, worker: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = people_in(worker.engine)
    apps_in_public_beta(worker.engine, people, ["a", "b"])
    _suspend_and_reinstate(worker.engine, people)
    ask(worker.engine, people.admin, "b", AppTrigger.SUSPEND, reasons=BECAUSE)
    with monkeypatch.context() as breaking:
        breaking.setitem(EFFECTS, AppTrigger.SUSPEND, (*EFFECTS[AppTrigger.SUSPEND], _Hinders(sql)))
        apply_due_requests(worker)
    assert _requests(worker.engine) == [("due", 1), ("due", 0)]
    assert _requests(worker.engine, "b") == [("applied", 0)]
    ask(worker.engine, people.admin, "a", AppTrigger.SUSPEND, reasons=BECAUSE)
    apply_due_requests(worker)
    assert [status for status, _ in _requests(worker.engine)] == ["due", "due", "due"]
    _judge_with_a_thread(
        worker, lambda: [status for status, _ in _requests(worker.engine)] == ["applied", "applied", "applied"]
    )
    with Session(worker.engine) as session:
        assert session.scalar(text("SELECT count(*) FROM resting_app")) == 0


@pytest.mark.parametrize("seed", [1, 2])
def test_the_order_of_every_app_survives_cancelled_statements_lost_connections_and_locks(
    seed: int, worker: WorkerContext, database: TestDatabase
) -> None:
    chance = random.Random(seed)
    people = people_in(worker.engine)
    slugs = ["a", "b", "c", "d"]
    apps_in_public_beta(worker.engine, people, slugs)
    asked = [
        ask(worker.engine, people.admin, slug, trigger, reasons=BECAUSE)
        for _ in range(6)
        for trigger in (AppTrigger.SUSPEND, AppTrigger.REINSTATE)
        for slug in slugs
    ]
    faults = [
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active'"
        " AND pid <> pg_backend_pid()",
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'devcenter' AND pid <> pg_backend_pid()",
        *("BEGIN; " + statements[0] + "; SELECT pg_sleep(0.4); COMMIT" for statements in LOCKS.values()),
    ]
    threads = [JudgingThread(replace(worker, batch_size=5), lambda _bell, _s: True, 0.05) for _ in range(2)]
    url = make_url(database.superuser_url).set(drivername="postgresql")
    with psycopg.connect(url.render_as_string(hide_password=False), autocommit=True) as breaking:
        for thread in threads:
            thread.start()
        for _ in range(20):
            with suppress(psycopg.Error):
                breaking.execute(chance.choice(faults).encode())
    wait_until(
        lambda: all(status == "applied" for slug in slugs for status, _ in _requests(worker.engine, slug)), seconds=60
    )
    for thread in threads:
        thread.stop()
    with Session(worker.engine) as session:
        rows = session.execute(
            text("SELECT app_id, version, attempts FROM transition_request WHERE id = ANY(:ids) ORDER BY position"),
            {"ids": asked},
        ).all()
    assert {row.attempts for row in rows} == {0}
    for app_id in {row.app_id for row in rows}:
        assert [row.version for row in rows if row.app_id == app_id] == list(range(4, 16))
