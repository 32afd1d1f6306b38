"""Judging in batches: order, poison, races, and what the database remembers."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from models.lifecycle import AppTrigger
from tests.databases import TestDatabase
from tests.journeys import (
    BECAUSE,
    People,
    app_building,
    apps_in_public_beta,
    ask,
    judge,
    now_of,
    outcome_of,
    people_in,
    state_of,
    writer_of,
)
from tests.waiting import wait_until
from workflow.errors import Conflict
from workflow.facts import Ask, Facts
from workflow.loading import load_facts
from workflow.machine import AppRulebook
from workflow.policy import load_policies
from workflow.rules import RULES_OF, Missing, Rule


@pytest.fixture
def engine(database: TestDatabase) -> Iterator[Engine]:
    made = create_engine(database.application_url)
    yield made
    made.dispose()


@pytest.fixture
def people(engine: Engine) -> People:
    return people_in(engine)


def _rows(engine: Engine, statement: str) -> list[Any]:
    with Session(engine) as session:
        return [tuple(row) for row in session.execute(text(statement))]


def _facts(engine: Engine, app_id: UUID) -> Facts:
    with Session(engine) as session:
        return load_facts(session, [app_id], load_policies(session))[app_id].facts


def test_facts_after_a_transition_are_those_loaded_afresh(engine: Engine, people: People) -> None:
    app_id = app_building(engine, people, "acme")
    for trigger, actor in (
        (AppTrigger.SUBMIT, people.partner),
        (AppTrigger.WITHDRAW, people.partner),
        (AppTrigger.SUBMIT, people.partner),
        (AppTrigger.REMOVE, people.admin),
    ):
        before = _facts(engine, app_id).asked_by(Ask(actor, BECAUSE))
        target = AppRulebook().judge(trigger, before).target
        assert target is not None
        ask(engine, actor, "acme", trigger, reasons=BECAUSE)
        judge(engine)
        assert before.after(trigger, target) == _facts(engine, app_id)


STORED = {
    "apps": "SELECT slug, state, version FROM app ORDER BY slug",
    "log": """SELECT a.slug, t.version, t.from_state, t.trigger, t.to_state, t.actor_role, t.policy_version
                FROM transition t JOIN app a ON a.id = t.app_id ORDER BY 1, 2""",
    "outcomes": """SELECT a.slug, r.trigger, r.status, r.version, r.unmet, r.attempts
                     FROM transition_request r JOIN app a ON a.id = r.app_id ORDER BY r.position""",
    "reviews": """SELECT a.slug, s.app_version, s.round, r.outcome, r.closed_at IS NULL, t.code, t.state, t.status
                    FROM review r JOIN submission s ON s.id = r.submission_id JOIN app a ON a.id = r.app_id
                    JOIN review_step t ON t.review_id = r.id ORDER BY 1, 2, 6""",
    "notifications": """SELECT a.slug, n.kind, n.app_version, n.status, p.role FROM notification n
                          JOIN app a ON a.id = n.app_id JOIN person p ON p.id = n.recipient_id ORDER BY 1, 2, 3, 5""",
}
WALKS = st.lists(
    st.tuples(
        st.sampled_from(["one", "two"]),
        st.sampled_from(
            [AppTrigger.SUBMIT, AppTrigger.WITHDRAW, AppTrigger.REMOVE, AppTrigger.APPROVE, AppTrigger.SUSPEND]
        ),
    ),
    max_size=10,
)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=WALKS)
def test_one_batch_equals_the_same_requests_one_by_one(engine: Engine, walk: list[tuple[str, AppTrigger]]) -> None:
    """Both are done to fresh Apps of the same database, told apart by the prefix of their slugs."""
    results = []
    for limit in (500, 1):
        with Session(engine) as session, session.begin():
            count = session.execute(text("SELECT count(*) FROM organization")).scalar_one()
        people = people_in(engine, f"Company{count}")
        prefix = f"c{count}"
        for name in ("one", "two"):
            app_building(engine, people, f"{prefix}-{name}")
        actors = {
            AppTrigger.SUBMIT: people.partner,
            AppTrigger.WITHDRAW: people.partner,
            AppTrigger.APPROVE: people.reviewer,
        }
        for name, trigger in walk:
            ask(engine, actors.get(trigger, people.admin), f"{prefix}-{name}", trigger, reasons=BECAUSE)
        judge(engine, limit=limit)
        results.append(_stored(engine, prefix))
    assert results[0] == results[1]


def _stored(engine: Engine, prefix: str) -> dict[str, list[Any]]:
    """What is stored of Apps with the prefix, which is taken off. Reviewers of earlier companies are told too."""
    found = {}
    for name, statement in STORED.items():
        rows = [
            (row[0].removeprefix(f"{prefix}-"), *row[1:])
            for row in _rows(engine, statement)
            if row[0].startswith(f"{prefix}-")
        ]
        found[name] = sorted(set(map(repr, rows))) if name == "notifications" else list(map(repr, rows))
    return found


def test_requests_of_one_app_are_judged_in_the_order_of_their_acceptance(engine: Engine, people: People) -> None:
    apps_in_public_beta(engine, people, ["acme"])
    triggers = [AppTrigger.SUSPEND, AppTrigger.REINSTATE] * 10
    requests = [ask(engine, people.admin, "acme", trigger, reasons=BECAUSE) for trigger in triggers]
    judge(engine, limit=7)
    assert [outcome_of(engine, request)["version"] for request in requests] == list(range(4, 24))


def test_an_unexpected_state_and_every_unmet_rule_are_named(engine: Engine, people: People) -> None:
    app_building(engine, people, "acme")
    request = ask(engine, people.reviewer, "acme", AppTrigger.APPROVE, expected_state="submitted")
    judge(engine)
    assert outcome_of(engine, request)["unmet"] == [
        "state.allows",
        "review.steps_passed",
        "review.claimed",
        "state.expected",
    ]


def test_a_request_is_not_judged_before_its_time(engine: Engine, people: People) -> None:
    app_building(engine, people, "acme")
    with Session(engine) as session:
        later = now_of(session) + timedelta(hours=1)
    request = ask(engine, people.partner, "acme", AppTrigger.SUBMIT, not_before=later)
    judge(engine)
    assert outcome_of(engine, request)["status"] == "due"


def _breaks(facts: Facts) -> Missing | None:
    if facts.slug == "poison":
        raise ZeroDivisionError("this rule is broken")
    return None


def test_a_rule_that_raises_ends_dead_and_the_others_are_applied(engine: Engine, people: People) -> None:
    apps_in_public_beta(engine, people, ["acme", "poison"])
    broken = AppRulebook({**RULES_OF, AppTrigger.SUSPEND: (Rule("broken.rule", "A broken rule", _breaks),)})
    poison = ask(engine, people.admin, "poison", AppTrigger.SUSPEND, reasons=BECAUSE)
    good = ask(engine, people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    judge(engine, broken)
    assert outcome_of(engine, good)["status"] == "applied"
    wait_until(lambda: judge(engine, broken) and outcome_of(engine, poison)["status"] == "dead", seconds=20)
    assert "this rule is broken" in str(outcome_of(engine, poison)["error"])
    assert _rows(engine, "SELECT attempts FROM transition_request WHERE status = 'dead'") == [(3,)]


def test_a_row_that_the_database_refuses_ends_dead_and_the_others_are_applied(
    database: TestDatabase, engine: Engine, people: People
) -> None:
    poisoned, _ = apps_in_public_beta(engine, people, ["poison", "acme"])
    owner = create_engine(database.owner_url)
    with owner.begin() as connection:
        check = f"CHECK (NOT (app_id = '{poisoned}' AND version > 3))"
        connection.execute(text(f"ALTER TABLE transition ADD CONSTRAINT no_poison {check}"))
    owner.dispose()
    poison = ask(engine, people.admin, "poison", AppTrigger.SUSPEND, reasons=BECAUSE)
    good = [
        ask(engine, people.admin, "acme", trigger, reasons=BECAUSE)
        for trigger in (AppTrigger.SUSPEND, AppTrigger.REINSTATE)
    ]
    judge(engine)
    assert [outcome_of(engine, request)["status"] for request in good] == ["applied", "applied"]
    wait_until(lambda: judge(engine) and outcome_of(engine, poison)["status"] == "dead", seconds=20)
    assert "no_poison" in str(outcome_of(engine, poison)["error"])
    assert state_of(engine, "poison") == ("public_beta", 3)


def test_two_workers_at_once_apply_each_request_once(engine: Engine, people: People) -> None:
    slugs = [f"app-{number}" for number in range(6)]
    apps_in_public_beta(engine, people, slugs)
    for trigger in [AppTrigger.SUSPEND, AppTrigger.REINSTATE] * 5:
        for slug in slugs:
            ask(engine, people.admin, slug, trigger, reasons=BECAUSE)
    workers = [threading.Thread(target=judge, args=(engine,), kwargs={"limit": 4}) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    judge(engine)
    assert {state_of(engine, slug) for slug in slugs} == {("public_beta", 13)}
    assert _rows(engine, "SELECT DISTINCT status FROM transition_request") == [("applied",)]


def test_one_key_is_one_request_even_from_two_connections_at_once(engine: Engine, people: People) -> None:
    app_building(engine, people, "acme")
    ids: list[UUID] = []
    callers = [
        threading.Thread(target=lambda: ids.append(ask(engine, people.partner, "acme", AppTrigger.SUBMIT, key="k")))
        for _ in range(6)
    ]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    assert len(ids) == 6
    assert len(set(ids)) == 1
    with pytest.raises(Conflict, match="another body"):
        ask(engine, people.partner, "acme", AppTrigger.WITHDRAW, key="k")


def test_a_policy_may_observe_a_rule_without_blocking(engine: Engine, people: People) -> None:
    app_id = app_building(engine, people, "acme")
    facts = _facts(engine, app_id)
    with Session(engine) as session:
        writer = writer_of(session)
    lenient = replace(facts.policy, observed=frozenset({"components.tested"}))
    untested = replace(facts, policy=lenient, components=(replace(facts.components[0], colour="red"),))
    judgment = writer.rulebook.judge(AppTrigger.SUBMIT, untested.asked_by(Ask(people.partner)))
    assert judgment.allowed
    assert [one.code for one in judgment.observed] == ["components.tested"]
