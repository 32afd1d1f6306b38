"""How looks are spread, how they end, and that their jobs read only what is due."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine
from sqlalchemy.orm import Session

from benchmarks.filling import fill, put, settle
from models.lifecycle import AppTrigger, StepState
from tests.databases import TestDatabase
from tests.journeys import now_of, writer_of
from tests.plans import TESTED_COMPONENTS, watched
from tests.workflow.lifecycle.test_rule_meanings import POLICY, REVIEW
from workflow.lifecycle.looks import HEADROOM, MIN_LOOKS, end_decided_looks, looks_per_run, request_due_looks
from workflow.lifecycle.review_facts import StepFacts
from workflow.reviewing.grace import send_grace_notices
from workflow.reviewing.health import ask_for_people

MINUTE = timedelta(minutes=1)
APPS, OPEN, DUE = 5_000, 40, 5


@given(st.integers(0, 2_000_000), st.integers(1, 1000))
def test_looks_that_are_all_due_at_once_are_spread_over_most_of_the_time_between_two(apps: int, days: int) -> None:
    interval = timedelta(days=days)
    each = looks_per_run(apps, interval=interval, every=MINUTE)
    runs = interval / MINUTE
    assert each >= MIN_LOOKS
    assert each * runs >= apps, "all are looked at within one interval"
    assert each <= MIN_LOOKS or (each - 1) * runs < apps * HEADROOM, "and not much faster"


STATES = st.sampled_from([state for state in StepState if state is not StepState.CANCELLED])
SOME_STEPS = st.lists(st.tuples(st.sampled_from("abc"), STATES, st.booleans()), unique_by=lambda one: one[0])


@given(SOME_STEPS, st.frozensets(st.sampled_from("abc")))
def test_a_look_ends_once_all_its_steps_are_decided_and_flags_only_what_counts(
    steps: list[tuple[str, StepState, bool]], not_counted: frozenset[str]
) -> None:
    review = replace(
        REVIEW,
        policy=replace(POLICY, observed=not_counted),
        steps=tuple(StepFacts(code, state, observed) for code, state, observed in steps),
    )
    if any(state is StepState.PENDING for _, state, _ in steps):
        assert review.end_of_look is None
        return
    wrong = [code for code, state, observed in steps if state is StepState.FAILED and not observed]
    assert review.end_of_look is (AppTrigger.FLAG if set(wrong) - not_counted else AppTrigger.CLEAR)


@pytest.fixture
def filled(database: TestDatabase) -> Iterator[Engine]:
    """A database with thousands of Apps, all due for a look, some looks under way, and some grace periods."""
    superuser = create_engine(database.superuser_url)
    fill(superuser, 1, APPS, apps_a_company=1)
    put(
        superuser,
        _POLICY,
        "UPDATE app SET looked_at = now() - interval '31 days'",
        _LOOKS,
        *_OPEN,
        _PASSED,
        _DEAD,
        _GRACE,
        *TESTED_COMPONENTS,
    )
    settle(superuser)
    put(superuser, _REQUESTS)
    yield superuser
    superuser.dispose()


@pytest.mark.usefixtures("filled")
def test_the_jobs_of_looks_read_only_what_is_due(engine: Engine) -> None:
    indexes = set[str]()

    def seen_by(work: Callable[[Session], int], least: int) -> None:
        with Session(engine) as session:
            with watched(engine) as seen:
                assert work(session) >= least
            session.rollback()
        assert seen.read_through == []
        assert seen.compared == []
        indexes.update(seen.indexes)

    def request(session: Session) -> int:
        @contextmanager
        def same() -> Iterator[Session]:
            yield session

        return request_due_looks(same, now_of(session), lambda: None, every=MINUTE)

    def end(session: Session) -> int:
        writer = writer_of(session)
        return end_decided_looks(session, writer.policies, writer.rulebook)

    seen_by(request, 5)
    seen_by(end, OPEN // 2)
    seen_by(lambda session: ask_for_people(session, writer_of(session).policies.current, now_of(session)), 1)
    seen_by(lambda session: send_grace_notices(session, now_of(session)), DUE)
    assert {"app_looked_at_idx", "review_looking_idx", "grace_period_notice_idx", "grace_period_look_idx"} <= indexes


_POLICY = """
    INSERT INTO policy_version (version, document, note, published_by)
    SELECT version + 1, document || '{"health_days": 1}', 'test', published_by
      FROM policy_version ORDER BY version DESC LIMIT 1
"""
_LOOKS = f"""
    INSERT INTO review (id, submission_id, app_id, kind, opened_version, subject, policy_version, opened_by,
                        needs_person, opened_at, due_at, due_soon_at)
    SELECT uuidv7(), s.id, s.app_id, 'health', 4, 2, 1, s.submitted_by, false, now(), now(), now()
      FROM submission s JOIN app a ON a.id = s.app_id WHERE CAST(substr(a.slug, 5) AS integer) <= {OPEN}
"""
_OPEN = f"""
    UPDATE app SET open_kind = 'health', open_review = 4, version = 4
     WHERE CAST(substr(slug, 5) AS integer) <= {OPEN}
""", """
    INSERT INTO transition (app_id, version, from_state, trigger, to_state, actor_id, actor_role, policy_version,
                            request_id, at, hash, from_open_kind, open_kind, from_open_review, open_review,
                            from_published, published, opens, subject)
    SELECT id, 4, 'public_beta', 'recheck', 'public_beta', created_by, 'schedule', 1, uuidv7(), now(), sha256(''),
           'none', 'health', 0, 4, 2, 2, 4, 2
      FROM app WHERE version = 4
""", """
    INSERT INTO review_step (id, review_id, code, status, due_at)
    SELECT uuidv7(), id, 'partner_documentation', 'due', now() FROM review WHERE kind = 'health'
"""  # fmt: skip
_PASSED = f"""
    UPDATE review_step SET state = 'passed', status = 'done', decided_at = now()
     WHERE id IN (SELECT id FROM review_step WHERE state = 'pending' ORDER BY id LIMIT {OPEN // 2})
"""
_DEAD = """
    UPDATE review_step SET status = 'dead' WHERE id = (SELECT id FROM review_step WHERE state = 'pending' LIMIT 1)
"""
_GRACE = f"""
    INSERT INTO grace_period (app_id, version, review_id, flagged_at, days, notice_due_at, look_due_at, ended_at)
    SELECT a.id, 3, r.id, now(), 14,
           CASE WHEN CAST(substr(a.slug, 5) AS integer) <= {DUE} THEN now() ELSE now() + interval '1 day' END, now(),
           CASE WHEN CAST(substr(a.slug, 5) AS integer) > 200 THEN now() END
      FROM app a JOIN review r ON r.app_id = a.id AND r.kind = 'first'
"""
_REQUESTS = """
    INSERT INTO transition_request (id, app_id, trigger, source, principal_id, role, body_hash, status, finished_at,
                                    last_error)
    SELECT uuidv7(), a.id, 'recheck', 'schedule', a.created_by, 'schedule', sha256(''), 'dead', now(), 'broke'
      FROM app a WHERE a.open_kind = 'none' ORDER BY a.id LIMIT 500
"""
