"""Bursts: after the suite, at a steady rate, stopped at the first sign of distress, and seldom to one place."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from models import ComponentTest, Organization, Review
from models.component_test import HostUse, RunScope
from models.lifecycle import AppTrigger
from tests.guarded_http.hostile_server import Behaviour, silent
from tests.journeys import PROFILE, People, ask, judge, now_of
from tests.workers.endpoints import Received, good, says
from tests.workers.leased import work_off
from tests.workers.looking import set_policy, values
from tests.workers.reviewed import Hook, reviewed_hook
from tests.workers.suites import SUITE
from workers.actors.component_tests import COMPONENT_TESTS
from workers.actors.review_steps import REVIEW_STEPS
from workers.context import WorkerContext
from workflow.component_tests.used_hosts import BOUNDS, Claim, Claimed, claim_host
from workflow.reviewing.dossier import open_dossier
from workflow.reviewing.steps import wake_steps_of_review, wake_steps_of_run
from workflow.work.bells import Bell

STEP = "volume"
_BURST = """SELECT t.colour, r.facts FROM component_test t JOIN component_test_result r ON r.test_id = t.id
             WHERE t.scope = 'burst'"""
_WAITING = "SELECT code, due_at > clock_timestamp() FROM review_step WHERE status = 'due' ORDER BY code"
_DUE = """SELECT status, due_at > now() + interval '55 minutes', last_error FROM component_test
           WHERE scope = 'burst'"""


@pytest.fixture
def people(builders: People) -> People:
    """The people of a company that builds the App `acme`."""
    return builders


@pytest.fixture
def hook(context: WorkerContext, people: People) -> Iterator[Hook]:
    set_policy(context, burst_per_second=60, burst_seconds=1)
    with reviewed_hook(context, people, STEP) as made:
        yield made


def test_a_burst_is_measured_and_its_user_is_deleted(hook: Hook) -> None:
    hook.submit()
    hook.work()
    assert hook.found(STEP) == ("passed", [])
    types = [one.type for one in hook.server.received]
    assert types == ["track"] * 60 + ["delete"]
    assert len({str((one.message or {})["messageId"]) for one in hook.server.received}) == 61
    assert len({str((one.message or {})["userId"]) for one in hook.server.received}) == 1
    ((colour, facts),) = values(hook.context, _BURST)
    assert (colour, facts["planned"], facts["sent"], facts["success_ratio"]) == ("green", 60, 60, 1.0)
    assert 0 <= facts["p50_ms"] <= facts["p95_ms"] <= facts["p99_ms"]
    assert values(hook.context, "SELECT use, host, address FROM used_host") == [("burst", "127.0.0.1", "127.0.0.1")]
    ((seen,),) = values(hook.context, "SELECT seen FROM review_step")
    assert seen == {"measured": {str(hook.id): facts}}
    with Session(hook.context.engine) as session:
        (run,) = open_dossier(session, session.scalars(select(Review.id)).one(), PROFILE, now_of(session)).runs
    assert (run.component, run.scope, run.status, run.colour, run.results) == (
        "Hook",
        "burst",
        "done",
        "green",
        {"green": 1},
    )
    assert run.measured == facts


def _after(many: int, behaviour: Behaviour) -> Callable[[Received], Behaviour]:
    """Returns an endpoint that is good until it got so many events."""
    got: list[Received] = []

    def answering(one: Received) -> Behaviour:
        got.append(one)
        return good(one) if len(got) <= many else behaviour

    return answering


@pytest.mark.parametrize(
    ("behaviour", "state", "codes"),
    [
        pytest.param(says("503 Down"), "failed", ["volume.stopped"], id="errors"),
        pytest.param(says("429 Slow down"), "warned", ["volume.limited"], id="429"),
        pytest.param(silent, "failed", ["volume.stopped"], id="no answers"),
    ],
)
def test_a_burst_is_stopped_at_the_first_sign_of_distress(
    hook: Hook, behaviour: Behaviour, state: str, codes: list[str]
) -> None:
    set_policy(hook.context, burst_per_second=100, burst_seconds=15)
    hook.submit()
    hook.answering = _after(30, behaviour)
    hook.work()
    assert hook.found(STEP) == (state, codes)
    assert len(hook.server.received) < 300, "of 1500"
    ((_, facts),) = values(hook.context, _BURST)
    assert facts["stopped"]


def test_no_burst_goes_to_an_endpoint_that_did_not_pass_the_suite_of_this_review(hook: Hook) -> None:
    set_policy(hook.context, review_steps=["component_tests", STEP])
    hook.submit()
    hook.answering = lambda got: says("400 Bad") if got.type == "group" else good(got)
    hook.work()
    assert hook.found("component_tests")[0] == "failed"
    assert hook.found(STEP) == ("warned", ["volume.untested"])
    assert len(hook.server.received) == len(SUITE), "the suite alone"


def test_the_end_of_a_run_wakes_the_step_that_waits_and_its_decision_the_burst(hook: Hook) -> None:
    set_policy(hook.context, review_steps=["component_tests", STEP])
    hook.submit()
    work_off(hook.context, REVIEW_STEPS)
    assert values(hook.context, _WAITING) == [("component_tests", True), (STEP, True)]
    rung: list[Bell] = []
    work_off(replace(hook.subscription.context, ring=lambda *bells: rung.extend(bells)), COMPONENT_TESTS)
    assert Bell.STEPS in rung
    with hook.context.unit_of_work() as session:
        session.execute(text("UPDATE review_step SET due_at = now() + interval '1 hour' WHERE code = 'volume'"))
    assert values(hook.context, _WAITING) == [("component_tests", False), (STEP, True)]
    work_off(hook.context, REVIEW_STEPS)
    assert hook.found("component_tests") == ("passed", [])
    work_off(hook.subscription.context, COMPONENT_TESTS)
    assert values(hook.context, _WAITING) == [(STEP, False)]
    work_off(hook.context, REVIEW_STEPS)
    assert hook.found(STEP) == ("passed", [])


def test_a_step_that_rests_before_it_tests_again_is_not_woken(hook: Hook) -> None:
    set_policy(hook.context, review_steps=["component_tests", STEP])
    hook.submit()
    hook.answering = lambda got: says("503 Down") if got.type == "group" else good(got)
    hook.work()
    assert hook.found("component_tests")[0] == "pending"
    with hook.context.unit_of_work() as session:
        session.execute(text("UPDATE review_step SET due_at = now() + interval '1 minute' WHERE status = 'due'"))
        run_id, review_id = session.execute(
            text("SELECT id, review_id FROM component_test WHERE review_id IS NOT NULL")
        ).one()
        wake_steps_of_run(session, run_id)
        wake_steps_of_review(session, review_id)
    assert dict(values(hook.context, _WAITING))["component_tests"] is True


def test_a_burst_goes_only_to_a_host_that_is_the_companys(hook: Hook) -> None:
    hook.submit()
    hook.context = replace(hook.context, allow_loopback=False)
    hook.work()
    assert hook.found(STEP) == ("warned", ["test_run.host"])
    assert hook.server.received == []


def test_a_second_burst_waits_for_the_end_of_the_hour_and_gives_up_in_the_end(hook: Hook) -> None:
    hook.submit()
    _somebody_used(hook, HostUse.BURST, 1)
    hook.work()
    assert hook.found(STEP) == ("pending", [])
    ((status, is_later, error),) = values(hook.context, _DUE)
    assert (status, is_later) == ("due", True)
    assert "127.0.0.1" in error
    with Session(hook.context.engine) as session:
        (run,) = open_dossier(session, session.scalars(select(Review.id)).one(), PROFILE, now_of(session)).runs
        assert run.waits_until is not None
        assert run.waits_until > now_of(session) + timedelta(minutes=55)
    assert run.problem == "bursts to 127.0.0.1 were sent within the hour", "its reviewers read what it waits for"
    with hook.context.unit_of_work() as session:
        session.execute(
            text("""
                UPDATE component_test SET due_at = now(), requested_at = now() - interval '5 hours'
                 WHERE scope = 'burst'
            """)
        )
    hook.work()
    assert hook.found(STEP) == ("warned", ["volume.busy"])
    assert hook.server.received == []


def test_a_burst_that_is_killed_is_not_begun_again(hook: Hook) -> None:
    class Killed(Exception):
        """Stands for the end of the process."""

    def kill(name: str) -> None:
        if name == "burst_claimed":
            raise Killed

    hook.submit()
    started = hook.subscription
    hook.subscription = replace(started, context=replace(started.context, reached=kill, allow_loopback=True))
    with pytest.raises(Killed):
        hook.work()
    assert hook.found(STEP) == ("pending", [])
    hook.subscription = started
    with hook.context.unit_of_work() as session:
        session.execute(text("UPDATE component_test SET due_at = now() WHERE status = 'due'"))
    hook.work()
    assert hook.found(STEP) == ("warned", ["volume.cut_off"])
    assert hook.server.received == []


def test_no_burst_is_sent_for_a_review_that_has_ended(hook: Hook) -> None:
    hook.submit()
    work_off(hook.context, REVIEW_STEPS)
    ask(hook.context.engine, hook.people.partner, "acme", AppTrigger.WITHDRAW)
    judge(hook.context.engine)
    hook.work()
    assert values(hook.context, "SELECT status FROM component_test WHERE scope = 'burst'") == [("void",)]
    assert hook.server.received == []


def test_try_outs_are_bounded_by_the_address_to_which_they_go(hook: Hook) -> None:
    message = {"type": "track", "event": "Mine", "userId": "u1"}
    assert hook.subscription.run(RunScope.TRY_OUT, message=message).run.colour == "green"
    _somebody_used(hook, HostUse.TRY_OUT, BOUNDS[HostUse.TRY_OUT].of_host)
    hook.server.received.clear()
    found = hook.subscription.run(RunScope.TRY_OUT, message=message)
    assert found.run.status == "void"
    assert "Too many try-outs went to 127.0.0.1" in str(found.run.last_error)
    assert hook.server.received == []


def _somebody_used(hook: Hook, use: HostUse, times: int) -> None:
    """Has another company's runs use this address, by another name, a minute ago. Commits."""
    with hook.context.unit_of_work() as session:
        session.execute(
            text("""
                WITH other AS (
                    INSERT INTO organization (id, name, website, domain)
                    VALUES (uuidv7(), 'Other', 'https://other.example', 'other.example') RETURNING id
                ), runs AS (
                    INSERT INTO component_test (id, component_id, component_revision, source, scope, results,
                                                requested_by, due_at, status)
                    SELECT uuidv7(), :component, 1, 'reported', 'event', '[]', :component, now(), 'void'
                      FROM generate_series(1, :times) RETURNING id
                )
                INSERT INTO used_host (run_id, address, use, organization_id, host, used_at)
                SELECT runs.id, '127.0.0.1', :use, other.id, 'hooks.other.example', now() - interval '1 minute'
                  FROM runs, other
            """),
            {"component": hook.id, "times": times, "use": use.value},
        )


def test_of_claims_at_once_one_is_granted(hook: Hook) -> None:
    with hook.context.unit_of_work() as session:
        company = session.scalars(select(Organization.id)).one()
        runs = [_run(session, hook.id) for _ in range(4)]
    claims: list[Claimed] = []
    start = threading.Barrier(len(runs))

    def claim(run_id: UUID) -> None:
        start.wait()
        with hook.context.unit_of_work() as session:
            addresses = ["203.0.113.5", "203.0.113.6"]
            now = now_of(session)
            claims.append(claim_host(session, HostUse.BURST, run_id, company, f"{run_id}.test", addresses, now))

    threads = [threading.Thread(target=claim, args=(run_id,)) for run_id in runs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.claim for one in claims) == [Claim.BUSY, Claim.BUSY, Claim.BUSY, Claim.NEW]
    assert {one.what for one in claims if one.claim is Claim.BUSY} == {"203.0.113.5"}


def test_a_company_has_so_many_bursts_an_hour_wherever_they_go(hook: Hook) -> None:
    bound = BOUNDS[HostUse.BURST]
    with Session(hook.context.engine) as session:
        company = session.scalars(select(Organization.id)).one()
        now = now_of(session)

        def claim(number: int, later: timedelta = timedelta()) -> Claimed:
            run, host = _run(session, hook.id), f"h{number}.test"
            return claim_host(session, HostUse.BURST, run, company, host, [f"203.0.113.{number}"], now + later)

        assert [claim(number).claim for number in range(bound.of_company)] == [Claim.NEW] * bound.of_company
        refused = claim(99)
        assert (refused.claim, refused.what, refused.until) == (Claim.BUSY, "the company's hosts", now + bound.within)
        assert claim(99, bound.within).claim is Claim.NEW


def _run(session: Session, component_id: UUID) -> UUID:
    about: dict[str, Any] = {"component_id": component_id, "component_revision": 1, "requested_by": component_id}
    run = ComponentTest(source="service", scope="burst", results=[], due_at=now_of(session), status="void", **about)
    session.add(run)
    session.flush()
    return run.id


def test_a_burst_in_a_worker_ends_by_the_deadlines_of_its_sockets(hook: Hook) -> None:
    hook.submit()
    hook.work()
    assert work_off(hook.subscription.context, COMPONENT_TESTS) == 0
    assert hook.found(STEP)[0] == "passed"
    assert not [one for one in threading.enumerate() if one.name.startswith("burst")]
