"""The step that has the Components' tests run again: in reviews, on drafts and in looks, and what it makes of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import Review
from models.lifecycle import AppTrigger, StepTrigger
from tests.guarded_http.hostile_server import Behaviour, page
from tests.journeys import People, ask, judge, now_of
from tests.workers.endpoints import Endpoint, Received, good, says
from tests.workers.leased import work_off
from tests.workers.looking import log_of, pass_time, run_job, set_policy, values
from tests.workers.suites import SUITE, Subscription, subscription
from workers.actors.component_tests import COMPONENT_TESTS
from workers.actors.draft_checks import DRAFT_CHECKS
from workers.actors.review_steps import REVIEW_STEPS
from workers.context import WorkerContext
from workers.leasing.work import LeasedWork
from workflow.building.draft_checks import check_draft
from workflow.component_tests.run_settings import drop_test_settings
from workflow.policy.document import load_policies
from workflow.reviewing.desk import claim_review
from workflow.reviewing.steps import decide_step

_STEPS = "SELECT state, findings FROM review_step WHERE code = 'component_tests' ORDER BY id"
DOWN = says("503 Down", "Later.")
NO_JSON = page(b"oops", "Content-Type: application/json")
EXPIRED = says("401 Unauthorized", "The key has expired.")


@dataclass
class Hook:
    """A subscription of the App `acme`, whose endpoint answers as `answering` says at the time."""

    context: WorkerContext
    people: People
    server: Endpoint
    subscription: Subscription
    answering: Callable[[Received], Behaviour] = good

    @property
    def id(self) -> UUID:
        return self.subscription.id

    def submit(self) -> None:
        """Has the suite make the Component tested, and the App submitted. Commits."""
        tested = self.subscription.run()
        assert tested.run.colour == "green", [one.findings for one in tested.results if one.findings]
        ask(self.context.engine, self.people.partner, "acme", AppTrigger.SUBMIT)
        judge(self.context.engine)
        self.server.received.clear()

    def work(self, steps: LeasedWork = REVIEW_STEPS, *, rounds: int = 1) -> None:
        """Works steps and runs off, as often as there is to wait: none of them holds a lease meanwhile."""
        for _ in range(rounds):
            work_off(self.context, steps)
            assert not values(self.context, f"SELECT id FROM {steps.kind} WHERE leased_until IS NOT NULL")
            work_off(self.subscription.context, COMPONENT_TESTS)
            self.make_due(steps)
            work_off(self.context, steps)
            self.make_due(steps)

    def make_due(self, steps: LeasedWork = REVIEW_STEPS) -> None:
        with self.context.unit_of_work() as session:
            session.execute(text(f"UPDATE {steps.kind} SET due_at = clock_timestamp() WHERE status = 'due'"))

    def found(self) -> tuple[str, list[str]]:
        """Returns the newest step's state and the codes of its findings."""
        state, findings = values(self.context, _STEPS)[-1]
        return state, list(dict.fromkeys(one["code"] for one in findings))

    def approve(self) -> None:
        """Has the reviewer approve the App. Commits."""
        with self.context.unit_of_work() as session:
            review = session.scalars(select(Review.id).where(Review.closed_at.is_(None))).one()
            claim_review(session, review, self.people.reviewer, now_of(session))
        ask(self.context.engine, self.people.reviewer, "acme", AppTrigger.APPROVE)
        judge(self.context.engine)

    def look(self, *, rounds: int = 1) -> None:
        """Has what is public looked at again. Commits."""
        pass_time(self.context, timedelta(days=31))
        run_job(self.context, "request_due_looks")
        judge(self.context.engine)
        self.server.received.clear()
        self.work(rounds=rounds)
        judge(self.context.engine)


@pytest.fixture
def hook(context: WorkerContext, people: People) -> Iterator[Hook]:
    with _hook(context, people) as made:
        yield made


@contextmanager
def _hook(context: WorkerContext, people: People, **settings: Any) -> Iterator[Hook]:
    set_policy(context, review_steps=["component_tests"])
    with Endpoint(lambda got: made.answering(got)).running() as server:
        assert isinstance(server, Endpoint)
        context = replace(context, allow_loopback=True)
        made = Hook(context, people, server, subscription(context, people, server.url("/hook"), **settings))
        yield made


def _valid(behaviour: Behaviour, *types: str) -> Callable[[Received], Behaviour]:
    """Returns an endpoint that answers so to valid messages of these types; all if none are named."""

    def answering(got: Received) -> Behaviour:
        fine = good(got)
        is_valid = got.message is not None and got.key == "acme-test-key"
        return behaviour if is_valid and (not types or got.type in types) else fine

    return answering


@pytest.mark.parametrize(
    ("answering", "state", "codes"),
    [
        pytest.param(good, "passed", [], id="good"),
        pytest.param(_valid(says("501 No"), "track"), "warned", ["answer.unsupported"], id="501"),
        pytest.param(_valid(says("501 No"), "delete"), "failed", ["delete.unsupported"], id="501 to delete"),
        pytest.param(_valid(says("400 Bad"), "group"), "failed", ["answer.malformed"], id="400"),
        pytest.param(_valid(EXPIRED), "failed", ["answer.key"], id="401"),
        pytest.param(lambda _got: says("200 OK"), "warned", ["wrong_key.accepted", "malformed.accepted"], id="any key"),
        pytest.param(_valid(NO_JSON, "page"), "warned", ["answer.not_json"], id="no JSON"),
    ],
)  # fmt: skip
def test_a_review_has_the_suite_run_anew_and_judges_it(
    hook: Hook, answering: Callable[[Received], Behaviour], state: str, codes: list[str]
) -> None:
    hook.submit()
    hook.answering = answering
    hook.work()
    assert hook.found() == (state, codes)
    assert len(hook.server.received) == len(SUITE)
    runs = "SELECT t.scope, t.urgency, r.id IS NOT NULL FROM component_test t JOIN review r ON r.id = t.review_id"
    assert values(hook.context, runs) == [("suite", 0, True)]
    for one in values(hook.context, _STEPS)[-1][1]:
        assert one["where"].startswith(f"components/{hook.id}/"), one
        assert one["detail"].startswith('The subscription "Hook": ')
        assert one["remedy"]
        assert one["evidence"].startswith("test run ")


def test_what_may_pass_is_tested_once_more_before_it_is_a_finding(hook: Hook) -> None:
    hook.submit()
    hook.answering = lambda _got: DOWN
    hook.work()
    assert hook.found() == ("pending", [])
    hook.answering = good
    hook.work()
    assert hook.found() == ("passed", [])
    _rerun(hook)
    hook.answering = lambda _got: DOWN
    hook.work(rounds=2)
    assert hook.found()[0] == "failed"
    assert "answer.down" in hook.found()[1]
    assert len(values(hook.context, "SELECT id FROM component_test WHERE review_id IS NOT NULL")) == 4


def _rerun(hook: Hook) -> None:
    with hook.context.unit_of_work() as session:
        review = session.scalars(select(Review.id)).one()
        now = now_of(session)
        claim_review(session, review, hook.people.reviewer, now)
        decide_step(session, review, "component_tests", trigger=StepTrigger.RERUN, actor=hook.people.reviewer, now=now)


def test_a_run_that_cannot_begin_says_what_to_do_and_begins_when_it_can(hook: Hook) -> None:
    hook.submit()
    with hook.context.unit_of_work() as session:
        drop_test_settings(session, "acme", hook.id, hook.people.partner)
    hook.work()
    assert hook.found() == ("failed", ["test_settings.missing"])
    ((_, (finding,)),) = values(hook.context, _STEPS)
    assert finding["remedy"] == f"Give one first: PUT .../components/{hook.id}/test-settings."
    assert hook.server.received == []


def test_a_key_that_ends_during_the_run_is_said(hook: Hook) -> None:
    hook.submit()
    work_off(hook.context, REVIEW_STEPS)
    with hook.context.unit_of_work() as session:
        drop_test_settings(session, "acme", hook.id, hook.people.partner)
    hook.work()
    assert hook.found() == ("failed", ["test_run.cut_off"])


def test_a_draft_is_tested_as_a_review_would_be_and_an_edit_meanwhile_is_said(hook: Hook) -> None:
    def check() -> tuple[str, list[str]]:
        with Session(hook.context.engine) as session, session.begin():
            now = now_of(session)
            check_draft(session, "acme", hook.people.partner, now, load_policies(session).current)
        work_off(hook.context, DRAFT_CHECKS)
        return _state(hook)

    assert check() == ("pending", [])
    hook.work(DRAFT_CHECKS)
    assert _state(hook) == ("passed", [])
    check()
    hook.subscription.change({"api_key_name": "Token"})
    hook.work(DRAFT_CHECKS)
    assert _state(hook) == ("warned", ["test.changed"])
    assert not values(hook.context, "SELECT id FROM component_test WHERE review_id IS NOT NULL")


def _state(hook: Hook) -> tuple[str, list[str]]:
    query = "SELECT state, findings FROM draft_check ORDER BY run DESC LIMIT 1"
    ((state, findings),) = values(hook.context, query)
    return state, [one["code"] for one in findings]


def test_a_step_that_is_killed_begins_no_run_twice(hook: Hook) -> None:
    class Killed(Exception):
        """Stands for the end of the process."""

    def kill(name: str) -> None:
        if name == "step_done":
            raise Killed

    hook.submit()
    for context in (replace(hook.context, reached=kill), hook.context, hook.context):
        work_off(context, REVIEW_STEPS)
        hook.make_due()
    assert len(values(hook.context, "SELECT id FROM component_test WHERE review_id IS NOT NULL")) == 1
    hook.work()
    assert hook.found() == ("passed", [])
    assert len(hook.server.received) == len(SUITE)


@pytest.mark.parametrize(
    ("answering", "state", "codes", "end"),
    [
        pytest.param(good, "passed", [], "clear", id="good"),
        pytest.param(_valid(EXPIRED), "warned", ["test.key_refused"], "clear", id="401"),
        pytest.param(_valid(says("400 Bad"), "group"), "failed", ["answer.malformed"], "flag", id="400"),
    ],
)
def test_a_look_leaves_out_what_is_no_message_and_takes_a_refused_key_for_a_warning(
    hook: Hook, answering: Callable[[Received], Behaviour], state: str, codes: list[str], end: str
) -> None:
    hook.submit()
    hook.work()
    hook.approve()
    app_id = values(hook.context, "SELECT id FROM app")[0][0]
    hook.answering = answering
    hook.look()
    assert hook.found() == (state, codes)
    assert len(hook.server.received) == len(SUITE) - 1
    assert all(one.message is not None for one in hook.server.received)
    runs = values(hook.context, "SELECT scope, urgency FROM component_test WHERE review_id IS NOT NULL ORDER BY id")
    assert runs == [("suite", 0), ("look", 1)]
    assert log_of(hook.context, app_id)[-1] == end
    assert values(hook.context, "SELECT count(*) FROM component_test WHERE scope = 'suite' AND colour = 'red'") == [
        (0,)
    ]


def test_a_look_is_of_what_is_public_and_needs_no_key_to_clear(hook: Hook) -> None:
    hook.submit()
    hook.work()
    hook.approve()
    hook.subscription.change({"url": "https://elsewhere.test/hook"})
    hook.look()
    assert hook.found() == ("passed", [])
    assert len(hook.server.received) == len(SUITE) - 1
    with hook.context.unit_of_work() as session:
        drop_test_settings(session, "acme", hook.id, hook.people.partner)
    hook.look()
    assert hook.found() == ("warned", ["test_settings.missing"])


def test_a_look_deletes_nobody_but_its_own_user(context: WorkerContext, people: People) -> None:
    everybody = {"delete": {"method": "POST", "path": "/erase", "body": {"all": True}}}
    with _hook(context, people, subkind="function", mapping=everybody) as hook:
        hook.submit()
        hook.work()
        assert "/erase" in {one.path for one in hook.server.received}, "a review plays all of it"
        hook.approve()
        hook.look()
        assert hook.found()[0] == "passed"
        assert {one.path for one in hook.server.received} == {"/hook"}
