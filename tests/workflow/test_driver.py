"""Statements sent together: what is refused is raised as itself, and nothing of the block stays."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tests.databases import TestDatabase
from workflow.driver import pipelined, savepoint

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


def _together(session: Session, work: Callable[[], object]) -> None:
    with savepoint(session), pipelined(session):
        work()


def _note(session: Session, number: int) -> object:
    return session.execute(NOTE, {"number": number})
