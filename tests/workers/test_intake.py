"""The intake of messages: a message that fails is kept for an operator, unless only the database is away."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from tests.databases import TestDatabase
from tests.journeys import app_building, people_in, token_of
from workers.context import WorkerContext, database_now
from workers.intake import MAX_ATTEMPTS, MAX_KEPT_CHARACTERS, record_rejected, request_transition
from workflow.errors import NotFound
from workflow.identity.actors import Actor
from workflow.identity.principals import find_principal
from workflow.lifecycle.reading import find_request_by_key
from workflow.operating.pruning import pruning_steps
from workflow.operating.rejected_messages import MAX_KEPT, REJECTED_KEPT, acknowledge, acknowledge_matching
from workflow.sql.storable import MAX_ERROR_CHARACTERS


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


def _messages(context: WorkerContext) -> list[str]:
    with context.unit_of_work() as session:
        return list(session.scalars(text("SELECT body FROM rejected_message ORDER BY received_at, id")))


def test_of_junk_without_end_the_newest_is_kept_and_counters_say_what_was_dropped(context: WorkerContext) -> None:
    counted: list[int] = []
    context = replace(context, count_rejected=counted.append)
    with context.unit_of_work() as session:
        session.execute(
            text("""
                INSERT INTO rejected_message (id, queue, digest, body, error, received_at)
                SELECT uuidv7(), 'transitions', sha256(n::text::bytea), 'junk ' || n, 'why',
                       now() - make_interval(secs => 10000 - n)
                  FROM generate_series(1, :many) n
            """),
            {"many": MAX_KEPT + 5},
        )
    record_rejected(context, "transitions", b"new", "why")
    record_rejected(context, "transitions", b"new", "why")
    record_rejected(context, "transitions", b"newer", "why")
    kept = _messages(context)
    assert (len(kept), kept[0], kept[-2:]) == (MAX_KEPT, "junk 8", ["new", "newer"])
    assert counted == [6, 0, 1]


def test_rejected_messages_are_pruned_by_age(context: WorkerContext) -> None:
    record_rejected(context, "transitions", b"young", "why")
    record_rejected(context, "transitions", b"old", "why")
    with context.unit_of_work() as session:
        session.execute(
            text("UPDATE rejected_message SET received_at = now() - :age WHERE body = 'old'"), {"age": REJECTED_KEPT}
        )
    with context.unit_of_work() as session:
        now = database_now(session)
    for step in pruning_steps(now):
        with context.unit_of_work() as session:
            step(session, 100)
    assert _messages(context) == ["young"]


def test_a_message_that_was_looked_at_is_acknowledged_and_comes_again_if_it_is_sent_again(
    context: WorkerContext,
) -> None:
    people = people_in(context.engine)
    for body in (b"one", b"two", b"three"):
        record_rejected(context, "transitions", body, f"the error of {body.decode()}")
    with context.unit_of_work() as session:
        first = session.scalars(text("SELECT id FROM rejected_message WHERE body = 'one'")).one()
        acknowledge(session, first, people.admin)
        with pytest.raises(NotFound):
            acknowledge(session, first, people.admin)
    with context.unit_of_work() as session:
        assert acknowledge_matching(session, people.admin, error="OF TWO") == 1
    assert _messages(context) == ["three"]
    with context.unit_of_work() as session:
        assert acknowledge_matching(session, people.admin) == 1
    record_rejected(context, "transitions", b"one", "again")
    assert _messages(context) == ["one"]
    with context.unit_of_work() as session:
        actions = session.scalars(text("SELECT action FROM audit_entry WHERE action LIKE 'dead.%' ORDER BY id")).all()
    assert actions == ["dead.acknowledge", "dead.acknowledge_matching", "dead.acknowledge_matching"]


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"token": 7},
        {"token": None, "app": [], "trigger": {}, "idempotency_key": 1e300},
        {"token": "\ud800", "app": "acme", "trigger": "promote", "idempotency_key": "\x00"},
        {"token": "x" * 500_000, "app": "acme", "trigger": "promote", "idempotency_key": "k"},
        {"positional": ["x"] * 900},
        {str(number): number for number in range(900)},
        {"token": "dc_service_made-up", "app": "acme", "trigger": "promote", "idempotency_key": "k"},
    ],
    ids=["empty", "number", "wrong types", "not storable", "long", "positional", "many", "made-up token"],
)
def test_whatever_the_arguments_are_the_message_is_rejected_once_and_bounded(
    context: WorkerContext, arguments: dict[str, Any]
) -> None:
    for _ in range(2):
        request_transition(context, arguments)
    ((body, error),) = _rejected(context)
    assert len(body) <= MAX_KEPT_CHARACTERS
    assert 0 < len(error) <= MAX_ERROR_CHARACTERS
    assert "dc_service_made-up" not in body


def _reason(context: WorkerContext, key: str, actor: Actor) -> tuple[str, str]:
    with context.unit_of_work() as session, pytest.raises(NotFound) as answer:
        find_request_by_key(session, key, actor)
    assert answer.value.remedy
    return answer.value.code, answer.value.detail


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"trigger": "fly"}, "trigger"),
        ({"app": "no-such-app"}, "app.not_found"),
        ({"reasons": 7}, "reasons"),
        ({"more": 1}, "more"),
    ],
)
def test_who_sent_a_message_that_was_rejected_reads_why_by_its_key_and_nobody_else_does(
    context: WorkerContext, wrong: dict[str, Any], why: str
) -> None:
    arguments = _arguments(context) | wrong
    request_transition(context, arguments)
    with context.unit_of_work() as session:
        sender = find_principal(session, arguments["token"]).actor
    code, detail = _reason(context, "k", sender)
    assert code == "message.rejected"
    assert why in detail
    assert arguments["token"] not in detail
    assert _reason(context, "another", sender)[0] == "request.not_found"
    assert _reason(context, "k", replace(sender, id=UUID(int=7)))[0] == "request.not_found"
    if "trigger" in wrong:
        request_transition(context, arguments | {"trigger": "promote"})
        with context.unit_of_work() as session:
            assert find_request_by_key(session, "k", sender)[1] == "acme"


def test_a_message_with_a_token_of_nobody_is_nobodys(context: WorkerContext) -> None:
    arguments = _arguments(context)
    request_transition(context, arguments | {"token": "dc_service_made-up"})
    with context.unit_of_work() as session:
        sender = find_principal(session, arguments["token"]).actor
    assert _reason(context, "k", sender)[0] == "request.not_found"


def test_what_broke_here_is_told_to_the_sender_without_what_broke(context: WorkerContext, owner: Engine) -> None:
    arguments = _arguments(context)
    with Session(owner) as session, session.begin():
        session.execute(text("ALTER TABLE transition_request ADD CONSTRAINT no_luck CHECK (source <> 'message')"))
    request_transition(context, arguments, attempts=MAX_ATTEMPTS)
    with context.unit_of_work() as session:
        sender = find_principal(session, arguments["token"]).actor
    code, detail = _reason(context, "k", sender)
    assert code == "message.rejected"
    assert "no_luck" not in detail
