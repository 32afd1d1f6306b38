"""Statements sent together: what is refused is raised as itself, and nothing of the block stays."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.databases import TestDatabase
from workflow.driver import direct_connection, direct_transaction, pipelined, savepoint

NOTE = text("INSERT INTO noted (number) VALUES (:number)")
BEFORE = 1000
"""What was noted before the savepoint."""
COUNT = text("SELECT count(*) FROM noted")


@pytest.fixture
def session(database: TestDatabase) -> Iterator[Session]:
    engine: Engine = create_engine(database.owner_url)
    with engine.connect() as connection, Session(connection) as made:
        made.execute(text("CREATE TEMPORARY TABLE noted (number integer PRIMARY KEY)"))
        made.commit()
        made.execute(NOTE, {"number": BEFORE})
        yield made
    engine.dispose()


def test_the_first_refused_statement_is_raised_and_those_behind_it_are_not_executed(session: Session) -> None:
    with pytest.raises(IntegrityError, match="noted_pkey"):
        _together(session, lambda: [_note(session, 1), _note(session, 1), session.execute(text("INSERT INTO nowhere"))])
    assert session.scalar(COUNT) == 1


def test_what_a_block_raises_itself_is_raised_and_nothing_of_it_stays(session: Session) -> None:
    with pytest.raises(ZeroDivisionError):
        _together(session, lambda: [_note(session, 1), 1 // 0])
    assert session.scalar(COUNT) == 1


def test_what_was_sent_together_is_there_when_the_block_ends(session: Session) -> None:
    _together(session, lambda: [_note(session, number) for number in range(10)])
    assert session.scalar(COUNT) == 11


def test_a_savepoint_without_a_transaction_is_refused(session: Session) -> None:
    session.rollback()
    with pytest.raises(RuntimeError, match="execute a statement before"):
        _together(session, lambda: _note(session, 1))


@pytest.fixture
def engine(database: TestDatabase) -> Iterator[Engine]:
    made = create_engine(database.owner_url)
    with made.begin() as connection:
        connection.execute(text("CREATE TABLE noted (number integer PRIMARY KEY)"))
    yield made
    made.dispose()


def test_a_direct_transaction_commits_what_was_sent_and_reads_what_it_wrote(engine: Engine) -> None:
    with _transaction(engine) as session:
        session.execute(NOTE, [{"number": number} for number in range(3)])
        assert [row.number for row in session.execute(text("SELECT number FROM noted ORDER BY 1"))] == [0, 1, 2]
        _note(session, 3)
    assert _noted(engine) == 4


def test_what_is_refused_at_the_end_of_a_direct_transaction_is_raised_and_nothing_of_it_stays(engine: Engine) -> None:
    with (
        pytest.raises(IntegrityError, match="noted_pkey"),
        direct_connection(engine) as connection,
        direct_transaction(connection) as session,
    ):
        _note_twice(session, 1)
    assert _noted(engine) == 0
    with _transaction(engine) as session:
        _note(session, 1)
    assert _noted(engine) == 1


def test_what_a_direct_transaction_raises_itself_is_raised_and_nothing_of_it_stays(engine: Engine) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        direct_connection(engine) as connection,
        direct_transaction(connection) as session,
    ):
        _note(session, 1 // 0 if session.execute(COUNT).all() else 1)
    assert _noted(engine) == 0


def test_a_direct_transaction_outlives_what_is_refused_behind_a_savepoint(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    with _transaction(engine) as session:
        _note(session, 1)
        assert session.execute(COUNT).all() == [(1,)]
        with pytest.raises(IntegrityError, match="noted_pkey"), savepoint(session):
            _note_and_count(session, 1)
        with pytest.raises(IntegrityError, match="noted_pkey"), savepoint(session), pipelined(session):
            _note_twice(session, 2)
        with pytest.raises(ZeroDivisionError), savepoint(session):
            _note(session, 1 // _note_and_give_zero(session, 1))
        _note(session, 3)
    assert _noted(engine) == 2
    assert caplog.records == []


@contextmanager
def _transaction(engine: Engine) -> Iterator[Session]:
    with direct_connection(engine) as connection, direct_transaction(connection) as session:
        yield session


def _noted(engine: Engine) -> int:
    with Session(engine) as session:
        return session.scalar(COUNT) or 0


def _together(session: Session, work: Callable[[], object]) -> None:
    with savepoint(session), pipelined(session):
        work()


def _note(session: Session, number: int) -> object:
    return session.execute(NOTE, {"number": number})


def _note_twice(session: Session, number: int) -> None:
    _note(session, number)
    _note(session, number)


def _note_and_give_zero(session: Session, number: int) -> int:
    _note(session, number)
    return 0


def _note_and_count(session: Session, number: int) -> None:
    _note(session, number)
    session.execute(COUNT).all()
