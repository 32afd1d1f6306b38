"""The way down from a release in which Apps live on after launch: open until the first of them has done so."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from migrations.run import downgrade, upgrade
from models.lifecycle import AppState, AppTrigger
from tests.api.invariants import check_rows
from tests.databases import TestDatabase
from tests.factories import app_in, move
from tests.journeys import BECAUSE, ask, judge, outcome_of, people_in

BEFORE = "0021"
"""The newest revision that knows nothing of life after launch."""


def test_the_way_down_is_open_whatever_was_asked_for_in_vain(engine: Engine, database: TestDatabase) -> None:
    people = people_in(engine)
    app_in(engine, people, "building-one", AppState.BUILDING)
    app_in(engine, people, "suspended-one", AppState.SUSPENDED)
    in_vain = ask(engine, people.reviewer, "building-one", AppTrigger.RECHECK)
    expecting = ask(engine, people.admin, "building-one", AppTrigger.REMOVE, expected_state="unlisted")
    judge(engine)
    assert {outcome_of(engine, request)["status"] for request in (in_vain, expecting)} == {"refused"}
    engine.dispose()
    downgrade(database.owner_url, BEFORE)
    upgrade(database.owner_url)
    check_rows(engine)
    move(engine, people, "suspended-one", AppTrigger.REINSTATE)
    check_rows(engine)


def test_the_way_down_waits_for_what_is_due_and_names_it(engine: Engine, database: TestDatabase) -> None:
    people = people_in(engine)
    app_in(engine, people, "acme", AppState.BUILDING)
    ask(engine, people.reviewer, "acme", AppTrigger.RECHECK)
    engine.dispose()
    with pytest.raises(DBAPIError, match=r"the older release does not know: acme \(recheck\)"):
        downgrade(database.owner_url, BEFORE)


def test_the_way_down_ends_with_the_first_new_move_and_names_it(engine: Engine, database: TestDatabase) -> None:
    people = people_in(engine)
    app_in(engine, people, "acme", AppState.PUBLIC_BETA)
    ask(engine, people.reviewer, "acme", AppTrigger.RECHECK, reasons=BECAUSE)
    judge(engine)
    engine.dispose()
    with pytest.raises(DBAPIError, match=r"the older release does not know: acme \(recheck, version 4\)"):
        downgrade(database.owner_url, BEFORE)
    upgrade(database.owner_url)
    check_rows(engine)
    with Session(engine) as session:
        assert session.scalar(text("SELECT open_kind FROM app")) == "health"
