"""Judging in batches: order, failing requests, races, and the stored rows."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session

from models import Person
from models.base import new_id
from models.lifecycle import BIRTHS, AppState, AppTrigger, ReviewKind
from models.request import RequestSource
from tests.databases import TestDatabase
from tests.factories import app_in, asker_now, asker_of, make_possible, move, report_customers
from tests.journeys import (
    BECAUSE,
    People,
    app_building,
    apps_in_public_beta,
    ask,
    judge,
    judging,
    mark_in_flight,
    now_and_writer,
    now_of,
    outcome_of,
    people_in,
    state_of,
    writer_of,
)
from tests.waiting import wait_until
from workflow.errors import Conflict
from workflow.lifecycle.batch import MAX_ATTEMPTS, BatchReport, judge_due_requests, judge_suspect
from workflow.lifecycle.effects import EFFECTS
from workflow.lifecycle.facts import Ask, Facts
from workflow.lifecycle.loading import load_facts
from workflow.lifecycle.requests import AcceptedRequest, CallerRequest, Wanted, accept_requests
from workflow.lifecycle.rulebook import AppRulebook
from workflow.lifecycle.rules import RULES_OF, Missing, Rule
from workflow.policy.document import load_policies
from workflow.reviewing.desk import hand_over_review


def _rows(engine: Engine, statement: str) -> list[Any]:
    with Session(engine) as session:
        return [tuple(row) for row in session.execute(text(statement))]


def _facts(engine: Engine, app_id: UUID) -> Facts:
    with Session(engine) as session:
        return load_facts(session, [app_id], load_policies(session))[app_id].facts


LIFE = (
    AppTrigger.SUBMIT,
    AppTrigger.WITHDRAW,
    AppTrigger.SUBMIT,
    AppTrigger.REQUEST_CHANGES,
    AppTrigger.APPEAL,
    AppTrigger.REQUEST_CHANGES,
    AppTrigger.SUBMIT,
    AppTrigger.PROPOSE_APPROVE,
    AppTrigger.APPROVE,
    AppTrigger.RECHECK,
    AppTrigger.FLAG,
    AppTrigger.RECHECK,
    AppTrigger.CLEAR,
    AppTrigger.UNLIST,
    AppTrigger.RELIST,
    AppTrigger.PROPOSE_REMOVE,
    AppTrigger.SUBMIT,
    AppTrigger.SUSPEND,
    AppTrigger.WITHDRAW,
    AppTrigger.APPEAL,
    AppTrigger.REINSTATE,
    AppTrigger.SUBMIT,
    AppTrigger.APPROVE,
    AppTrigger.SUBMIT,
    AppTrigger.PROMOTE,
    AppTrigger.REMOVE,
)


def test_computed_facts_after_a_transition_equal_loaded_ones(engine: Engine, people: People) -> None:
    assert set(LIFE) == set(AppTrigger) - set(BIRTHS)
    app_id = app_building(engine, people, "acme")
    for trigger in LIFE:
        make_possible(engine, people, "acme", trigger)
        asker = asker_now(engine, people, "acme", trigger)
        before = _facts(engine, app_id).asked_by(Ask(asker, BECAUSE))
        target = AppRulebook().judge(trigger, before).target
        assert target is not None
        if trigger is not AppTrigger.PROMOTE:
            ask(engine, asker, "acme", trigger, reasons=BECAUSE)
        judge(engine)
        assert before.after(trigger, target) == _facts(engine, app_id), trigger


@dataclass(frozen=True, slots=True)
class Follows:
    """The effects of a trigger: who is told what, the review (open or its outcome), its steps, and the rest.

    `before` is the kind of the review that is open before it, None for what is usual in the state.
    """

    told: frozenset[tuple[str, str]] = frozenset()
    review: str | None = None
    steps: frozenset[str] = frozenset()
    reminders: frozenset[str] = frozenset()
    promoted: bool = False
    before: str | None = None


OVER = frozenset({"void"})
FOLLOWS: dict[AppTrigger, tuple[AppState, Follows]] = {
    AppTrigger.CREATE: (AppState.BUILDING, Follows()),
    AppTrigger.SUBMIT: (
        AppState.BUILDING,
        Follows(
            frozenset({("submission_acknowledged", "partner"), ("new_submission", "reviewer")}),
            review="open",
            steps=frozenset({"pending"}),
            reminders=frozenset({"due"}),
        ),
    ),
    AppTrigger.WITHDRAW: (
        AppState.SUBMITTED,
        Follows(review="withdrawn", steps=frozenset({"cancelled"}), reminders=OVER),
    ),
    AppTrigger.REQUEST_CHANGES: (
        AppState.SUBMITTED,
        Follows(frozenset({("changes_requested", "partner")}), "changes_requested", frozenset({"passed"}), OVER),
    ),
    AppTrigger.APPROVE: (
        AppState.SUBMITTED,
        Follows(frozenset({("approved", "partner")}), "approved", frozenset({"passed"}), OVER, promoted=True),
    ),
    AppTrigger.PROMOTE: (AppState.PUBLIC_BETA, Follows(frozenset({("promoted", "partner")}), reminders=OVER)),
    AppTrigger.SUSPEND: (
        AppState.PUBLIC,
        Follows(frozenset({("suspended", "partner"), ("suspension_to_confirm", "admin")}), reminders=OVER),
    ),
    AppTrigger.REINSTATE: (
        AppState.SUSPENDED,
        Follows(frozenset({("reinstated", "partner")}), reminders=OVER, promoted=True),
    ),
    AppTrigger.REMOVE: (
        AppState.SUBMITTED,
        Follows(frozenset({("removed", "partner")}), "cancelled", frozenset({"cancelled"}), OVER),
    ),
    AppTrigger.RECHECK: (AppState.PUBLIC, Follows(review="open", steps=frozenset({"pending"}), reminders=OVER)),
    AppTrigger.CLEAR: (
        AppState.PUBLIC_BETA,
        Follows(review="cleared", steps=frozenset({"passed"}), reminders=OVER, before="health"),
    ),
    AppTrigger.FLAG: (
        AppState.PUBLIC,
        Follows(frozenset({("flagged", "partner")}), "flagged", frozenset({"passed", "failed"}), OVER, before="health"),
    ),
    AppTrigger.APPEAL: (
        AppState.SUSPENDED,
        Follows(
            frozenset({("appeal_acknowledged", "partner"), ("new_appeal", "admin")}),
            reminders=OVER,
        ),
    ),
    AppTrigger.UNLIST: (AppState.PUBLIC, Follows(frozenset({("unlisted", "partner")}), reminders=OVER)),
    AppTrigger.RELIST: (
        AppState.UNLISTED,
        Follows(frozenset({("relisted", "partner")}), reminders=OVER, promoted=True),
    ),
    AppTrigger.PROPOSE_APPROVE: (
        AppState.SUBMITTED,
        Follows(frozenset({("approval_proposed", "admin")}), reminders=frozenset({"due"})),
    ),
    AppTrigger.PROPOSE_REMOVE: (AppState.BUILDING, Follows()),
}
"""For each trigger: a state that it leads from, and its effects (of an eligible App, if it leads to public beta)."""
SEEN = {
    "transition": "SELECT version FROM transition WHERE trigger = '{trigger}' ORDER BY version DESC LIMIT 1",
    "told": """SELECT n.kind, p.role FROM notification n JOIN person p ON p.id = n.recipient_id
                WHERE n.cause LIKE 'transition:%' AND n.app_version = {version}""",
    "review": """SELECT coalesce(r.outcome, 'open'), s.state FROM transition t
                   JOIN review r ON r.app_id = t.app_id AND t.at IN (r.opened_at, r.closed_at)
                   JOIN review_step s ON s.review_id = r.id WHERE t.version = {version}""",
    "reminders": "SELECT status FROM notification WHERE kind = 'new_submission'",
    "promoted": "SELECT 1 FROM transition WHERE trigger = 'promote' AND version = {version} + 1",
}


def test_every_trigger_with_an_effect_says_what_follows() -> None:
    assert {*FOLLOWS, AppTrigger.ADOPT} == set(EFFECTS) == set(AppTrigger)


@pytest.mark.parametrize("trigger", [trigger for trigger in AppTrigger if trigger is not AppTrigger.ADOPT])
def test_what_follows_from_a_trigger_is_in_the_database(engine: Engine, people: People, trigger: AppTrigger) -> None:
    state, expected = FOLLOWS[trigger]
    app_in(engine, people, "acme", state, expected.before)
    if expected.promoted:
        report_customers(engine, people, "acme")
    if trigger is not AppTrigger.CREATE:
        move(engine, people, "acme", trigger)
    ((version,),) = _rows(engine, SEEN["transition"].format(trigger=trigger))
    seen = {name: _rows(engine, query.format(version=version)) for name, query in SEEN.items() if name != "transition"}
    assert expected == Follows(
        told=frozenset(seen["told"]),
        review=seen["review"][0][0] if seen["review"] else None,
        steps=frozenset(step for _, step in seen["review"]),
        reminders=frozenset(status for (status,) in seen["reminders"]),
        promoted=bool(seen["promoted"]),
        before=expected.before,
    )
    assert len(seen["told"]) == len(expected.told)


def test_a_partner_approved_without_oauth_or_replay_information_is_asked_for_it(engine: Engine, people: People) -> None:
    app_in(engine, people, "acme", AppState.SUBMITTED)
    with Session(engine) as session, session.begin():
        session.execute(text("DELETE FROM checklist_item WHERE code = 'replay_info'"))
    move(engine, people, "acme", AppTrigger.APPROVE)
    told = _rows(engine, SEEN["told"].format(version=3))
    assert {kind for kind, _ in told} == {"approved", "oauth_asked_for", "replay_info_asked_for"}


STORED = {
    "apps": "SELECT slug, state, version FROM app ORDER BY slug",
    "log": """SELECT a.slug, t.version, t.from_state, t.trigger, t.to_state, t.actor_role, t.policy_version
                FROM transition t JOIN app a ON a.id = t.app_id ORDER BY 1, 2""",
    "outcomes": """SELECT a.slug, r.trigger, r.status, r.version, r.unmet, r.attempts
                     FROM transition_request r JOIN app a ON a.id = r.app_id ORDER BY r.position""",
    "reviews": """SELECT a.slug, r.opened_version, s.round, r.kind, r.outcome, r.closed_at IS NULL, p.role,
                         t.code, t.state, t.status
                    FROM review r JOIN submission s ON s.id = r.submission_id JOIN app a ON a.id = r.app_id
                    LEFT JOIN person p ON p.id = r.claimed_by
                    JOIN review_step t ON t.review_id = r.id ORDER BY 1, 2, 8""",
    "catalog": """SELECT c.slug, c.badge, c.badge = a.state, c.categories, c.kinds, s.app_version
                    FROM catalog_entry c JOIN app a ON a.id = c.app_id JOIN submission s ON s.id = c.submission_id
                   ORDER BY 1""",
    "notifications": """SELECT a.slug, n.kind, n.app_version, n.status, p.role FROM notification n
                          JOIN app a ON a.id = n.app_id JOIN person p ON p.id = n.recipient_id ORDER BY 1, 2, 3, 5""",
}
COMING_BACK = (
    AppTrigger.REQUEST_CHANGES,
    AppTrigger.SUBMIT,
    AppTrigger.WITHDRAW,
    AppTrigger.SUBMIT,
    AppTrigger.REQUEST_CHANGES,
)
LOOKED_AT_AT_ONCE = (AppTrigger.APPROVE, AppTrigger.RECHECK, AppTrigger.CLEAR, AppTrigger.FLAG)
"""The look has `drift`, which the App meets for the first time: it is observed."""
WALKS = st.lists(
    st.tuples(
        st.sampled_from(["building", "submitted", "suspended"]),
        st.sampled_from([trigger for trigger in AppTrigger if trigger not in (*BIRTHS, AppTrigger.PROMOTE)]),
    ),
    min_size=6,
    max_size=12,
)


@settings(
    max_examples=8,
    deadline=None,
    phases=[
        Phase.explicit,
        Phase.reuse,
        Phase.generate,
    ],  # an example takes a second, so shrinking would take longer than the test
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(walk=WALKS)
@example(walk=[("submitted", trigger) for trigger in COMING_BACK])
@example(walk=[("submitted", trigger) for trigger in LOOKED_AT_AT_ONCE])
def test_one_batch_has_the_same_outcomes_as_its_requests_one_by_one(
    engine: Engine, walk: list[tuple[str, AppTrigger]]
) -> None:
    """Makes both with new Apps in the same database, distinguished by the prefix of their slugs.

    The team has a reviewer besides each company's own from the start, so that the same roles are told.
    """
    results = []
    with Session(engine) as session, session.begin():
        session.add(Person(role="reviewer", name="Bo", email=f"{new_id()}@platform.example"))
    for limit in (500, 1):
        with Session(engine) as session, session.begin():
            count = session.execute(text("SELECT count(*) FROM organization")).scalar_one()
        people = people_in(engine, f"Company{count}")
        prefix = f"c{count}"
        for state in (AppState.BUILDING, AppState.SUBMITTED, AppState.SUSPENDED):
            app_in(engine, people, f"{prefix}-{state}", state)
        make_possible(engine, people, f"{prefix}-submitted", AppTrigger.APPROVE)
        report_customers(engine, people, f"{prefix}-suspended")
        for name, trigger in walk:
            ask(engine, asker_of(people, trigger), f"{prefix}-{name}", trigger, reasons=BECAUSE)
        judge(engine, limit=limit)
        results.append(_stored(engine, prefix))
    assert results[0] == results[1]


def _stored(engine: Engine, prefix: str) -> dict[str, list[Any]]:
    """Returns what is stored of Apps with the prefix, without the prefix. Earlier companies' reviewers are told too."""
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


@pytest.mark.parametrize("before", [(), (AppTrigger.APPEAL, AppTrigger.SUSPEND, AppTrigger.REINSTATE)])
@pytest.mark.parametrize("limit", [500, 1])
def test_whoever_had_a_part_in_a_decision_is_told_so_however_its_appeal_is_judged(
    engine: Engine, people: People, limit: int, before: tuple[AppTrigger, ...]
) -> None:
    """The reviewer has decided steps, and the admin has requested changes. An appeal may have been cancelled before."""
    app_in(engine, people, "acme", AppState.PUBLIC_BETA, ReviewKind.REVISION)
    make_possible(engine, people, "acme", AppTrigger.REQUEST_CHANGES)
    with Session(engine) as session, session.begin():
        review = session.scalars(text("SELECT id FROM review WHERE closed_at IS NULL")).one()
        hand_over_review(session, review, people.admin, people.admin.id, now_of(session))
    ask(engine, people.admin, "acme", AppTrigger.REQUEST_CHANGES, reasons=BECAUSE)
    for trigger in (*before, AppTrigger.APPEAL):
        ask(engine, asker_of(people, trigger), "acme", trigger, reasons=BECAUSE)
    decisions = [
        ask(engine, one, "acme", AppTrigger.REQUEST_CHANGES, reasons=BECAUSE) for one in (people.reviewer, people.admin)
    ]
    judge(engine, limit=limit)
    for request in decisions:
        assert outcome_of(engine, request)["unmet"] == ["review.claimed", "appeal.uninvolved"]
    assert [set(one) for (one,) in _rows(engine, "SELECT involved FROM review WHERE closed_at IS NULL")] == [
        {people.reviewer.id, people.admin.id}
    ]


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


def _named(reports: Sequence[BatchReport]) -> dict[str, str]:
    """Returns the last status of each App, by the slug that the log names it by."""
    return {one.app_slug: one.status for report in reports for one in report.outcomes}


def test_a_rule_that_raises_ends_dead_and_the_others_are_applied(engine: Engine, people: People) -> None:
    apps_in_public_beta(engine, people, ["acme", "poison"])
    broken = AppRulebook({**RULES_OF, AppTrigger.SUSPEND: (Rule("broken.rule", "A broken rule", _breaks),)})
    poison = ask(engine, people.admin, "poison", AppTrigger.SUSPEND, reasons=BECAUSE)
    good = ask(engine, people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    assert _named(judge(engine, broken)) == {"acme": "applied", "poison": "due"}
    assert outcome_of(engine, good)["status"] == "applied"
    wait_until(lambda: judge(engine, broken) and outcome_of(engine, poison)["status"] == "dead", seconds=20)
    assert "this rule is broken" in str(outcome_of(engine, poison)["error"])
    assert _rows(engine, "SELECT attempts FROM transition_request WHERE status = 'dead'") == [(3,)]


def test_a_request_that_the_database_refuses_ends_dead_and_the_others_are_applied(
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
    assert _named(judge(engine)) == {"acme": "applied", "poison": "due"}
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
    with ThreadPoolExecutor(6) as callers:
        asked = [callers.submit(ask, engine, people.partner, "acme", AppTrigger.SUBMIT, key="k") for _ in range(6)]
        ids = {answer.result(30) for answer in asked}
    assert _rows(engine, "SELECT id FROM transition_request") == [(one,) for one in ids]
    with pytest.raises(Conflict, match="another body"):
        ask(engine, people.partner, "acme", AppTrigger.WITHDRAW, key="k")


def test_a_key_used_twice_in_one_call_is_one_request_and_another_body_is_refused(
    engine: Engine, people: People
) -> None:
    app_building(engine, people, "acme")
    submit, withdraw = (Wanted("acme", trigger, "k") for trigger in (AppTrigger.SUBMIT, AppTrigger.WITHDRAW))
    with Session(engine) as session, session.begin():
        asked = [CallerRequest(people.partner, wanted) for wanted in (submit, submit, withdraw)]
        first, second, other = accept_requests(session, asked, RequestSource.HTTP)
    assert isinstance(first, AcceptedRequest)
    assert not first.repeated
    assert second == AcceptedRequest(first.id)
    assert second.repeated
    assert isinstance(other, Conflict)
    assert _rows(engine, "SELECT id, trigger FROM transition_request") == [(first.id, "submit")]


def test_a_request_that_kills_its_process_ends_dead_and_the_others_are_applied(engine: Engine, people: People) -> None:
    """Simulates killed processes, each of which leaves nothing behind but the marker of its batch."""
    poisoned, _ = apps_in_public_beta(engine, people, ["poison", "acme"])
    poison = ask(engine, people.admin, "poison", AppTrigger.SUSPEND, reasons=BECAUSE)
    good = ask(engine, people.admin, "acme", AppTrigger.SUSPEND, reasons=BECAUSE)
    for _ in range(MAX_ATTEMPTS):
        mark_in_flight(engine, [poison])
    with judging(engine) as (session, mark):
        report = judge_due_requests(session, now_and_writer=now_and_writer, mark_in_flight=mark, limit=500)
    assert report.suspects == (poisoned,)
    assert outcome_of(engine, good)["status"] == "applied"
    with judging(engine) as (session, mark):
        judge_suspect(session, poisoned, now_and_writer=now_and_writer, mark_in_flight=mark)
    assert outcome_of(engine, poison)["status"] == "dead"
    assert _rows(engine, "SELECT count(*) FROM apply_batch") == [(0,)]


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
