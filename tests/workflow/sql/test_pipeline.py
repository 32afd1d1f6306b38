"""Pipelined statements: an error is raised as itself, and the whole block is rolled back."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from models.guards import APPLICATION_ROLE
from tests.databases import TestDatabase
from workflow.sql.locks import LockSpace, lock_names
from workflow.sql.pipeline import DirectSession, direct_connection, direct_transaction, implicit_transaction

NOTE = text("INSERT INTO noted (number) VALUES (:number)")
COUNT = text("SELECT count(*) FROM noted")
NUMBERS = text("SELECT number FROM noted ORDER BY number")
NOWHERE = text("INSERT INTO nowhere VALUES (1)")


@pytest.fixture(autouse=True)
def noted(database: TestDatabase) -> None:
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        connection.execute(text("CREATE TABLE noted (number integer PRIMARY KEY)"))
        connection.execute(text(f"GRANT SELECT, INSERT ON noted TO {APPLICATION_ROLE}"))
    owner.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with direct_connection(engine) as made:
        yield made


def test_a_transaction_commits_its_statements_and_reads_its_own_writes(engine: Engine, connection: Connection) -> None:
    with direct_transaction(connection) as session:
        session.execute(NOTE, [{"number": number} for number in range(3)])
        assert [row.number for row in session.execute(NUMBERS)] == [0, 1, 2]
        _note(session, 3)
    assert _noted(engine) == [0, 1, 2, 3]


def test_a_refusal_at_commit_is_raised_and_the_connection_can_be_used_again(
    engine: Engine, connection: Connection
) -> None:
    with pytest.raises(IntegrityError, match="noted_pkey"), direct_transaction(connection) as session:
        _note(session, 1, 1)
    with direct_transaction(connection) as session:
        _note(session, 2)
    assert _noted(engine) == [2]


def test_an_exception_in_a_transaction_is_raised_and_rolls_it_back(engine: Engine, connection: Connection) -> None:
    with pytest.raises(ZeroDivisionError), direct_transaction(connection) as session:
        _do(lambda: _note(session, 1), lambda: 1 // 0)
    assert _noted(engine) == []


def test_a_block_that_fails_keeps_the_statements_before_and_after_it(
    engine: Engine, connection: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    with direct_transaction(connection) as session:
        _note(session, 1)
        assert session.execute(COUNT).all() == [(1,)]
        with pytest.raises(IntegrityError, match="noted_pkey"), session.savepoint():
            _do(lambda: _note(session, 2, 2), lambda: session.execute(NOWHERE))
        with pytest.raises(IntegrityError, match="noted_pkey"), session.savepoint():
            _do(lambda: _note(session, 1), lambda: session.execute(COUNT).all())
        with pytest.raises(ZeroDivisionError), session.savepoint():
            _do(lambda: _note(session, 1), lambda: 1 // 0)
        with session.savepoint():
            _note(session, 3, 4)
        _note(session, 5)
    assert _noted(engine) == [1, 3, 4, 5]
    assert caplog.records == []


def test_a_block_without_a_transaction_is_refused(connection: Connection) -> None:
    with direct_transaction(connection) as session, pytest.raises(RuntimeError, match="execute a statement first"):
        session.savepoint().__enter__()


def _do(*steps: Callable[[], object]) -> None:
    for step in steps:
        step()


def _note(session: DirectSession, *numbers: int) -> None:
    for number in numbers:
        session.execute(NOTE, {"number": number})


def _noted(engine: Engine) -> list[int]:
    with Session(engine) as session:
        return list(session.scalars(NUMBERS))


def test_a_process_that_stops_inside_an_implicit_transaction_soon_holds_no_lock(engine: Engine) -> None:
    stopped, over = threading.Event(), threading.Event()

    def stop_inside() -> None:
        with direct_connection(engine) as connection:
            connection.execute(text("SET transaction_timeout = '240s'"))  # as processes have
            _hold(connection)

    def _hold(connection: Connection) -> None:
        with implicit_transaction(connection) as session:
            lock_names(session, LockSpace.HANDING_OUT, "a kind")
            driver: Any = connection.connection.driver_connection
            driver.pgconn.flush()
            stopped.set()
            over.wait(60)
            session.execute(text("SELECT 1")).all()

    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(stop_inside)
        assert stopped.wait(30)
        with Session(engine) as session, session.begin():
            session.execute(text("SET LOCAL statement_timeout = '40s'"))
            lock_names(session, LockSpace.HANDING_OUT, "a kind")
        over.set()
        lost = r"transaction timeout|connection is lost|closed the connection"
        with pytest.raises(DBAPIError, match=lost):
            stopping.result(30)
