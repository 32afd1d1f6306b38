"""A request that breaks its batch ends dead and the others are applied; a transient fault counts as no attempt."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from tests.databases import TestDatabase
from tests.journeys import BECAUSE, People, apps_in_public_beta, ask, judge, outcome_of
from tests.waiting import wait_until
from workflow.lifecycle.effect_kinds import Applied
from workflow.lifecycle.effects import EFFECTS
from workflow.lifecycle.rulebook import AppRulebook


@pytest.fixture
def engine_options() -> dict[str, Any]:
    return {"connect_args": {"options": "-c statement_timeout=1000"}}


@dataclass(frozen=True, slots=True)
class _Breaks:
    """An effect that fails for the App `poison`, by raising or by an error of the database."""

    sql: str | None = None

    def write(self, session: Session, applied: Sequence[Applied], now: datetime, rulebook: AppRulebook) -> None:  # noqa: ARG002
        if all(one.before.slug != "poison" for one in applied):
            return
        if self.sql is None:
            raise ZeroDivisionError("this effect is broken")
        session.execute(text(self.sql))


def _raising(sqlstate: str) -> _Breaks:
    return _Breaks(f"DO $$ BEGIN RAISE EXCEPTION 'it passes' USING ERRCODE = '{sqlstate}'; END $$")


@pytest.mark.parametrize(
    ("effect", "named"),
    [(_Breaks(), "this effect is broken"), (_Breaks("SELECT pg_sleep(5)"), "statement timeout")],
    ids=["raises", "takes too long"],
)
def test_a_request_whose_effect_fails_ends_dead_and_the_others_are_applied(
    effect: _Breaks, named: str, engine: Engine, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps_in_public_beta(engine, people, ["poison", "acme"])
    monkeypatch.setitem(EFFECTS, AppTrigger.SUSPEND, (effect,))
    poison = ask(engine, people.admin, "poison", AppTrigger.SUSPEND, reasons=BECAUSE)
    good = ask(engine, people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    judge(engine)
    assert outcome_of(engine, good)["status"] == "applied"
    wait_until(lambda: judge(engine) and outcome_of(engine, poison)["status"] == "dead", seconds=20)
    assert named in str(outcome_of(engine, poison)["error"])


def test_an_outcome_that_cannot_be_recorded_ends_dead_and_the_others_are_applied(
    database: TestDatabase, engine: Engine, people: People
) -> None:
    poisoned, _ = apps_in_public_beta(engine, people, ["poison", "acme"])
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        check = f"CHECK (NOT (app_id = '{poisoned}' AND trigger = 'suspend' AND status = 'applied'))"
        connection.execute(text(f"ALTER TABLE transition_request ADD CONSTRAINT unrecordable {check}"))
    owner.dispose()
    poison = ask(engine, people.admin, "poison", AppTrigger.SUSPEND, reasons=BECAUSE)
    good = ask(engine, people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    judge(engine)
    assert outcome_of(engine, good)["status"] == "applied"
    wait_until(lambda: judge(engine) and outcome_of(engine, poison)["status"] == "dead", seconds=20)
    assert "unrecordable" in str(outcome_of(engine, poison)["error"])


@pytest.mark.parametrize("sqlstate", ["40001", "53100", "57P01"])
def test_a_transient_fault_counts_as_an_attempt_of_no_request(
    sqlstate: str, engine: Engine, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    apps_in_public_beta(engine, people, ["poison", "acme"])
    ids = [ask(engine, people.admin, slug, AppTrigger.SUSPEND, reasons=BECAUSE) for slug in ("poison", "acme")]
    with monkeypatch.context() as breaking:
        breaking.setitem(EFFECTS, AppTrigger.SUSPEND, (_raising(sqlstate),))
        with pytest.raises(DBAPIError):
            judge(engine)
    with Session(engine) as session, session.begin():
        session.execute(text("DELETE FROM apply_batch"))  # as a worker that survives deletes its marker
        left = session.execute(text("SELECT DISTINCT status, attempts FROM transition_request WHERE trigger='suspend'"))
        assert [tuple(row) for row in left] == [("due", 0)]
    judge(engine)
    assert {outcome_of(engine, request)["status"] for request in ids} == {"applied"}
