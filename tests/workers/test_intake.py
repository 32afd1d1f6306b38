"""The intake of messages: a message that fails is kept for an operator, unless only the database is away."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.databases import TestDatabase
from tests.journeys import app_building, people_in, token_of
from workers.context import WorkerContext
from workers.intake import MAX_ATTEMPTS, request_transition


@pytest.fixture
def owner(database: TestDatabase) -> Iterator[Engine]:
    made = create_engine(database.owner_url)
    yield made
    made.dispose()


def _rejected(context: WorkerContext) -> list[tuple[str, str]]:
    with context.unit_of_work() as session:
        return [(row.body, row.error) for row in session.execute(text("SELECT body, error FROM rejected_message"))]


def _arguments(context: WorkerContext) -> dict[str, Any]:
    people = people_in(context.engine)
    app_building(context.engine, people, "acme")
    token = token_of(context.engine, people.service)
    return {"token": token, "app": "acme", "trigger": "promote", "idempotency_key": "k"}


def test_a_message_that_fails_is_retried_and_then_kept_without_its_token(context: WorkerContext, owner: Engine) -> None:
    arguments = _arguments(context)
    with Session(owner) as session, session.begin():
        session.execute(text("ALTER TABLE transition_request ADD CONSTRAINT no_luck CHECK (source <> 'message')"))
    for attempts in range(1, MAX_ATTEMPTS):
        with pytest.raises(DBAPIError):
            request_transition(context, arguments, attempts=attempts)
    assert _rejected(context) == []
    request_transition(context, arguments, attempts=MAX_ATTEMPTS)
    ((body, error),) = _rejected(context)
    assert "no_luck" in error
    assert "acme" in body
    assert arguments["token"] not in body + error


def test_a_message_is_retried_without_limit_while_the_database_is_away(context: WorkerContext) -> None:
    away = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(DBAPIError):
        request_transition(replace(context, engine=away), _arguments(context), attempts=100 * MAX_ATTEMPTS)
    assert _rejected(context) == []
