"""Concurrent edits and submissions on separate connections: the lock of the App serializes them."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, select, text
from sqlalchemy.orm import Session

from models import App, Component
from models.lifecycle import AppTrigger
from tests.journeys import (
    app_building,
    ask,
    judge,
    judging,
    now_and_writer,
    now_of,
    outcome_of,
    people_in,
    state_of,
)
from tests.waiting import wait_until
from workflow.building.components import change_component
from workflow.errors import Conflict
from workflow.identity.actors import Actor
from workflow.lifecycle.batch import judge_due_requests


def _rename(session: Session, actor: Actor, name: str, *, seen: int = 1) -> None:
    component = session.scalars(select(Component.id).join(App, App.id == Component.app_id)).one()
    change_component(
        session,
        "acme",
        component,
        actor,
        now_of(session),
        name=name,
        settings=None,
        expected=frozenset({seen}),
        loopback=False,
    )


def _waits(engine: Engine) -> bool:
    with Session(engine) as session:
        waiting = text(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(session.scalar(waiting))


def test_a_submission_after_an_edit_sees_it(engine: Engine) -> None:
    people = people_in(engine)
    app_building(engine, people, "acme")
    request = ask(engine, people.partner, "acme", AppTrigger.SUBMIT)
    with Session(engine) as session, session.begin():
        _rename(session, people.partner, "Edited")
        judge(engine)
        assert outcome_of(engine, request)["status"] == "due"
    judge(engine)
    assert outcome_of(engine, request)["unmet"] == ["components.tested"]
    assert state_of(engine, "acme") == ("building", 1)


def test_an_edit_while_a_submission_is_judged_is_refused(engine: Engine) -> None:
    people = people_in(engine)
    app_building(engine, people, "acme")
    ask(engine, people.partner, "acme", AppTrigger.SUBMIT)

    def edit() -> None:
        with Session(engine) as session, session.begin():
            _rename(session, people.partner, "Too late")

    with ThreadPoolExecutor(1) as pool:
        with judging(engine) as (session, mark):
            judge_due_requests(session, now_and_writer=now_and_writer, mark_in_flight=mark, limit=10)
            edited = pool.submit(edit)
            wait_until(lambda: _waits(engine), what="the edit to wait for the App's lock")
        with pytest.raises(Conflict) as refused:
            edited.result(30)
    assert refused.value.code == "app.frozen"
    assert state_of(engine, "acme") == ("submitted", 2)


def test_the_later_of_two_edits_of_one_revision_is_refused(engine: Engine) -> None:
    people = people_in(engine)
    app_building(engine, people, "acme")

    def edit() -> None:
        with Session(engine) as session, session.begin():
            _rename(session, people.partner, "Second")

    with ThreadPoolExecutor(1) as pool:
        with Session(engine) as session, session.begin():
            _rename(session, people.partner, "First")
            second = pool.submit(edit)
            wait_until(lambda: _waits(engine), what="the second edit to wait")
        with pytest.raises(Conflict) as refused:
            second.result(30)
    assert refused.value.code == "revision.stale"
    with Session(engine) as session:
        assert session.scalars(select(Component.name)).one() == "First"
