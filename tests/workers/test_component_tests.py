"""The step that has the Components' tests run again: in reviews, on drafts and in looks, and what it makes of them."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Review
from models.lifecycle import StepTrigger
from tests.guarded_http.hostile_server import Behaviour, page
from tests.journeys import People, now_of
from tests.workers.endpoints import Received, good, says
from tests.workers.leased import work_off
from tests.workers.looking import log_of, values
from tests.workers.reviewed import Hook, reviewed_hook, valid_ones
from tests.workers.suites import SUITE
from workers.actors.draft_checks import DRAFT_CHECKS
from workers.actors.review_steps import REVIEW_STEPS
from workers.context import WorkerContext
from workflow.building.draft_checks import check_draft
from workflow.component_tests.run_settings import drop_test_settings
from workflow.policy.document import load_policies
from workflow.reviewing.desk import claim_review
from workflow.reviewing.steps import decide_step

STEP = "component_tests"
_STEPS = "SELECT state, findings FROM review_step WHERE code = 'component_tests' ORDER BY id"
DOWN = says("503 Down", "Later.")
NO_JSON = page(b"oops", "Content-Type: application/json")
EXPIRED = says("401 Unauthorized", "The key has expired.")


@pytest.fixture
def people(builders: People) -> People:
    """The people of a company that builds the App `acme`."""
    return builders


@pytest.fixture
def hook(context: WorkerContext, people: People) -> Iterator[Hook]:
    with reviewed_hook(context, people, STEP) as made:
        yield made


@pytest.mark.parametrize(
    ("answering", "state", "codes"),
    [
        pytest.param(good, "passed", [], id="good"),
        pytest.param(valid_ones(says("501 No"), "track"), "warned", ["answer.unsupported"], id="501"),
        pytest.param(valid_ones(says("501 No"), "delete"), "failed", ["delete.unsupported"], id="501 to delete"),
        pytest.param(valid_ones(says("400 Bad"), "group"), "failed", ["answer.malformed"], id="400"),
        pytest.param(valid_ones(EXPIRED), "failed", ["answer.key"], id="401"),
        pytest.param(lambda _got: says("200 OK"), "warned", ["wrong_key.accepted", "malformed.accepted"], id="any key"),
        pytest.param(valid_ones(NO_JSON, "page"), "warned", ["answer.not_json"], id="no JSON"),
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
    with pytest.raises(Killed):
        work_off(replace(hook.context, reached=kill), REVIEW_STEPS)
    for _ in range(2):
        hook.make_due()
        work_off(hook.context, REVIEW_STEPS)
    hook.make_due()
    assert len(values(hook.context, "SELECT id FROM component_test WHERE review_id IS NOT NULL")) == 1
    hook.work()
    assert hook.found() == ("passed", [])
    assert len(hook.server.received) == len(SUITE)


@pytest.mark.parametrize(
    ("answering", "state", "codes", "end"),
    [
        pytest.param(good, "passed", [], "clear", id="good"),
        pytest.param(valid_ones(EXPIRED), "warned", ["test.key_refused"], "clear", id="401"),
        pytest.param(valid_ones(says("400 Bad"), "group"), "failed", ["answer.malformed"], "flag", id="400"),
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
    with reviewed_hook(context, people, STEP, subkind="function", mapping=everybody) as hook:
        hook.submit()
        hook.work()
        assert "/erase" in {one.path for one in hook.server.received}, "a review plays all of it"
        hook.approve()
        hook.look()
        assert hook.found()[0] == "passed"
        assert {one.path for one in hook.server.received} == {"/hook"}
