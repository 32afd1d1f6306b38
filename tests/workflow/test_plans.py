"""The statements of the hot path: how many a batch takes, and that none reads a table that grows from end to end."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.orm import Session

from benchmarks.filling import fill, put_requests, settle
from models.base import new_id
from models.lifecycle import AppTrigger, Role
from models.request import RequestSource
from tests.databases import TestDatabase
from tests.journeys import now_of, writer_of
from workflow.actors import Actor
from workflow.batch import judge_due_requests
from workflow.promotion import promote_eligible_apps
from workflow.requests import Wanted, accept_requests
from workflow.tokens import find_principals

APPS, BATCH = 5_000, 10
"""A batch so much smaller than the tables that reading one through would be a mistake."""
GROW = {"app", "access_request", "notification", "organization", "person", "review", "review_step", "submission",
        "transition", "transition_reason", "transition_request"}  # fmt: skip
"""Tables that grow with the installation."""


@dataclass(slots=True)
class Watched:
    """The statements that were executed, and the tables that a plan read from end to end, with the statement."""

    statements: list[str] = field(default_factory=list)
    read_through: list[tuple[str, str]] = field(default_factory=list)


@pytest.fixture(scope="module")
def engine(module_database: TestDatabase) -> Iterator[Engine]:
    """A database with thousands of Apps and finished requests, of which the planner knows; two more each are due."""
    superuser = create_engine(module_database.superuser_url)
    fill(superuser, 1, APPS, finished=5, apps_a_company=1)
    put_requests(superuser, 2, apps=APPS)
    settle(superuser)
    superuser.dispose()
    made = create_engine(module_database.application_url)
    yield made
    made.dispose()


@contextmanager
def _watched(engine: Engine) -> Iterator[Watched]:
    """Explains every statement just before it is executed, with its parameters."""
    watched = Watched()

    def explain(_connection: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        watched.statements.append(statement)
        if statement.split()[0] in ("SELECT", "WITH", "INSERT", "UPDATE", "DELETE"):
            plan = cursor.connection.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()[0]
            scanned = [node["Relation Name"] for node in _nodes(plan[0]["Plan"]) if node["Node Type"] == "Seq Scan"]
            watched.read_through += [(table, statement) for table in scanned if table in GROW]

    event.listen(engine, "before_cursor_execute", explain)
    try:
        yield watched
    finally:
        event.remove(engine, "before_cursor_execute", explain)


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _judge(engine: Engine, limit: int) -> Watched:
    with Session(engine) as session:
        now, writer = now_of(session), writer_of(session)
        with _watched(engine) as watched:
            report = judge_due_requests(session, now=now, writer=writer, announce=lambda _ids: new_id(), limit=limit)
        assert [outcome.status for outcome in report.outcomes] == ["applied"] * limit
        session.rollback()
    return watched


def test_a_batch_takes_as_many_statements_as_one_request(engine: Engine) -> None:
    one, many = _judge(engine, 1), _judge(engine, BATCH)
    assert one.statements == many.statements
    assert len(one.statements) <= 14


def test_no_statement_of_a_batch_reads_a_growing_table_through(engine: Engine) -> None:
    assert _judge(engine, 1).read_through == []
    assert _judge(engine, BATCH).read_through == []


def test_taking_requests_in_reads_no_growing_table_through(engine: Engine) -> None:
    wanted = [Wanted(f"app-{number}", AppTrigger.SUSPEND, f"key-{number}") for number in range(1, BATCH + 1)]
    with Session(engine) as session, _watched(engine) as watched:
        accept_requests(session, wanted, Actor(new_id(), Role.ADMIN), RequestSource.HTTP)
        find_principals(session, ["dc_admin_one", "dc_admin_two"])
        session.rollback()
    assert watched.read_through == []


def test_the_sweep_for_promotion_reads_its_candidates_alone(engine: Engine) -> None:
    with Session(engine) as session:
        writer = writer_of(session)
        with _watched(engine) as watched:
            promote_eligible_apps(session, writer.policies, writer.rulebook)
        session.rollback()
    assert _tables(watched.read_through) == []


def _tables(read_through: Sequence[tuple[str, str]]) -> list[str]:
    return [table for table, _ in read_through]
